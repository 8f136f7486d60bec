//! The stand-in against the recordings of the real operator: the steps of each scenario are done to
//! objects in virtual time, and what a client sees is compared with what was recorded.
//!
//! Compared are lifecycle state, reconciliation state, job state, JobManager state, whether the
//! generation was observed, and the class of the error; and the reasons and messages of the events.
//! All in order, without repetitions. Left out is what differs between two runs of the real operator:
//! - durations;
//! - the mount errors of healthy starts (`FailedMount`), which count as `DEPLOYING` without an error;
//! - the moments in which a job that starts is `INITIALIZING` or `CREATED`;
//! - how often a crashing pod goes back and forth between two restarts.
//!
//! The recordings are data beside the checkout (`FLINK_RECORDINGS`, or `../../shared/recordings`).
//! Without them this test says so and passes.

#![expect(clippy::unwrap_used, reason = "recordings that cannot be read fail the test")]

use std::fs;
use std::path::{Path, PathBuf};

use acceptance_tests::stand_in::rehearsal::{Rehearsal, Sight};
use serde_json::{Map, Value};

/// Each scenario, the objects in it that are compared, and until when (in seconds).
const SCENARIOS: &[(&str, &[&str], f64)] = &[
    ("app-create", &["app"], f64::MAX),
    ("app-savepoint-upgrade", &["app"], f64::MAX),
    ("app-last-state", &["app"], f64::MAX),
    ("app-suspended-first", &["app"], 43.7),
    (
        "app-rejected-create",
        &[
            "no-version",
            "no-dirs",
            "zero",
            "no-sa",
            "a-name-that-is-much-longer-than-forty-five-chars",
            "suspended",
        ],
        f64::MAX,
    ),
    ("app-rejected-update", &["app"], f64::MAX),
    ("app-image-pull-failure", &["never", "pull"], f64::MAX),
    ("app-bad-entry-class", &["app"], f64::MAX),
    // Afterwards it is about an account without rights, which the stand-in does not know.
    ("app-no-service-account", &["app"], 30.6),
    ("app-unschedulable", &["app", "again"], f64::MAX),
    ("app-job-fails-at-runtime", &["app"], f64::MAX),
    ("session-native", &["cluster"], f64::MAX),
    ("standalone-app", &["app"], f64::MAX),
    ("standalone-session", &["cluster"], f64::MAX),
    ("batch-finished", &["app", "cluster"], f64::MAX),
    ("rollback", &["app"], f64::MAX),
    ("operator-down", &["app", "short-lived"], f64::MAX),
    ("delete-savepoint-blocked", &["app"], f64::MAX),
    ("snapshot-legacy", &["app"], f64::MAX),
    ("autoscaler-enabled", &["app"], f64::MAX),
];

/// Scenarios that are not replayed, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[
    (
        "delete-session-cluster-unmanaged-job",
        "the jobs of a session cluster are not simulated",
    ),
    ("namespace-deleted", "about session jobs and snapshots"),
    ("session-job-lifecycle", "about session jobs"),
    ("session-job-moved", "about session jobs"),
    ("session-job-without-cluster", "about session jobs"),
    ("snapshot", "about snapshots"),
    ("snapshot-undeletable", "about snapshots"),
];

