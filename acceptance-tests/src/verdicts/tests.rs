//! The recordings of a real operator: a wait that starts with each change of a specification must end when, and only when,
//! the recording shows the end.

use std::path::{Path, PathBuf};

use super::*;

fn recordings() -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let name = |folder: &Path| folder.file_name().unwrap().to_string_lossy().into_owned();
    folders
        .iter()
        .map(|folder| (name(folder), Recording::read(folder).unwrap()))
        .collect()
}

#[test]
fn never_failed_where_it_gets_well_and_ready_at_the_first_moment_that_it_is() {
    let mut met = 0;
    for (name, recording) in recordings() {
        for wait in replay(&recording).unwrap().waits {
            let what = format!("{name} {wait:?}");
            match (&wait.outcome, wait.healthy) {
                _ if HEALED.contains(&(name.as_str(), wait.name.as_str())) => {}
                (Outcome::Ready(second), Some(healthy)) => {
                    let late = LATE
                        .iter()
                        .find(|(scenario, object, _)| *scenario == name && wait.is_named(object));
                    let at = late.map_or(healthy, |(_, _, at)| *at);
                    assert!((second - at).abs() < 0.011, "{what}: not at the first moment");
                }
                // Only what is suspended is ready without running.
                (Outcome::Ready(_), None) => assert!(wait.suspends, "{what}: never healthy"),
                (Outcome::Failed(..) | Outcome::Open(_), Some(_)) => panic!("{what}: it was healthy"),
                (Outcome::Failed(..) | Outcome::Open(_), None) => {}
            }
            if let Some(expected) = wait.expected(&name) {
                check(&what, &wait.outcome, expected);
                met += 1;
            }
        }
    }
    assert_eq!(met, EXPECTED.len(), "every row is about a change that was recorded");
}

/// What is read of the verdicts over time: every line belongs to a step, and each object's lines differ from one to the next.
#[test]
fn verdicts_over_time() {
    for (name, recording) in recordings() {
        let lines = replay(&recording).unwrap().lines;
        assert!(!lines.is_empty(), "{name}");
        for line in &lines {
            let by_operator = line.object.starts_with("FlinkStateSnapshot ");
            assert!(line.step.is_some() || by_operator, "{name} {line:?}");
        }
    }
    let image = &recordings()[2];
    assert_eq!(image.0, "app-image-pull-failure");
    let lines = replay(&image.1).unwrap().lines;
    let said: Vec<_> = lines
        .iter()
        .filter(|line| line.object == "FlinkDeployment never")
        .collect();
    let last = said.iter().rev().find(|line| line.verdict == Word::Waiting).unwrap();
    assert!(last.reason.contains("ErrImageNeverPull"), "{}", last.reason);
    assert!(last.reason.contains("decided at second"), "{}", last.reason);
}

impl Waited {
    /// Whether it is the wait of an object: by its name, or by name and the beginning of its uid.
    fn is_named(&self, object: &str) -> bool {
        object == self.name || object == format!("{}/{}", self.name, &self.uid[..4])
    }

    fn expected(&self, scenario: &str) -> Option<Expected> {
        let row = EXPECTED.iter().find(|(name, object, generation, _)| {
            *name == scenario
                && self.is_named(object)
                && *generation == self.generation
                && self.kind != "FlinkStateSnapshot"
        });
        row.map(|(_, _, _, expected)| *expected)
    }
}

/// Where "ready" comes later than the first healthy look, and why.
const LATE: &[(&str, &str, f64)] = &[];

/// What nobody could wait for: the operator was started anew with another configuration.
const HEALED: &[(&str, &str)] = &[("session-native", "rejected-scheme")];

