//! Decision table C: a session job and its cluster.

use super::*;
use crate::operator::FlinkSessionJob;
use crate::testing;

const LOST: &str = "Job Not Found";
const NO_JAR: &str =
    r#"{"type":"a.ReconciliationException","message":"java.io.FileNotFoundException: http://jars.example.com/a.jar"}"#;
const SCHEME: &str =
    r#"{"type":"a.ValidationException","message":"jarURI scheme 'http' is not in the allowlist [https]"}"#;

/// The job of this row, with an upgrade mode; its status says nothing of a JobManager.
fn job(at: At, upgrade_mode: &str) -> FlinkSessionJob {
    let mut object = serde_json::to_value(deployment(at)).unwrap();
    object["spec"] = json!({"deploymentName": "session", "job": {"upgradeMode": upgrade_mode}});
    if at.want == "suspended" {
        object["spec"]["job"]["state"] = json!("suspended");
    }
    object["metadata"]["finalizers"] = json!(["flinksessionjobs.flink.apache.org/finalizer"]);
    serde_json::from_value(object).unwrap()
}

// One row, one line: a table is read down its columns.
#[rustfmt::skip]
#[test]
fn jobs_that_are_to_run() {
    let upgrading = At { lifecycle: "UPGRADING", reconciliation: "UPGRADING", job: "FINISHED", reconciled: "suspended", ..RUNNING };
    let created = At { lifecycle: "CREATED", reconciliation: "UPGRADING", job: "", reconciled: "", observed: 0, ..RUNNING };
    let submitting = At { job: "RECONCILING", ..upgrading };
    let lost = At { job: "RECONCILING", error: LOST, ..RUNNING };
    let rows: &[(&str, At, &str, &str)] = &[
        ("runs", RUNNING, "savepoint", "ready"),
        ("an error of before beside a running job", At { error: RECONCILIATION, ..RUNNING }, "savepoint", "ready"),
        ("found again by its cluster's high availability", At { error: LOST, ..RUNNING }, "savepoint", "ready"),
        ("the cluster is not ready yet", created, "stateless", "waiting"),
        ("rejected: its jar", At { lifecycle: "FAILED", error: SCHEME, ..created }, "stateless", "failed"),
        ("rejected later, the old job runs on", At { observed: 1, error: SCHEME, ..RUNNING }, "savepoint", "failed"),
        ("no jar there", At { lifecycle: "FAILED", error: NO_JAR, ..created }, "stateless", "failing: submission"),
        ("no jar there, between two attempts", At { error: NO_JAR, ..submitting }, "stateless", "failing: submission"),
        ("being submitted", submitting, "stateless", "waiting"),
        ("not taken up", At { observed: 1, ..RUNNING }, "savepoint", "waiting"),
        ("upgrading", upgrading, "savepoint", "waiting"),
        ("being cancelled on the way", At { job: "CANCELLING", observed: 1, ..upgrading }, "stateless", "waiting"),
        ("savepoint fails, the job runs on", At { observed: 1, error: UPGRADE, ..RUNNING }, "savepoint", "failing: upgrade"),
        ("failed", At { job: "FAILED", lifecycle: "FAILED", ..RUNNING }, "savepoint", "failed"),
        ("lost, started again by the operator", lost, "stateless", "waiting"),
        ("lost, and left so", lost, "savepoint", "failing: lost"),
        ("lost, and left so", lost, "last-state", "failing: lost"),
        ("lost, another restart is not taken up", At { observed: 1, ..lost }, "savepoint", "failing: lost"),
        ("lost, the way out is on its way", At { observed: 1, ..lost }, "stateless", "waiting"),
        ("lost, and on its way again", At { lifecycle: "SUSPENDED", reconciled: "suspended", ..lost }, "stateless", "waiting"),
        ("stable at once, but starting", At { job: "CREATED", ..RUNNING }, "stateless", "waiting"),
        ("runs, not confirmed", At { lifecycle: "DEPLOYED", ..RUNNING }, "savepoint", "waiting"),
        ("cancelled by others", At { job: "CANCELED", ..RUNNING }, "stateless", "failed"),
        ("bounded job done", At { job: "FINISHED", ..RUNNING }, "stateless", "ready"),
        ("done, not confirmed", At { job: "FINISHED", lifecycle: "DEPLOYED", ..RUNNING }, "stateless", "waiting"),
    ];
    for (what, at, mode, expected) in rows {
        let progress = progress(&job(*at, mode), &Baseline::default());
        assert_eq!(word(&progress), *expected, "{what}: {progress:?}");
    }
}

