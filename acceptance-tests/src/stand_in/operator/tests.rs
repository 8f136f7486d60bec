use serde_json::{Value, json};

use super::super::rehearsal::Rehearsal;
use super::super::spec::{JobState, UpgradeMode};
use super::super::status::{JobManagerStatus, LAST_STATE_DUMMY, Lifecycle, ReconciliationState};

mod mishaps;

fn application(upgrade_mode: &str, settings: Value) -> Value {
    let mut spec = json!({
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
        "job": { "jarURI": "local:///opt/flink/a.jar", "parallelism": 1, "upgradeMode": upgrade_mode },
    });
    for (key, value) in settings.as_object().into_iter().flatten() {
        spec["flinkConfiguration"][key] = value.clone();
    }
    spec
}

/// A deployment that runs.
fn running(spec: Value) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    rehearsal.create("app", spec);
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
    rehearsal
}

fn lifecycle(rehearsal: &Rehearsal) -> Lifecycle {
    rehearsal.status("app").unwrap().lifecycle()
}

/// What a client sees of the deployment from now on, in short words.
fn story(rehearsal: &Rehearsal, skip: usize) -> Vec<String> {
    let sights = rehearsal.sights("app");
    sights[skip..]
        .iter()
        .map(|sight| {
            let observed = if sight.observed { "" } else { " behind" };
            format!("{} {} {}{observed}", sight.lifecycle, sight.job, sight.job_manager)
        })
        .collect()
}

fn reasons(rehearsal: &Rehearsal) -> Vec<String> {
    rehearsal.events("app").into_iter().map(|(reason, _)| reason).collect()
}

#[test]
fn a_created_application_becomes_stable() {
    let rehearsal = running(application("stateless", json!({})));
    let expected = [
        "    behind",
        "UPGRADING  MISSING",
        "DEPLOYED RECONCILING DEPLOYING",
        "DEPLOYED RECONCILING DEPLOYED_NOT_READY",
        "DEPLOYED CREATED READY",
        "STABLE RUNNING READY",
    ];
    let story = story(&rehearsal, 0);
    assert_eq!(
        story.iter().map(|line| line.trim()).collect::<Vec<_>>(),
        expected.map(str::trim)
    );
    assert_eq!(reasons(&rehearsal), ["Submit", "JobStatusChanged", "JobStatusChanged"]);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.conditions[0].status, "True");
    assert_eq!(
        status.task_manager.as_ref().unwrap().label_selector,
        "component=taskmanager,app=app"
    );
    assert!(rehearsal.has_finalizer("app"));
}

#[test]
fn each_class_of_change_has_its_effect() {
    let id = |rehearsal: &Rehearsal| rehearsal.status("app").unwrap().job_status.job_id.clone();
    let mut rehearsal = running(application("stateless", json!({})));
    let first = id(&rehearsal);
    rehearsal.patch(
        "app",
        &json!({ "flinkConfiguration": { "kubernetes.operator.x": "1" } }),
    );
    rehearsal.pass(1.0);
    assert_eq!(rehearsal.status("app").unwrap().observed_generation, Some(2));
    assert_eq!(id(&rehearsal), first, "an ignored change restarts nothing");

    let seen = rehearsal.sights("app").len();
    rehearsal.patch("app", &json!({ "taskManager": { "resource": { "memory": "1200m" } } }));
    rehearsal.pass(30.0);
    assert_eq!(
        story(&rehearsal, seen)[..3],
        [
            "STABLE RUNNING READY behind",
            "UPGRADING FINISHED MISSING",
            "DEPLOYED RECONCILING DEPLOYING"
        ]
    );
    assert_ne!(id(&rehearsal), first, "an upgrade is a new job");
}