/// What a change must come to, where a person has read it off the recording.
#[derive(Clone, Copy)]
enum Expected {
    Ready(f64),
    Failed(&'static str),
    /// Still waiting, for a reason with these words in it.
    Open(&'static str),
}

fn check(what: &str, outcome: &Outcome, expected: Expected) {
    let fits = match (expected, outcome) {
        (Expected::Ready(second), Outcome::Ready(found)) => (second - found).abs() < 0.011,
        (Expected::Failed(words), Outcome::Failed(_, why)) | (Expected::Open(words), Outcome::Open(why)) => {
            why.contains(words)
        }
        _ => false,
    };
    assert!(fits, "{what}");
}

use Expected::{Failed, Open, Ready};

/// The second at which a person would call it ready, or what is to be said instead.
const EXPECTED: &[(&str, &str, i64, Expected)] = &[
    ("app-create", "app", 1, Ready(26.5)),
    ("app-create", "app", 2, Ready(48.56)),
    ("app-create", "app", 3, Ready(92.78)),
    ("app-savepoint-upgrade", "app", 1, Ready(18.38)),
    ("app-savepoint-upgrade", "app", 2, Ready(61.97)),
    ("app-savepoint-upgrade", "app", 3, Ready(71.29)),
    ("app-savepoint-upgrade", "app", 4, Ready(117.27)),
    ("app-savepoint-upgrade", "app", 5, Ready(128.64)),
    ("app-savepoint-upgrade", "app", 6, Ready(169.2)),
    ("app-last-state", "app", 1, Ready(27.36)),
    ("app-last-state", "app", 2, Ready(76.31)),
    ("app-last-state", "app", 4, Ready(163.83)),
    ("app-last-state", "app", 5, Ready(205.97)),
    ("app-rejected-create", "no-dirs", 1, Failed("Checkpoint directory")),
    (
        "app-rejected-create",
        "zero",
        1,
        Failed("Job parallelism must be larger than 0"),
    ),
    (
        "app-rejected-create",
        "no-sa",
        1,
        Failed("spec.serviceAccount must be defined"),
    ),
    (
        "app-rejected-create",
        "no-version",
        1,
        Open("may not support this Flink version"),
    ),
    ("app-rejected-create", "no-version", 2, Ready(47.63)),
    ("app-rejected-create", "no-dirs", 2, Ready(70.95)),
    ("app-rejected-create", "zero", 2, Ready(89.94)),
    ("app-rejected-update", "app", 2, Failed("Forbidden Flink config key")),
    ("app-rejected-update", "app", 3, Ready(39.99)),
    ("app-rejected-update", "app", 4, Failed("Cannot switch from native")),
    ("app-rejected-update", "app", 5, Ready(60.63)),
    (
        "app-rejected-update",
        "app",
        8,
        Failed("Cannot switch from job to session"),
    ),
    ("app-rejected-update", "app", 9, Ready(101.92)),
    ("app-image-pull-failure", "pull", 1, Open("failed to pull")),
    ("app-image-pull-failure", "pull", 2, Ready(106.02)),
    ("app-image-pull-failure", "pull", 3, Open("Back-off pulling image")),
    ("app-image-pull-failure", "pull", 4, Ready(181.71)),
    ("app-image-pull-failure", "never", 1, Open("ErrImageNeverPull")),
    ("app-bad-entry-class", "app", 1, Open("CrashLoopBackOff")),
    ("app-bad-entry-class", "app", 3, Ready(168.02)),
    ("app-no-service-account", "app", 1, Open("FailedCreate")),
    ("app-no-service-account", "app", 2, Open("CrashLoopBackOff")),
    (
        "app-unschedulable",
        "app",
        1,
        Failed("Recovery is suppressed by NoRestartBackoffTimeStrategy"),
    ),
    ("app-unschedulable", "again", 1, Open("there is no node for a pod")),
    ("app-unschedulable", "again", 2, Ready(182.85)),
    ("app-job-fails-at-runtime", "app", 1, Ready(25.78)),
    ("app-job-fails-at-runtime", "app", 2, Ready(101.11)),
    ("app-suspended-first", "app/0196", 1, Ready(2.01)),
    ("app-suspended-first", "app/0196", 2, Ready(17.02)),
    ("app-suspended-first", "app/0196", 3, Ready(43.54)),
    ("app-suspended-first", "app/dae3", 1, Ready(74.4)),
    ("batch-finished", "app", 1, Ready(24.5)),
    ("batch-finished", "app", 2, Ready(36.92)),
    ("batch-finished", "app", 3, Ready(73.41)),
    ("batch-finished", "cluster", 1, Ready(104.53)),
    ("rollback", "app", 1, Ready(29.4)),
    ("rollback", "app", 2, Failed("rolled back")),
    ("rollback", "app", 3, Ready(167.84)),
    ("operator-down", "app", 1, Ready(46.11)),
    ("operator-down", "app", 2, Open("has not taken up the last change")),
    ("operator-down", "short-lived", 1, Open("no operator")),
    ("session-native", "cluster", 1, Ready(27.39)),
    ("session-job-moved", "cluster", 1, Ready(26.61)),
    ("session-job-moved", "cluster", 2, Ready(333.3)),
    ("standalone-session", "cluster", 2, Ready(65.97)),
    ("standalone-app", "app", 2, Ready(56.64)),
    ("standalone-app", "app", 4, Ready(100.14)),
    ("snapshot-legacy", "app", 4, Ready(85.47)),
    ("snapshot-legacy", "app", 5, Ready(111.6)),
    ("autoscaler-enabled", "app", 2, Ready(107.34)),
    ("delete-savepoint-blocked", "app", 1, Open("there is no node for a pod")),
    ("session-job-lifecycle", "job", 1, Ready(40.47)),
    ("session-job-lifecycle", "job", 2, Ready(55.34)),
    ("session-job-lifecycle", "job", 3, Ready(61.01)),
    ("session-job-lifecycle", "job", 4, Ready(89.47)),
    ("session-job-lifecycle", "job", 5, Ready(94.57)),
    ("session-job-lifecycle", "job", 6, Ready(106.96)),
    // FLINK-40164: half suspended for 25 s, and then resumed.
    ("session-job-lifecycle", "job", 7, Open("the job is stopped")),
    ("session-job-lifecycle", "job", 8, Ready(141.44)),
    (
        "session-job-lifecycle",
        "no-jar",
        1,
        Open("java.io.FileNotFoundException"),
    ),
    (
        "session-job-lifecycle",
        "bad-class",
        1,
        Open("entry point class 'com.example.Missing'"),
    ),
    ("session-job-moved", "job", 1, Ready(42.02)),
    ("session-job-moved", "job", 2, Failed("deploymentName can't be changed")),
    // With an error that stays beside the running job.
    ("session-job-moved", "job", 3, Ready(59.89)),
    ("session-job-moved", "on-app", 1, Failed("`app` is no session cluster")),
    ("session-job-without-cluster", "job", 1, Ready(63.64)),
    (
        "session-job-without-cluster",
        "job",
        2,
        Open("there is no FlinkDeployment `other`"),
    ),
    (
        "session-job-without-cluster",
        "unlabelled",
        1,
        Open("there is no FlinkDeployment `cluster`"),
    ),
    (
        "session-native",
        "rejected-scheme",
        1,
        Failed("scheme 'http' is not in the allowlist"),
    ),
    (
        "session-native",
        "rejected-host",
        1,
        Failed("resolves to a restricted address"),
    ),
    ("session-native", "local-jar", 1, Failed("scheme 'local'")),
    ("session-native", "no-host", 1, Failed("cannot be resolved")),
    ("batch-finished", "job", 1, Ready(117.59)),
];