// One row, one line: a table is read down its columns.
#[rustfmt::skip]
#[test]
fn jobs_that_are_to_be_suspended() {
    let half = At { lifecycle: "UPGRADING", reconciliation: "UPGRADING", job: "CANCELED", observed: 1, ..SUSPENDED };
    let rows: &[(&str, At, &str)] = &[
        ("with a savepoint", SUSPENDED, "ready"),
        ("without, half-way for ever (FLINK-40164)", half, "settling"),
        ("cancelling", At { job: "CANCELLING", reconciled: "running", ..half }, "waiting"),
        ("not yet", At { want: "suspended", observed: 1, ..RUNNING }, "waiting"),
        ("savepoint fails", At { want: "suspended", observed: 1, error: UPGRADE, ..RUNNING }, "failing: upgrade"),
    ];
    for (what, at, expected) in rows {
        let progress = progress(&job(*at, "savepoint"), &Baseline::default());
        assert_eq!(word(&progress), *expected, "{what}: {progress:?}");
    }
    // The error of a former submission stays beside the job.
    let stale = job(At { error: RECONCILIATION, ..half }, "stateless");
    assert_eq!(word(&progress(&stale, &Baseline::of(&stale))), "settling");
}

#[test]
fn the_filler_of_an_upgrade_is_no_end_of_a_job() {
    let mut filler = job(
        At {
            job: "FINISHED",
            ..RUNNING
        },
        "savepoint",
    );
    filler.status.as_mut().unwrap().job_status.job_id = None;
    assert_eq!(word(&progress(&filler, &Baseline::default())), "waiting");
}

#[test]
fn without_a_status_the_cluster_is_waited_for() {
    let look = |change: &dyn Fn(&mut FlinkSessionJob)| {
        let mut job = job(RUNNING, "stateless");
        job.status = None;
        change(&mut job);
        word(&progress(&job, &Baseline::default()))
    };
    assert_eq!(look(&|_| {}), "waiting");
    assert_eq!(look(&|job| job.metadata.finalizers = None), "failing: no operator");
    let suspended = |job: &mut FlinkSessionJob| job.spec.job.0.state = Some(crate::operator::JobState::Suspended);
    assert_eq!(look(&suspended), "settling");
}

#[test]
fn clusters() {
    let cluster = |change: &dyn Fn(&mut Value)| {
        let mut cluster = testing::session_cluster("READY");
        change(&mut cluster);
        serde_json::from_value::<FlinkDeployment>(cluster).unwrap()
    };
    let status = |name: &'static str, value: Value| cluster(&move |cluster| cluster["status"][name] = value.clone());
    let rows: Vec<(&str, Option<FlinkDeployment>, &str, &str)> = vec![
        ("ready", Some(cluster(&|_| {})), "ready", ""),
        (
            "missing",
            None,
            "failing: cluster missing",
            "there is no FlinkDeployment `session`",
        ),
        (
            "an application",
            Some(cluster(&|cluster| cluster["spec"]["job"] = json!({}))),
            "failed",
            "`session` is no session cluster",
        ),
        (
            "being deleted",
            Some(cluster(&|cluster| {
                cluster["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z")
            })),
            "failed",
            "`session` is being deleted",
        ),
        (
            "suspended",
            Some(status("lifecycleState", json!("SUSPENDED"))),
            "failed",
            "`session` is suspended",
        ),
        (
            "starting",
            Some(status("jobManagerDeploymentStatus", json!("DEPLOYING"))),
            "waiting",
            "`session` is not ready: the JobManager is being started",
        ),
        (
            "cannot start",
            Some(cluster(&|cluster| {
                cluster["status"]["jobManagerDeploymentStatus"] = json!("ERROR");
                cluster["status"]["error"] = json!(CRASH);
            })),
            "failing: crash",
            "`session` is not ready: the JobManager cannot start: CrashLoopBackOff",
        ),
        (
            "given up",
            Some(cluster(&|cluster| {
                cluster["status"]["jobManagerDeploymentStatus"] = json!("MISSING");
                cluster["status"]["lifecycleState"] = json!("FAILED");
                cluster["status"]["error"] = json!(MISSING);
            })),
            "failed",
            "`session` is not ready: the operator has given up: HA metadata is not available",
        ),
        (
            "a change of it is refused, it answers",
            Some(cluster(&|cluster| {
                cluster["metadata"]["generation"] = json!(2);
                cluster["status"]["error"] = json!(VALIDATION);
            })),
            "ready",
            "",
        ),
        (
            "no status yet",
            Some(cluster(&|cluster| cluster["status"] = Value::Null)),
            "failing: no status",
            "`session` is not ready",
        ),
    ];
    for (what, cluster, expected, words) in rows {
        let progress = session_cluster("session", cluster.as_ref());
        assert_eq!(word(&progress), expected, "{what}: {progress:?}");
        assert!(format!("{progress:?}").contains(words), "{what}: {progress:?}");
    }
}
