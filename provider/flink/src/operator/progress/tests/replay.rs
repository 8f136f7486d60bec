//! Replays recordings of a real operator: a wait that starts with each change of a specification must
//! end when, and only when, the recording shows the end.
//!
//! The recordings are those of the acceptance tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::super::*;
use crate::operator::{FlinkDeployment, FlinkSessionJob};
use crate::wait::{Patience, Verdict};

/// What one change of a specification came to.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// Ready at this second.
    Ready(f64),
    /// Failed at this second, for a reason with these words in it.
    Failed(f64, String),
    /// Neither before the next change.
    Open(String),
}

/// An object of a recording.
#[derive(Clone)]
enum Object {
    Deployment(Box<FlinkDeployment>),
    /// A session job, with its cluster as that is at the same time.
    SessionJob(Box<FlinkSessionJob>, Option<Box<FlinkDeployment>>),
}

impl Object {
    fn baseline(&self) -> Baseline {
        match self {
            Self::Deployment(deployment) => Baseline::of(&**deployment),
            Self::SessionJob(job, _) => Baseline::of(&**job),
        }
    }

    fn progress(&self, baseline: &Baseline) -> Progress {
        let (job, cluster) = match self {
            Self::Deployment(deployment) => return deployment.progress(baseline),
            Self::SessionJob(job, cluster) => (job, cluster),
        };
        // The wait for a session job is one for its cluster, too.
        let of_job = job.progress(baseline);
        let of_cluster = session_cluster(job.deployment_name(), cluster.as_deref());
        if of_cluster == Progress::Ready || job.wants_suspended() || matches!(of_job, Progress::Failed(_)) {
            of_job
        } else {
            of_cluster
        }
    }

    /// Whether nobody could call this object anything but ready.
    fn is_healthy(&self) -> bool {
        let stable = |status: Reported<'_>, generation: Option<i64>| {
            status.observed_generation == generation
                && status.reconciliation_status.state == Some(ReconciliationState::Deployed)
                && status.lifecycle_state == Some(&LifecycleState::Stable)
        };
        let runs =
            |status: Reported<'_>| matches!(status.job_status.state, Some(JobStatus::Running | JobStatus::Finished));
        let answers = |deployment: &FlinkDeployment| {
            deployment.reported().and_then(|status| status.job_manager) == Some(&JobManagerStatus::Ready)
        };
        match self {
            Self::Deployment(deployment) => deployment.reported().is_some_and(|status| {
                stable(status, deployment.metadata.generation)
                    && answers(deployment)
                    && (deployment.is_session_cluster() || runs(status))
            }),
            Self::SessionJob(job, cluster) => {
                job.reported()
                    .is_some_and(|status| stable(status, job.metadata.generation) && runs(status))
                    && cluster.as_deref().is_some_and(answers)
            }
        }
    }
}

/// A wait that goes on in a recording.
struct Waiting {
    baseline: Baseline,
    patience: Patience,
    wake: Option<Instant>,
    last: Object,
    outcome: Outcome,
    /// Whether an unmistakably healthy state has been seen since the change.
    healthy: bool,
    /// Whether no other change has followed.
    going: bool,
}

fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../acceptance-tests/recordings")
}

/// All changes of one recording, by object and generation, with what they came to.
fn replay(events: &str) -> BTreeMap<(String, i64), (Outcome, bool)> {
    let start = Instant::now();
    let at = |second: f64| start + Duration::from_secs_f64(second);
    let mut waits: BTreeMap<(String, i64), Waiting> = BTreeMap::new();
    let mut clusters: BTreeMap<String, FlinkDeployment> = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let object = &event["object"];
        let second = event["t"].as_f64().unwrap();
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (gone, name) = (event["type"] == "DELETED", text("/metadata/name"));
        let seen = match object["kind"].as_str() {
            Some("FlinkDeployment") => {
                let deployment: FlinkDeployment = serde_json::from_value(object.clone()).unwrap();
                if gone {
                    clusters.remove(&name);
                } else {
                    clusters.insert(name.clone(), deployment.clone());
                }
                Object::Deployment(Box::new(deployment))
            }
            Some("FlinkSessionJob") => {
                let job: FlinkSessionJob = serde_json::from_value(object.clone()).unwrap();
                let cluster = clusters.get(job.deployment_name()).cloned().map(Box::new);
                Object::SessionJob(Box::new(job), cluster)
            }
            _ => continue,
        };
        // A cluster that changes is seen by those who wait for its jobs.
        for wait in waits.values_mut() {
            if let Object::SessionJob(job, cluster) = &wait.last
                && job.deployment_name() == name
                && matches!(seen, Object::Deployment(_))
                && *cluster != clusters.get(&name).cloned().map(Box::new)
                && wait.going
            {
                let job = Object::SessionJob(job.clone(), clusters.get(&name).cloned().map(Box::new));
                look(wait, job, at(second), second, true);
            }
        }
        let name = format!("{name}/{}", &text("/metadata/uid")[..4]);
        // Time passes up to this event: whatever time alone decides comes first.
        for (_, wait) in waits.iter_mut().filter(|((of, _), _)| *of == name) {
            while let Some(wake) = wait.wake.filter(|wake| *wake <= at(second)) {
                let last = wait.last.clone();
                look(wait, last, wake, (wake - start).as_secs_f64(), false);
            }
        }
        let key = (name, object["metadata"]["generation"].as_i64().unwrap());
        // The next change ends the wait for the one before it.
        for (_, wait) in waits
            .iter_mut()
            .filter(|((of, generation), _)| *of == key.0 && *generation < key.1)
        {
            wait.wake = None;
            wait.going = false;
        }
        if gone || !object["metadata"]["deletionTimestamp"].is_null() {
            continue;
        }
        let wait = waits.entry(key).or_insert_with(|| Waiting {
            baseline: seen.baseline(),
            patience: Patience::default(),
            wake: None,
            last: seen.clone(),
            outcome: Outcome::Open(String::new()),
            healthy: false,
            going: true,
        });
        look(wait, seen, at(second), second, true);
    }
    waits
        .into_iter()
        .map(|(key, wait)| (key, (wait.outcome, wait.healthy)))
        .collect()
}

