use super::*;
use serde_json::{Value, json};

use crate::operator::FlinkDeployment;

mod session_job;

/// A deployment in few words; what is left out is absent.
#[derive(Clone, Copy, Default)]
struct At {
    /// `running`, `suspended`, or empty for a session cluster.
    want: &'static str,
    generation: i64,
    observed: i64,
    lifecycle: &'static str,
    reconciliation: &'static str,
    job: &'static str,
    job_manager: &'static str,
    /// Job state of the last reconciled specification; `session` for one without a job.
    reconciled: &'static str,
    error: &'static str,
}

const RUNNING: At = At {
    want: "running",
    generation: 2,
    observed: 2,
    lifecycle: "STABLE",
    reconciliation: "DEPLOYED",
    job: "RUNNING",
    job_manager: "READY",
    reconciled: "running",
    error: "",
};

const SESSION: At = At {
    want: "",
    job: "",
    reconciled: "session",
    ..RUNNING
};

const SUSPENDED: At = At {
    want: "suspended",
    lifecycle: "SUSPENDED",
    job: "FINISHED",
    reconciled: "suspended",
    ..RUNNING
};

const VALIDATION: &str = r#"{"type":"a.ValidationException","message":"Job parallelism must be larger than 0"}"#;
const RECONCILIATION: &str = r#"{"type":"a.ReconciliationException","message":"quota exceeded"}"#;
const UPGRADE: &str = r#"{"type":"a.UpgradeFailureException","message":"Savepoint Error"}"#;
const MANUAL: &str = r#"{"type":"a.UpgradeFailureException","message":"Manual restore required."}"#;
const CRASH: &str = r#"{"type":"a.DeploymentFailedException","message":"back-off 20s","additionalMetadata":{"reason":"CrashLoopBackOff"}}"#;
const MOUNT: &str = r#"{"type":"a.DeploymentFailedException","message":"configmap not found","additionalMetadata":{"reason":"FailedMount"}}"#;
const MISSING: &str = r#"{"type":"a.MissingJobManagerException","message":"HA metadata is not available"}"#;

