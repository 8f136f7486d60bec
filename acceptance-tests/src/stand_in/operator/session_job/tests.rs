use serde_json::{Value, json};

use crate::stand_in::rehearsal::Rehearsal;
use crate::stand_in::session_job::{JOB_NOT_FOUND, SessionJobStatus};
use crate::stand_in::spec::UpgradeMode;
use crate::stand_in::status::Lifecycle;

fn cluster() -> Value {
    json!({
        "image": "flink:1.20",
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "flinkConfiguration": {
            "state.checkpoints.dir": "file:///flink-data/checkpoints",
            "state.savepoints.dir": "file:///flink-data/savepoints",
            "execution.checkpointing.interval": "5 s",
        },
        "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
        "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
    })
}

/// A cluster with a job that runs.
fn running(upgrade_mode: &str, settings: Value) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    rehearsal.create("cluster", cluster());
    let job = json!({ "jarURI": "http://example.com/a.jar", "parallelism": 1, "upgradeMode": upgrade_mode });
    let spec = json!({ "deploymentName": "cluster", "job": job, "flinkConfiguration": settings });
    rehearsal.create_session_job("job", spec);
    rehearsal.pass(40.0);
    assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()));
    rehearsal
}

fn status(rehearsal: &Rehearsal) -> &SessionJobStatus {
    rehearsal.session_job_status("job").unwrap()
}

fn seen(rehearsal: &Rehearsal) -> (Lifecycle, String) {
    let status = status(rehearsal);
    (status.lifecycle(), status.job_state().to_owned())
}

fn is_gone(rehearsal: &Rehearsal) -> bool {
    rehearsal.sights("FlinkSessionJob/job").last().unwrap().gone
}

fn id(rehearsal: &Rehearsal) -> Option<String> {
    status(rehearsal).job_status.job_id.clone()
}

#[test]
fn each_mode_takes_its_own_state_along() {
    for (mode, state) in [
        ("stateless", None),
        ("savepoint", Some("/savepoints/savepoint-")),
        ("last-state", Some("/chk-")),
    ] {
        let mut rehearsal = running(mode, json!({}));
        let before = id(&rehearsal);
        rehearsal.patch_session_job("job", &json!({ "job": { "parallelism": 2 } }));
        rehearsal.pass(20.0);
        assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()), "{mode}");
        assert_ne!(id(&rehearsal), before, "{mode}: a job that is run again has another id");
        let job = status(&rehearsal).reconciled().unwrap().spec.job.unwrap();
        assert_eq!(
            (job.parallelism, job.upgrade_mode != UpgradeMode::Stateless),
            (2, state.is_some()),
            "{mode}"
        );
        let path = status(&rehearsal)
            .job_status
            .upgrade_savepoint_path
            .clone()
            .unwrap_or_default();
        assert!(path.contains(state.unwrap_or_default()), "{mode}: {path}");
    }
}

#[test]
fn a_job_that_is_suspended_by_cancellation_never_gets_observed() {
    for mode in ["stateless", "last-state"] {
        let mut rehearsal = running(mode, json!({}));
        rehearsal.patch_session_job("job", &json!({ "job": { "state": "suspended" } }));
        rehearsal.pass(600.0);
        assert_eq!(
            seen(&rehearsal),
            (Lifecycle::Upgrading, "CANCELED".to_owned()),
            "{mode}"
        );
        assert_eq!(status(&rehearsal).observed_generation, Some(1), "{mode}");
        rehearsal.patch_session_job("job", &json!({ "job": { "state": "running" } }));
        rehearsal.pass(20.0);
        assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()), "{mode}");
    }
}

#[test]
fn a_job_without_state_survives_the_loss_of_its_cluster_and_another_stays_lost() {
    for (mode, comes_back) in [("stateless", true), ("savepoint", false)] {
        let mut rehearsal = running(mode, json!({}));
        let before = id(&rehearsal);
        rehearsal.patch(
            "cluster",
            &json!({ "taskManager": { "resource": { "memory": "1200m" } } }),
        );
        rehearsal.pass(5.0);
        // Nobody looks at it while there is no JobManager.
        assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()), "{mode}");
        rehearsal.pass(60.0);
        assert_eq!(id(&rehearsal), before, "{mode}: the id stays");
        let error = status(&rehearsal).error.as_deref();
        assert_eq!(error, (!comes_back).then_some(JOB_NOT_FOUND), "{mode}");
        let state = if comes_back { "RUNNING" } else { "RECONCILING" };
        assert_eq!(seen(&rehearsal), (Lifecycle::Stable, state.to_owned()), "{mode}");

        // The one way out for the other.
        rehearsal.patch_session_job("job", &json!({ "job": { "upgradeMode": "stateless" } }));
        rehearsal.pass(20.0);
        assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()), "{mode}");
    }
}

#[test]
fn deleting_takes_a_savepoint_where_that_is_asked_for() {
    for asked in [false, true] {
        let settings = json!({ "kubernetes.operator.job.savepoint-on-deletion": asked.to_string() });
        let mut rehearsal = running("savepoint", settings);
        rehearsal.delete_session_job("job");
        rehearsal.pass(10.0);
        assert!(is_gone(&rehearsal));
        assert_eq!(rehearsal.snapshots().len(), usize::from(asked));
    }
}

#[test]
fn a_job_whose_cluster_is_gone_can_be_deleted() {
    let mut rehearsal = running("savepoint", json!({}));
    rehearsal.lose_job_manager("cluster");
    rehearsal.patch("cluster", &json!({ "serviceAccount": "nobody" }));
    rehearsal.pass(20.0);
    rehearsal.delete_session_job("job");
    rehearsal.pass(5.0);
    assert!(is_gone(&rehearsal));
}

#[test]
fn nonces_take_savepoints_and_checkpoints_of_the_running_job() {
    let mut rehearsal = running("savepoint", json!({}));
    let change = json!({ "job": { "savepointTriggerNonce": 1, "checkpointTriggerNonce": 1 } });
    rehearsal.patch_session_job("job", &change);
    rehearsal.pass(30.0);
    let taken = rehearsal.snapshots();
    let taken: Vec<_> = taken
        .iter()
        .map(|snapshot| (snapshot.trigger, snapshot.path.is_some()))
        .collect();
    assert_eq!(taken, [("MANUAL", true), ("MANUAL", false)]);
    for snapshot in rehearsal.snapshots() {
        let sights = rehearsal.snapshot_sights(&snapshot.name);
        let last = sights.last().unwrap();
        assert!(last.contains("FlinkSessionJob job COMPLETED"), "{last}");
    }
}

#[test]
fn a_submission_that_fails_is_tried_again_fifteen_times() {
    let mut rehearsal = Rehearsal::default();
    rehearsal.create("cluster", cluster());
    let job = json!({ "jarURI": "http://example.com/missing.jar", "parallelism": 1 });
    rehearsal.create_session_job("job", json!({ "deploymentName": "cluster", "job": job }));
    rehearsal.pass(20_000.0);
    let events = rehearsal.events("FlinkSessionJob/job");
    let submissions = events.iter().filter(|(reason, _)| reason == "Submit").count();
    assert_eq!(submissions, 16);
    rehearsal.patch_session_job("job", &json!({ "job": { "jarURI": "http://example.com/a.jar" } }));
    rehearsal.pass(20.0);
    assert_eq!(seen(&rehearsal), (Lifecycle::Stable, "RUNNING".to_owned()));
}
