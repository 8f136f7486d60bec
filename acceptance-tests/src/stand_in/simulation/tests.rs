use serde_json::{Value, json};

use super::*;
use crate::stand_in::world::Restore;

fn started(spec: Value, account: Account) -> Simulation {
    let mut simulation = Simulation::new("teams", "orders", 10.0);
    let job_id = spec.get("job").map(|_| "c65de9aa".repeat(4));
    let deploy = Deploy {
        spec: Spec::of(&spec).unwrap(),
        job_id,
        restore: Restore::Nothing,
    };
    simulation.deploy(deploy, account, Mishap::default(), 0);
    simulation
}

/// The JobManager and the job after so many seconds of the recordings.
fn at(simulation: &Simulation, seconds: i64) -> (JobManager, String) {
    let view = simulation.view(seconds * 100);
    (view.job_manager, view.job.map(|job| job.state).unwrap_or_default())
}

#[test]
fn a_job_comes_up_and_ends() {
    let mut simulation = started(json!({ "job": {} }), Account::Usable);
    assert_eq!(at(&simulation, 4).0, JobManager::Starting);
    assert_eq!(at(&simulation, 6), (JobManager::Up, "CREATED".to_owned()));
    assert_eq!(at(&simulation, 16), (JobManager::Up, "RUNNING".to_owned()));
    let path = simulation
        .stop("file:///flink-data/savepoints", "0123456789abcdef", 2000)
        .unwrap();
    assert_eq!(path, "file:/flink-data/savepoints/savepoint-c65de9-0123456789ab");
    assert_eq!(at(&simulation, 21).1, "FINISHED");
    simulation.tear_down();
    assert_eq!(at(&simulation, 22).0, JobManager::Absent);
    assert!(simulation.stop("x", "y", 0).is_err());
}

#[test]
fn what_goes_wrong_is_in_the_spec() {
    let reason = |simulation: &Simulation, seconds| match at(simulation, seconds).0 {
        JobManager::Failing { reason, .. } => reason,
        other @ (JobManager::Absent | JobManager::Starting | JobManager::Mute | JobManager::Up) => format!("{other:?}"),
    };
    let pull = started(json!({ "image": "does-not-exist:1" }), Account::Usable);
    assert_eq!(reason(&pull, 1), "Starting");
    assert_eq!(reason(&pull, 3), "ErrImagePull");
    assert_eq!(reason(&pull, 40), "ImagePullBackOff");
    let never = started(
        json!({ "image": "does-not-exist:1", "imagePullPolicy": "Never" }),
        Account::Usable,
    );
    assert_eq!(reason(&never, 600), "Starting");
    let account = started(json!({ "serviceAccount": "nobody" }), Account::Missing);
    assert_eq!(reason(&account, 0), "FailedCreate");
    let class = started(
        json!({ "job": { "entryClass": "com.example.Missing" } }),
        Account::Usable,
    );
    let rights = started(json!({ "serviceAccount": "default" }), Account::Powerless);
    let swings: Vec<_> = [2, 5, 30, 33, 50, 70, 86, 89, 100]
        .map(|seconds| reason(&rights, seconds))
        .into();
    let expected = [
        "Starting",
        "Mute",
        "Starting",
        "Mute",
        "Starting",
        "CrashLoopBackOff",
        "Starting",
        "Mute",
        "CrashLoopBackOff",
    ];
    assert_eq!(swings, expected);
    let swings: Vec<_> = [10, 30, 46, 50].map(|seconds| reason(&class, seconds)).into();
    assert_eq!(swings, ["Starting", "CrashLoopBackOff", "Starting", "CrashLoopBackOff"]);
}

#[test]
fn a_job_without_slots_fails_or_waits() {
    let large = |settings: Value| {
        let resource = json!({ "resource": { "cpu": 64 } });
        started(
            json!({ "job": {}, "taskManager": resource, "flinkConfiguration": settings }),
            Account::Usable,
        )
    };
    let states = |simulation: &Simulation| [20, 36, 41, 64, 66].map(|seconds| at(simulation, seconds).1);
    assert_eq!(
        states(&large(json!({}))),
        ["CREATED", "FAILED", "FAILED", "FAILED", "FAILED"]
    );
    let settings = json!({ "execution.checkpointing.interval": "5 s" });
    assert_eq!(
        states(&large(settings)),
        ["CREATED", "RESTARTING", "CREATED", "CREATED", "RESTARTING"]
    );
}

#[test]
fn a_batch_job_finishes() {
    let batch = started(
        json!({ "job": {}, "flinkConfiguration": { "execution.runtime-mode": "BATCH" } }),
        Account::Usable,
    );
    assert_eq!(at(&batch, 16), (JobManager::Up, "FINISHED".to_owned()));
}

#[test]
fn lost_pods_are_replaced_while_restarts_last() {
    let settings = json!({ "restart-strategy.fixed-delay.attempts": "1" });
    let mut simulation = started(json!({ "job": {}, "flinkConfiguration": settings }), Account::Usable);
    simulation.kill_task_manager(3000);
    assert_eq!(at(&simulation, 31).1, "RESTARTING");
    assert_eq!(at(&simulation, 40).1, "RUNNING");
    simulation.kill_job_manager(5000);
    assert_eq!(at(&simulation, 51).0, JobManager::Starting);
    assert_eq!(at(&simulation, 70).1, "RUNNING");
    simulation.kill_task_manager(8000);
    assert_eq!(at(&simulation, 81).1, "FAILED");
}