fn deployment(at: At) -> FlinkDeployment {
    let text = |word: &str| if word.is_empty() { Value::Null } else { json!(word) };
    let job = if at.want.is_empty() {
        Value::Null
    } else {
        json!({"state": at.want})
    };
    let reconciled = match at.reconciled {
        "" => Value::Null,
        "session" => json!(r#"{"spec":{"job":null}}"#),
        state => json!(json!({"spec": {"job": {"state": state}}}).to_string()),
    };
    serde_json::from_value(json!({
        "metadata": {"name": "orders", "generation": at.generation,
                     "finalizers": ["flinkdeployments.flink.apache.org/finalizer"]},
        "spec": {"job": job},
        "status": {
            "observedGeneration": (at.observed > 0).then_some(at.observed),
            "lifecycleState": text(at.lifecycle),
            "jobManagerDeploymentStatus": text(at.job_manager),
            "error": text(at.error),
            "jobStatus": {"state": text(at.job), "jobId": "a1"},
            "reconciliationStatus": {"state": text(at.reconciliation), "lastReconciledSpec": reconciled},
        },
    }))
    .unwrap()
}

/// One word for a progress, and its cause of trouble.
fn word(progress: &Progress) -> String {
    match progress {
        Progress::Waiting(_) => "waiting".to_owned(),
        Progress::Ready => "ready".to_owned(),
        Progress::Settling { .. } => "settling".to_owned(),
        Progress::Failing { cause, .. } => format!("failing: {cause}"),
        Progress::Failed(_) => "failed".to_owned(),
    }
}

#[track_caller]
fn check(rows: &[(&str, At, &str)]) {
    for (what, at, expected) in rows {
        let progress = progress(&deployment(*at), &Baseline::default());
        assert_eq!(word(&progress), *expected, "{what}: {progress:?}");
    }
}

// One row, one line: a table is read down its columns.
#[rustfmt::skip]
#[test]
fn applications() {
    let upgrading = At {
        lifecycle: "UPGRADING",
        reconciliation: "UPGRADING",
        job: "FINISHED",
        job_manager: "MISSING",
        reconciled: "suspended",
        ..RUNNING
    };
    let starting = At {
        lifecycle: "DEPLOYED",
        job: "RECONCILING",
        job_manager: "DEPLOYING",
        ..RUNNING
    };
    let rejected = At {
        lifecycle: "FAILED",
        reconciliation: "UPGRADING",
        job: "",
        job_manager: "MISSING",
        reconciled: "",
        observed: 0,
        error: VALIDATION,
        ..RUNNING
    };
    check(&[
        ("runs", RUNNING, "ready"),
        ("a stale error beside a healthy job", At { error: RECONCILIATION, ..RUNNING }, "ready"),
        ("rejected from the start", rejected, "failed"),
        ("rejected later, the old job runs on", At { observed: 1, error: VALIDATION, ..RUNNING }, "failed"),
        ("an old rejection beside a change that was taken up", At { error: VALIDATION, ..RUNNING }, "ready"),
        ("the first submission fails", At { error: RECONCILIATION, ..rejected }, "failing: submission"),
        ("created", At { error: "", lifecycle: "CREATED", ..rejected }, "waiting"),
        ("not taken up", At { observed: 1, ..RUNNING }, "waiting"),
        ("not taken up, the old job has failed", At { observed: 1, job: "FAILED", lifecycle: "FAILED", ..RUNNING }, "waiting"),
        ("savepoint fails, the job runs on", At { observed: 1, error: UPGRADE, ..RUNNING }, "failing: upgrade"),
        ("no state to restore from", At { observed: 1, error: MANUAL, ..RUNNING }, "failed"),
        ("upgrading", upgrading, "waiting"),
        ("a submission fails in an upgrade", At { error: RECONCILIATION, ..upgrading }, "failing: submission"),
        ("no state to restore from in an upgrade", At { error: MANUAL, ..upgrading }, "failed"),
        ("rolling back", At { lifecycle: "ROLLING_BACK", reconciliation: "ROLLING_BACK", job: "FINISHED", job_manager: "MISSING", ..RUNNING }, "waiting"),
        ("rolled back, and the old one runs", At { lifecycle: "ROLLED_BACK", reconciliation: "ROLLED_BACK", ..RUNNING }, "failed"),
        ("rolled back before the change", At { lifecycle: "ROLLED_BACK", reconciliation: "ROLLED_BACK", observed: 1, ..RUNNING }, "waiting"),
        ("the JobManager starts", starting, "waiting"),
        ("it is being mounted", At { job_manager: "ERROR", error: MOUNT, ..starting }, "failing: job manager"),
        ("the mount has healed, its error stays", At { error: MOUNT, ..starting }, "waiting"),
        ("it crashes", At { job_manager: "ERROR", error: CRASH, ..starting }, "failing: crash"),
        ("it crashes, and is on its way again", At { error: CRASH, ..starting }, "failing: crash"),
        ("it has crashed, and answers", At { job_manager: "READY", job: "CREATED", error: CRASH, ..starting }, "waiting"),
        ("an error nobody explains", At { job_manager: "ERROR", ..starting }, "failing: job manager"),
        ("the JobManager is lost", At { job_manager: "MISSING", job: "RECONCILING", lifecycle: "FAILED", error: MISSING, ..RUNNING }, "failed"),
        ("failover: stable is not enough", At { job_manager: "DEPLOYING", job: "RECONCILING", ..RUNNING }, "waiting"),
        ("reverted: stable at once", At { job_manager: "DEPLOYED_NOT_READY", job: "RECONCILING", ..RUNNING }, "waiting"),
        ("runs, not confirmed", At { lifecycle: "DEPLOYED", ..RUNNING }, "waiting"),
        ("restarting", At { job: "RESTARTING", ..RUNNING }, "failing: restarts"),
        ("cannot be scheduled", At { job: "CREATED", lifecycle: "DEPLOYED", ..RUNNING }, "waiting"),
        ("failed", At { job: "FAILED", lifecycle: "FAILED", ..RUNNING }, "failed"),
        ("cancelled by others", At { job: "CANCELED", ..RUNNING }, "failed"),
        ("bounded job done", At { job: "FINISHED", ..RUNNING }, "ready"),
        ("filler of a redeployment", At { job: "FINISHED", job_manager: "MISSING", ..RUNNING }, "waiting"),
        ("filler of a redeployment, not taken up", At { job: "FINISHED", job_manager: "MISSING", observed: 1, ..RUNNING }, "waiting"),
        ("done, not confirmed", At { job: "FINISHED", lifecycle: "DEPLOYED", ..RUNNING }, "waiting"),
        ("a state of a newer Flink", At { job: "DREAMING", ..RUNNING }, "waiting"),
        ("a lifecycle state of a newer operator", At { lifecycle: "EXCELLENT", ..RUNNING }, "waiting"),
    ]);
}

// One row, one line: a table is read down its columns.
#[rustfmt::skip]
#[test]
fn session_clusters() {
    check(&[
        ("ready", SESSION, "ready"),
        ("ready after a recreation: the job state is a filler", At { job: "FINISHED", ..SESSION }, "ready"),
        ("job state while the JobManager was down", At { job: "RECONCILING", ..SESSION }, "ready"),
        ("ready, not confirmed", At { lifecycle: "DEPLOYED", ..SESSION }, "waiting"),
        ("starting", At { lifecycle: "DEPLOYED", job_manager: "DEPLOYING", ..SESSION }, "waiting"),
        ("stable at once, but starting", At { job_manager: "DEPLOYING", ..SESSION }, "waiting"),
        ("being recreated", At { reconciliation: "UPGRADING", lifecycle: "UPGRADING", job_manager: "MISSING", ..SESSION }, "waiting"),
        ("not taken up", At { observed: 1, ..SESSION }, "waiting"),
        ("rejected", At { observed: 1, error: VALIDATION, ..SESSION }, "failed"),
        ("cannot start", At { job_manager: "ERROR", lifecycle: "DEPLOYED", error: CRASH, ..SESSION }, "failing: crash"),
    ]);
}

// One row, one line: a table is read down its columns.
#[rustfmt::skip]
#[test]
fn suspended_jobs() {
    let half = At {
        lifecycle: "UPGRADING",
        reconciliation: "UPGRADING",
        job: "CANCELED",
        observed: 1,
        ..SUSPENDED
    };
    check(&[
        ("suspended, native", SUSPENDED, "ready"),
        ("suspended, its JobManager gone", At { job_manager: "MISSING", ..SUSPENDED }, "ready"),
        ("a failed job suspended", At { job: "FAILED", ..SUSPENDED }, "ready"),
        ("not yet", At { want: "suspended", observed: 1, ..RUNNING }, "waiting"),
        ("half-way for ever (FLINK-40164)", half, "settling"),
        ("cancelling", At { job: "CANCELLING", ..half }, "waiting"),
        ("savepoint fails", At { want: "suspended", observed: 1, error: UPGRADE, ..RUNNING }, "failing: upgrade"),
        ("rejected", At { want: "suspended", observed: 1, error: VALIDATION, ..RUNNING }, "failed"),
        ("suspended before, an edit not taken up", At { observed: 1, ..SUSPENDED }, "waiting"),
        ("resumed, not taken up", At { want: "running", observed: 1, ..SUSPENDED }, "waiting"),
        ("created suspended and rejected", At { reconciled: "", observed: 0, lifecycle: "FAILED", error: VALIDATION, ..SUSPENDED }, "failed"),
        ("created suspended and mended", At { reconciled: "", observed: 0, lifecycle: "CREATED", job: "", ..SUSPENDED }, "settling"),
    ]);
}

#[test]
fn without_a_status() {
    let mut fresh = deployment(RUNNING);
    fresh.status = None;
    let look = |deployment: &FlinkDeployment| word(&progress(deployment, &Baseline::default()));
    assert_eq!(look(&fresh), "failing: no status");
    fresh.spec.job.as_mut().unwrap().state = Some(crate::operator::JobState::Suspended);
    assert_eq!(look(&fresh), "settling");
    fresh.metadata.finalizers = None;
    assert_eq!(look(&fresh), "failing: no operator");
    fresh.metadata.finalizers = Some(vec!["example.com/backup".into()]);
    assert_eq!(look(&fresh), "failing: no operator");
}

#[test]
fn what_was_so_before_the_write_is_no_verdict_on_it() {
    let rejected = deployment(At {
        observed: 1,
        error: VALIDATION,
        ..RUNNING
    });
    let baseline = Baseline::of(&rejected);
    assert_eq!(word(&progress(&rejected, &baseline)), "failing: rejected");

    let manual = deployment(At {
        observed: 1,
        error: MANUAL,
        ..RUNNING
    });
    assert_eq!(word(&progress(&manual, &Baseline::of(&manual))), "failing: upgrade");

    let gone = deployment(At {
        job: "FINISHED",
        job_manager: "MISSING",
        ..RUNNING
    });
    assert_eq!(word(&progress(&gone, &Baseline::of(&gone))), "ready");
}

#[test]
fn a_job_that_the_operator_restarts_is_waited_for() {
    let mut failed = deployment(At {
        job: "FAILED",
        lifecycle: "FAILED",
        ..RUNNING
    });
    let keys = [("kubernetes.operator.job.restart.failed".to_owned(), "true".to_owned())];
    failed.spec.flink_configuration = Some(crate::operator::FlinkConfiguration(keys.into()));
    assert_eq!(word(&progress(&failed, &Baseline::default())), "failing: restarts");
}

/// Pods explain what the status is silent about, and never change what it says clearly.
#[test]
fn what_pods_say() {
    let pods = |status: Value| vec![Pod::of(json!({"metadata": {"name": "orders-1"}, "status": status}))];
    let no_node = pods(json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}));
    let never_pulled = pods(json!({"containerStatuses": [
        {"name": "a", "ready": false, "state": {"waiting": {"reason": "ErrImageNeverPull"}}}]}));
    let well = pods(json!({"containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}]}));
    let starting = At {
        lifecycle: "DEPLOYED",
        job: "RECONCILING",
        job_manager: "DEPLOYING",
        ..RUNNING
    };
    let created = At {
        lifecycle: "DEPLOYED",
        job: "CREATED",
        ..RUNNING
    };
    for (what, at, pods, expected) in [
        ("starting", starting, &well, "waiting"),
        (
            "starting, an image is never pulled",
            starting,
            &never_pulled,
            "failing: image",
        ),
        ("starting, no node", starting, &no_node, "failing: unschedulable"),
        ("no TaskManager", created, &no_node, "failing: unschedulable"),
        (
            "no TaskManager, restarting",
            At {
                job: "RESTARTING",
                ..created
            },
            &no_node,
            "failing: unschedulable",
        ),
        (
            "restarting",
            At {
                job: "RESTARTING",
                ..created
            },
            &well,
            "failing: restarts",
        ),
        ("runs, one more TaskManager has no node", RUNNING, &no_node, "ready"),
        (
            "the operator says more",
            At {
                job_manager: "ERROR",
                error: CRASH,
                ..starting
            },
            &no_node,
            "failing: crash",
        ),
        (
            "not taken up: the pods are those of before",
            At { observed: 1, ..RUNNING },
            &no_node,
            "waiting",
        ),
        (
            "failed",
            At {
                job: "FAILED",
                lifecycle: "FAILED",
                ..RUNNING
            },
            &no_node,
            "failed",
        ),
        (
            "a session cluster",
            At {
                lifecycle: "DEPLOYED",
                job_manager: "DEPLOYING",
                ..SESSION
            },
            &no_node,
            "failing: unschedulable",
        ),
        ("a session cluster that answers", SESSION, &no_node, "ready"),
    ] {
        let progress = progress_with_pods(&deployment(at), &Baseline::default(), pods);
        assert_eq!(word(&progress), expected, "{what}: {progress:?}");
    }
}

#[test]
fn reasons_hide_the_secrets_of_the_configuration_before_they_are_cut() {
    let secret = "s3cr3t".repeat(20);
    let message = format!("{} {secret} {}", "a".repeat(330), "b".repeat(400));
    let error = json!({"type": "a.ReconciliationException", "message": message}).to_string();
    let mut failing = deployment(At {
        lifecycle: "UPGRADING",
        reconciliation: "UPGRADING",
        ..RUNNING
    });
    failing.status.as_mut().unwrap().error = Some(error);
    let keys = [("s3.secret-key".to_owned(), secret)];
    failing.spec.flink_configuration = Some(crate::operator::FlinkConfiguration(keys.into()));
    let Progress::Failing { why, .. } = progress(&failing, &Baseline::default()) else {
        panic!("not failing")
    };
    assert!(!why.contains("s3cr3t") && why.contains("(hidden)"), "{why}");
    assert!(why.contains("characters left out") && why.len() < 800, "{why}");
}

#[test]
fn what_is_being_deleted_never_becomes_ready() {
    let mut deleted: FlinkDeployment = deployment(RUNNING);
    deleted.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(word(&progress(&deleted, &Baseline::default())), "failed");
}

#[test]
fn reasons_carry_the_operators_words() {
    let crash = deployment(At {
        job_manager: "ERROR",
        error: CRASH,
        ..RUNNING
    });
    let Progress::Failing { why, .. } = progress(&crash, &Baseline::default()) else {
        panic!("not failing")
    };
    assert_eq!(why, "the JobManager cannot start: CrashLoopBackOff: back-off 20s");
}
