//! The stand-in against the recordings of the real operator: the steps of each scenario are done to
//! objects in virtual time, and what a client sees is compared with what was recorded (`recording::story`
//! says what that is).
//!
//! The recordings are data beside the checkout (`FLINK_RECORDINGS`, or `../../shared/recordings`).
//! Without them this test says so and passes.

use std::fs;
use std::path::{Path, PathBuf};

use acceptance_tests::recording::story::Story;
use acceptance_tests::recording::{Action, Recording, Step};
use acceptance_tests::stand_in::rehearsal::Rehearsal;
use serde_json::json;

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
        let recording = Recording::read(&folder.join(scenario)).unwrap();
        let played = play(&recording, *until);
        for name in *names {
            let expected = Story::recorded(&recording, name, *until);
            assert!(!expected.is_empty(), "{scenario}: nothing was recorded of {name}");
            let found = Story::new(&played.sights(name), played.events(name));
            if let Some(difference) = expected.differences(&found) {
                differences.push(format!("{scenario}/{name}, {difference}"));
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
fn play(recording: &Recording, until: f64) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    for step in recording.scenario.steps.iter().take_while(|step| step.t <= until) {
        rehearsal.pass((step.t - rehearsal.seconds()).max(0.0));
        perform(&mut rehearsal, step);
    }
    let end = recording.end().min(until);
    rehearsal.pass((end - rehearsal.seconds()).max(0.0) + if until == f64::MAX { 10.0 } else { 0.0 });
    rehearsal
}

fn perform(rehearsal: &mut Rehearsal, step: &Step) {
    let name = step.name.as_str();
    let Some(result) = step.result.as_ref().filter(|result| result.is_accepted()) else {
        return;
    };
    let spec = step.manifest.as_ref().and_then(|manifest| manifest.get("spec"));
    let spec = spec.cloned().unwrap_or_else(|| json!({}));
    match (step.kind.as_str(), step.action) {
        ("FlinkDeployment", Action::Create | Action::Apply) if result.http == 201 => rehearsal.create(name, spec),
        ("FlinkDeployment", Action::Apply | Action::Patch) => rehearsal.patch(name, &spec),
        ("FlinkDeployment", Action::Delete) => rehearsal.delete(name),
        ("Pod", Action::Delete) if name.contains("-taskmanager-") => {
            rehearsal.kill_task_manager(name.split("-taskmanager-").next().unwrap_or_default());
        }
        ("Pod", Action::Delete) if !name.contains('/') => {
            rehearsal.kill_job_manager(name.split('-').next().unwrap_or_default());
        }
        ("Deployment", Action::Patch) if name.ends_with("/flink-kubernetes-operator") => {
            rehearsal.operator_down(spec["replicas"] == 0);
        }
        _ => {}
    }
}