#[test]
fn a_savepoint_upgrade_starts_from_its_savepoint() {
    let mut rehearsal = running(application("savepoint", json!({})));
    let seen = rehearsal.sights("app").len();
    rehearsal.patch("app", &json!({ "job": { "parallelism": 2 } }));
    rehearsal.pass(30.0);
    assert_eq!(
        story(&rehearsal, seen)[..4],
        [
            "STABLE RUNNING READY behind",
            "UPGRADING FINISHED READY",
            "UPGRADING FINISHED MISSING",
            "DEPLOYED RECONCILING DEPLOYING"
        ]
    );
    let path = rehearsal
        .status("app")
        .unwrap()
        .job_status
        .upgrade_savepoint_path
        .clone()
        .unwrap();
    assert!(path.starts_with("file:/flink-data/savepoints/savepoint-"), "{path}");
    let [snapshot] = rehearsal.snapshots() else {
        panic!("one savepoint object")
    };
    assert_eq!(
        (snapshot.path.as_ref(), snapshot.exists, snapshot.trigger),
        (Some(&path), true, "UPGRADE")
    );
    let messages: Vec<_> = rehearsal
        .events("app")
        .into_iter()
        .filter(|(reason, _)| reason == "SpecChanged")
        .collect();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[test]
fn suspending_and_resuming_keep_the_savepoint() {
    let mut rehearsal = running(application("savepoint", json!({})));
    rehearsal.patch("app", &json!({ "job": { "state": "suspended" } }));
    rehearsal.pass(5.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(
        (status.lifecycle(), status.job_state()),
        (Lifecycle::Suspended, "FINISHED")
    );
    assert_eq!(
        status.job_manager_deployment_status,
        JobManagerStatus::Ready,
        "native keeps the JobManager"
    );
    assert_eq!(status.observed_generation, Some(2));
    let path = status.job_status.upgrade_savepoint_path.clone();
    assert!(path.is_some());
    rehearsal.patch("app", &json!({ "job": { "state": "running" } }));
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
    assert_eq!(rehearsal.status("app").unwrap().job_status.upgrade_savepoint_path, path);
}

#[test]
fn last_state_keeps_the_job_with_high_availability() {
    let mut rehearsal = running(application(
        "last-state",
        json!({ "high-availability.type": "kubernetes" }),
    ));
    let id = rehearsal.status("app").unwrap().job_status.job_id.clone();
    rehearsal.patch("app", &json!({ "job": { "parallelism": 2 } }));
    rehearsal.pass(30.0);
    let job = &rehearsal.status("app").unwrap().job_status;
    assert_eq!(job.job_id, id);
    assert_eq!(job.upgrade_savepoint_path.as_deref(), Some(LAST_STATE_DUMMY));
}

#[test]
fn last_state_without_high_availability_cancels() {
    let mut rehearsal = running(application("last-state", json!({})));
    let id = rehearsal.status("app").unwrap().job_status.job_id.clone();
    let seen = rehearsal.sights("app").len();
    rehearsal.patch("app", &json!({ "job": { "parallelism": 2 } }));
    rehearsal.pass(30.0);
    let story = story(&rehearsal, seen);
    assert!(
        story.contains(&"STABLE CANCELLING READY behind".to_owned()),
        "{story:?}"
    );
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.lifecycle(), Lifecycle::Stable);
    assert_ne!(status.job_status.job_id, id);
    assert!(
        status
            .job_status
            .upgrade_savepoint_path
            .as_deref()
            .unwrap()
            .contains("/chk-")
    );

    rehearsal.patch("app", &json!({ "job": { "state": "suspended" } }));
    rehearsal.pass(30.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(
        (status.lifecycle(), status.job_state()),
        (Lifecycle::Upgrading, "CANCELED")
    );
    assert_eq!(status.observed_generation, Some(2), "the operator never gets further");
    rehearsal.patch("app", &json!({ "job": { "state": "running" } }));
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
    assert_eq!(rehearsal.status("app").unwrap().observed_generation, Some(4));
}

#[test]
fn created_suspended_has_no_status() {
    let mut spec = application("savepoint", json!({}));
    spec["job"]["state"] = json!("suspended");
    let mut rehearsal = Rehearsal::default();
    rehearsal.create("app", spec);
    rehearsal.pass(60.0);
    assert!(rehearsal.status("app").is_none());
    assert!(rehearsal.has_finalizer("app"));
    rehearsal.patch("app", &json!({ "job": { "state": "running" } }));
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
}

#[test]
fn a_refused_update_leaves_the_job_alone() {
    let mut rehearsal = running(application("stateless", json!({})));
    rehearsal.patch(
        "app",
        &json!({ "flinkConfiguration": { "kubernetes.cluster-id": "x" } }),
    );
    rehearsal.pass(11.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!((status.lifecycle(), status.job_state()), (Lifecycle::Stable, "RUNNING"));
    assert_eq!(status.observed_generation, Some(1));
    assert!(status.error.as_deref().unwrap().contains("Forbidden Flink config key"));
    let refused = reasons(&rehearsal)
        .iter()
        .filter(|reason| *reason == "ValidationError")
        .count();
    assert_eq!(refused, 3, "it is validated again at every interval");
    rehearsal.patch(
        "app",
        &json!({ "flinkConfiguration": { "kubernetes.cluster-id": null } }),
    );
    rehearsal.pass(1.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!((status.error.as_deref(), status.observed_generation), (None, Some(3)));
}

#[test]
fn a_refused_first_version_is_not_looked_at_again() {
    let mut rehearsal = Rehearsal::default();
    let mut spec = application("stateless", json!({}));
    spec["job"]["parallelism"] = json!(0);
    rehearsal.create("app", spec);
    rehearsal.pass(60.0);
    assert_eq!(reasons(&rehearsal), ["ValidationError"]);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Failed);
    rehearsal.patch("app", &json!({ "job": { "parallelism": 1 } }));
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
}

#[test]
fn a_bad_image_is_rolled_back_where_that_is_asked_for() {
    let mut rehearsal = running(application(
        "last-state",
        json!({
            "high-availability.type": "kubernetes",
            "kubernetes.operator.deployment.rollback.enabled": "true",
            "kubernetes.operator.deployment.readiness.timeout": "60 s",
        }),
    ));
    rehearsal.patch("app", &json!({ "image": "does-not-exist:1" }));
    rehearsal.pass(120.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.reconciliation_status.state, ReconciliationState::RolledBack);
    assert_eq!(
        (status.lifecycle(), status.job_state()),
        (Lifecycle::RolledBack, "RUNNING")
    );
    assert_eq!(
        status.reconciled().unwrap().spec.image.as_deref(),
        Some("does-not-exist:1")
    );
    rehearsal.patch("app", &json!({ "image": "flink:1.20" }));
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
}

#[test]
fn deleting_takes_a_savepoint_where_that_is_asked_for() {
    for asked in [false, true] {
        let settings = json!({ "kubernetes.operator.job.savepoint-on-deletion": asked.to_string() });
        let mut rehearsal = running(application("savepoint", settings));
        rehearsal.delete("app");
        rehearsal.pass(5.0);
        assert!(rehearsal.sights("app").last().unwrap().gone);
        assert_eq!(rehearsal.snapshots().len(), usize::from(asked));
        // By the time it is looked at, the deployment is gone: its labels name no job.
        for snapshot in rehearsal.snapshots() {
            let sights = rehearsal.snapshot_sights(&snapshot.name);
            let last = sights.last().map(String::as_str);
            assert!(
                last.is_some_and(|line| line.starts_with("COMPLETED SAVEPOINT UPGRADE - - COMPLETED")),
                "{last:?}"
            );
        }
    }
}

#[test]
fn the_recorded_spec_shows_the_mode_that_was_used() {
    let mut spec = application("last-state", json!({}));
    spec["job"]["initialSavepointPath"] = json!("file:///flink-data/savepoints/old");
    let rehearsal = running(spec);
    let status = rehearsal.status("app").unwrap();
    let job = status.reconciled().unwrap().spec.job.unwrap();
    assert_eq!(
        (job.upgrade_mode, job.state),
        (UpgradeMode::Savepoint, JobState::Running)
    );
    assert_eq!(
        status.job_status.upgrade_savepoint_path.as_deref(),
        Some("file:///flink-data/savepoints/old")
    );
}

#[test]
fn reactive_scaling_needs_no_running_job() {
    let mut spec = application("stateless", json!({ "scheduler-mode": "reactive" }));
    spec["mode"] = json!("standalone");
    spec["taskManager"]["replicas"] = json!(4);
    let mut rehearsal = running(spec);
    let before = rehearsal.status("app").unwrap().job_status.job_id.clone();
    // Flink restarts the job by itself whenever TaskManagers come or go.
    rehearsal.kill_task_manager("app");
    rehearsal.pass(6.0);
    assert_eq!(rehearsal.status("app").unwrap().job_state(), "RESTARTING");
    rehearsal.patch("app", &json!({ "taskManager": { "replicas": 2 } }));
    rehearsal.pass(30.0);
    assert_eq!(rehearsal.status("app").unwrap().job_status.job_id, before);
    let reasons = reasons(&rehearsal);
    assert!(reasons.contains(&"SpecChanged".to_owned()), "{reasons:?}");
    assert!(!reasons.contains(&"Suspended".to_owned()), "{reasons:?}");
}
