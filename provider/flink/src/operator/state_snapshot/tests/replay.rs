//! Replays recordings of a real operator: the wait for each snapshot must end when, and only when, the recording shows
//! the end; and a job counts as one that can be asked exactly while the operator would ask it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::operator::FlinkDeployment;
use crate::operator::state_snapshot::target::can_be_asked;
use crate::operator::state_snapshot::{FlinkStateSnapshot, progress};
use crate::wait::Progress;

fn events(scenario: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../acceptance-tests/recordings");
    let text = std::fs::read_to_string(folder.join(scenario).join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the wait for each snapshot came to: when, and what was said; without an end, what was said last.
fn waits(scenario: &str) -> BTreeMap<String, String> {
    let mut outcomes: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for event in events(scenario) {
        let object = &event["object"];
        if object["kind"] != "FlinkStateSnapshot" || event["type"] == "DELETED" {
            continue;
        }
        let snapshot: FlinkStateSnapshot = serde_json::from_value(object.clone()).unwrap();
        if snapshot.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let at = event["t"].as_f64().unwrap();
        let outcome = outcomes.entry(snapshot.metadata.name.clone().unwrap()).or_default();
        if outcome.0 {
            continue;
        }
        *outcome = match progress(&snapshot) {
            Progress::Ready => (
                true,
                format!("ready at {at}: {}", snapshot.location().unwrap_or_default()),
            ),
            Progress::Failed(why) => (true, format!("failed at {at}: {why}")),
            Progress::Failing { why, .. } | Progress::Waiting(why) | Progress::Settling { why, .. } => (false, why),
        };
    }
    outcomes.into_iter().map(|(name, (_, said))| (name, said)).collect()
}

fn check(scenario: &str, expected: &[(&str, &str)]) {
    let waits = waits(scenario);
    let names: Vec<&str> = waits.keys().map(String::as_str).collect();
    let told: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, told, "{scenario}");
    for (name, words) in expected {
        assert!(waits[*name].starts_with(words), "{scenario} {name}: {}", waits[*name]);
    }
}

#[test]
fn each_snapshot_of_the_recordings() {
    let io = "An Exception occurred while triggering the checkpoint. IO-problem detected.";
    check(
        "snapshot",
        &[
            ("bad-path", &format!("failed at 60.04: it could not be taken: {io}")),
            (
                "bad-path-retry",
                &format!("failed at 75.11: it could not be taken: {io}"),
            ),
            ("both", "ready at 88.74: file:/flink-data/savepoints/savepoint-"),
            ("check", "ready at 54.47: file:/flink-data/checkpoints/"),
            ("exists", "ready at 54.87: file:///flink-data/anything"),
            ("neither", "the operator has taken it up, but reports nothing"),
            (
                "no-target",
                "failed at 10.56: the operator has abandoned it, because the job did not run at that moment: Secondary \
                 resource app (FlinkDeployment) for savepoint no-target is not running",
            ),
            ("orphan", "ready at 131.37: file:/flink-data/savepoints/savepoint-"),
            ("plain", "ready at 43.82: file:/flink-data/savepoints/savepoint-"),
            ("to-path", "ready at 48.99: file:/flink-data/elsewhere/savepoint-"),
            ("too-early", "failed at 15.72: the operator has abandoned it"),
        ],
    );
    check(
        "snapshot-undeletable",
        &[
            ("exists", "ready at"),
            ("no-target", "the operator has taken it up, but reports nothing"),
        ],
    );
    // Where snapshots are no objects, there are none to wait for.
    check("snapshot-legacy", &[]);
}

/// From when to when the job of a recording can be asked for a snapshot.
fn askable(scenario: &str, name: &str) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    let mut since = None;
    for event in events(scenario) {
        let object = &event["object"];
        if object["kind"] != "FlinkDeployment" || object["metadata"]["name"] != name {
            continue;
        }
        let at = event["t"].as_f64().unwrap();
        let deployment: FlinkDeployment = serde_json::from_value(object.clone()).unwrap();
        let ready = event["type"] != "DELETED" && can_be_asked(&deployment) == Progress::Ready;
        match (since, ready) {
            (None, true) => since = Some(at),
            (Some(begun), false) => {
                spans.push((begun, at));
                since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    spans.extend(since.map(|begun| (begun, f64::INFINITY)));
    spans
}

#[test]
fn a_job_is_asked_while_it_runs() {
    let during = |scenario: &str, at: f64| {
        askable(scenario, "app")
            .iter()
            .any(|(from, to)| (*from..*to).contains(&at))
    };
    // What the operator abandoned would not have been asked for; what it took, would.
    for (at, asked) in [
        (0.0, false),
        (11.03, false),
        (37.82, true),
        (54.7, true),
        (126.1, true),
        (139.1, false),
    ] {
        assert_eq!(during("snapshot", at), asked, "snapshot at {at}");
    }
    // A savepoint and a checkpoint that a nonce asked for were taken while the job could be asked.
    let mut taken = 0;
    for event in events("snapshot-legacy") {
        let info = &event["object"]["status"]["jobStatus"];
        let triggered = ["savepointInfo", "checkpointInfo"]
            .iter()
            .any(|info_of| info[info_of]["triggerId"].is_string());
        if triggered {
            let at = event["t"].as_f64().unwrap();
            assert!(during("snapshot-legacy", at), "snapshot-legacy at {at}");
            taken += 1;
        }
    }
    assert!(taken >= 2, "{taken}");
}