fn recordings() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recordings");
    let folder = std::env::var_os("FLINK_RECORDINGS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

#[test]
fn the_stand_in_tells_the_recorded_stories() {
    let Some(folder) = recordings() else {
        eprintln!("Skipped: there are no recordings of the operator beside this checkout (FLINK_RECORDINGS).");
        return;
    };
    let mut differences = Vec::new();
    for (scenario, names, until) in SCENARIOS {
        let played = play(&folder.join(scenario), *until);
        for name in *names {
            let expected = story(&recorded(&folder.join(scenario), name, *until));
            assert!(!expected.is_empty(), "{scenario}: nothing was recorded of {name}");
            let found = story(&played.sights(name));
            if expected != found {
                differences.push(format!("{scenario}/{name}\n{}", side_by_side(&expected, &found)));
            }
            let expected = recorded_events(&folder.join(scenario), name, *until);
            let found = told(played.events(name));
            if expected != found {
                differences.push(format!(
                    "{scenario}/{name}, events\n{}",
                    side_by_side(&expected, &found)
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_recording_is_replayed_or_says_why_not() {
    let Some(folder) = recordings() else { return };
    for entry in fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_dir())
    {
        let name = entry.file_name().into_string().unwrap();
        let replayed = SCENARIOS.iter().any(|(scenario, _, _)| *scenario == name);
        let excused = NOT_REPLAYED.iter().any(|(scenario, _)| *scenario == name);
        assert!(replayed != excused, "{name}");
    }
}

/// Does the steps of a scenario, and lets time pass in between.
fn play(folder: &Path, until: f64) -> Rehearsal {
    let text = fs::read_to_string(folder.join("scenario.yaml")).unwrap();
    let scenario: Value = serde_saphyr::from_str(&text).unwrap();
    let mut rehearsal = Rehearsal::default();
    for step in scenario["steps"].as_array().unwrap() {
        let time = step["t"].as_f64().unwrap();
        if time > until {
            break;
        }
        rehearsal.pass((time - rehearsal.seconds()).max(0.0));
        perform(&mut rehearsal, step);
    }
    let end = recorded_end(folder).min(until);
    rehearsal.pass((end - rehearsal.seconds()).max(0.0) + if until == f64::MAX { 10.0 } else { 0.0 });
    rehearsal
}

fn perform(rehearsal: &mut Rehearsal, step: &Value) {
    let name = step["name"].as_str().unwrap_or_default();
    let accepted = step["result"]["http"].as_u64().is_some_and(|code| code < 300);
    let spec = &step["manifest"]["spec"];
    match (
        step["kind"].as_str().unwrap_or_default(),
        step["action"].as_str().unwrap_or_default(),
    ) {
        ("FlinkDeployment", "create" | "apply") if accepted && step["result"]["http"] == 201 => {
            rehearsal.create(name, spec.clone());
        }
        ("FlinkDeployment", "apply" | "patch") if accepted => {
            let no_change = Value::Object(Map::new());
            rehearsal.patch(name, if spec.is_null() { &no_change } else { spec });
        }
        ("FlinkDeployment", "delete") if accepted => rehearsal.delete(name),
        ("Pod", "delete") if name.contains("-taskmanager-") => {
            rehearsal.kill_task_manager(name.split("-taskmanager-").next().unwrap_or_default());
        }
        ("Pod", "delete") if !name.contains('/') => {
            rehearsal.kill_job_manager(name.split('-').next().unwrap_or_default());
        }
        ("Deployment", "patch") if name.ends_with("/flink-kubernetes-operator") => {
            rehearsal.operator_down(spec["replicas"] == 0);
        }
        _ => {}
    }
}

/// What was recorded of one object.
fn recorded(folder: &Path, name: &str, until: f64) -> Vec<Sight> {
    let mut sights = Vec::new();
    for event in events(folder) {
        let object = &event["object"];
        let ours = object["kind"] == "FlinkDeployment" && object["metadata"]["name"] == name;
        if !ours || event["t"].as_f64().unwrap() > until {
            continue;
        }
        if event["type"] == "DELETED" {
            sights.push(Sight::gone());
            continue;
        }
        let mut sight = Sight::of(object);
        // A mount error of a healthy start.
        if object["status"]["error"]
            .as_str()
            .is_some_and(|error| error.contains("FailedMount"))
        {
            sight.error = String::new();
            if sight.job_manager == "ERROR" {
                sight.job_manager = "DEPLOYING".to_owned();
            }
        }
        sights.push(sight);
    }
    sights
}

/// The recorded events about one object.
fn recorded_events(folder: &Path, name: &str, until: f64) -> Vec<String> {
    let recorded = events(folder)
        .into_iter()
        .filter(|event| event["t"].as_f64().unwrap() <= until);
    let about = recorded.map(|event| event["object"].clone()).filter(|object| {
        let target = &object["involvedObject"];
        object["kind"] == "Event" && target["kind"] == "FlinkDeployment" && target["name"] == name
    });
    told(about.map(|object| (text(&object["reason"]), text(&object["message"]))))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Events without what two runs of the real operator differ in. The words of exceptions and of
/// Kubernetes are not compared, those of the operator are.
fn told(events: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (reason, message) in events {
        let line = match reason.as_str() {
            // The operator's own two writes of one status sometimes collide.
            "Error" if message.starts_with("Status have been modified externally") => continue,
            "FailedMount" | "CrashLoopBackOff" | "ErrImagePull" | "ImagePullBackOff" => continue,
            "JobStatusChanged" => match message.rsplit(' ').next() {
                Some("CREATED" | "INITIALIZING") => continue,
                state => format!("JobStatusChanged to {}", state.unwrap_or_default()),
            },
            "Error" | "JobException" | "FailedCreate" => reason,
            _ => format!("{reason}: {message}"),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

fn recorded_end(folder: &Path) -> f64 {
    events(folder)
        .iter()
        .filter_map(|event| event["t"].as_f64())
        .fold(0.0, f64::max)
}

fn events(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The sights without what two runs of the real operator differ in.
fn story(sights: &[Sight]) -> Vec<String> {
    let crashing =
        |sight: &&Sight| sight.error == "DeploymentFailedException" && sight.job_manager.starts_with("DEPLOY");
    let starting = |sight: &&Sight| matches!(sight.job.as_str(), "INITIALIZING" | "CREATED");
    let mut story: Vec<String> = Vec::new();
    for line in sights
        .iter()
        .filter(|sight| !crashing(sight) && !starting(sight))
        .map(line)
    {
        if story.last() != Some(&line) {
            story.push(line);
        }
    }
    story
}

fn line(sight: &Sight) -> String {
    if sight.gone {
        return "gone".to_owned();
    }
    let observed = if sight.observed { "observed" } else { "behind" };
    let word = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    [
        &sight.lifecycle,
        &sight.reconciliation,
        &sight.job,
        &sight.job_manager,
        observed,
        &sight.error,
    ]
    .map(word)
    .join(" ")
}

fn side_by_side(expected: &[String], found: &[String]) -> String {
    let mut text = String::new();
    for index in 0..expected.len().max(found.len()) {
        let [expected, found] = [expected, found].map(|lines| lines.get(index).map_or("", String::as_str));
        let mark = if expected == found { ' ' } else { '!' };
        text.push_str(&format!("{mark} {expected:<75} {found}\n"));
    }
    text
}