fn look(wait: &mut Waiting, object: Object, now: Instant, second: f64, changed: bool) {
    wait.healthy |= object.is_healthy();
    wait.wake = None;
    if matches!(wait.outcome, Outcome::Open(_)) {
        match wait.patience.consider(object.progress(&wait.baseline), changed, now) {
            Verdict::Ready => wait.outcome = Outcome::Ready((second * 100.0).round() / 100.0),
            Verdict::Failed(why) => wait.outcome = Outcome::Failed((second * 100.0).round() / 100.0, why),
            Verdict::Wait { why, wake } => {
                wait.outcome = Outcome::Open(why);
                wait.wake = wake;
            }
        }
    }
    wait.last = object;
}

#[test]
fn never_failed_where_it_gets_well_and_ready_where_it_is() {
    let mut met = 0;
    for scenario in std::fs::read_dir(recordings()).unwrap() {
        let scenario = scenario.unwrap().path();
        if !scenario.is_dir() {
            continue;
        }
        let events = std::fs::read_to_string(scenario.join("events.jsonl")).unwrap();
        let name = scenario.file_name().unwrap().to_string_lossy().into_owned();
        for (change, (outcome, healthy)) in replay(&events) {
            if healthy && !HEALED.contains(&(name.as_str(), change.0.split('/').next().unwrap())) {
                assert!(
                    matches!(outcome, Outcome::Ready(_)),
                    "{name} {change:?}: {outcome:?}, but it was healthy"
                );
            } else if let Outcome::Ready(second) = outcome {
                // Only what is suspended is ready without running.
                assert!(
                    is_suspension(&name, &change),
                    "{name} {change:?}: ready at {second}, but never healthy"
                );
            }
            if let Some(expected) = expected(&name, &change) {
                check(&name, &change, &outcome, expected);
                met += 1;
            }
        }
    }
    assert_eq!(met, EXPECTED.len(), "every row is about a change that was recorded");
}

fn is_suspension(scenario: &str, change: &(String, i64)) -> bool {
    SUSPENSIONS
        .iter()
        .any(|(name, object, generation)| *name == scenario && is_named(change, object) && change.1 == *generation)
}

/// Whether a change is one of an object: by its name, or by name and the beginning of its uid.
fn is_named(change: &(String, i64), object: &str) -> bool {
    change.0 == object || change.0.split('/').next() == Some(object)
}

/// The changes that suspend a job, or change one that is suspended.
const SUSPENSIONS: &[(&str, &str, i64)] = &[
    ("app-suspended-first", "app/0196", 1),
    ("app-suspended-first", "app/0196", 2),
    ("app-rejected-create", "suspended", 1),
    ("app-savepoint-upgrade", "app", 3),
    ("app-last-state", "app", 4),
    ("session-job-lifecycle", "job", 3),
];

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

fn expected(scenario: &str, change: &(String, i64)) -> Option<Expected> {
    let row = EXPECTED
        .iter()
        .find(|(name, object, generation, _)| *name == scenario && is_named(change, object) && *generation == change.1);
    row.map(|(_, _, _, expected)| *expected)
}

fn check(scenario: &str, change: &(String, i64), outcome: &Outcome, expected: Expected) {
    let fits = match (expected, outcome) {
        (Expected::Ready(second), Outcome::Ready(found)) => (second - found).abs() < 0.011,
        (Expected::Failed(words), Outcome::Failed(_, why)) | (Expected::Open(words), Outcome::Open(why)) => {
            why.contains(words)
        }
        _ => false,
    };
    assert!(fits, "{scenario} {change:?}: {outcome:?}");
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
    (
        "app-image-pull-failure",
        "never",
        1,
        Open("the JobManager is being started"),
    ),
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
    ("app-unschedulable", "again", 1, Open("the job is CREATED")),
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
    ("delete-savepoint-blocked", "app", 1, Open("CREATED")),
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
