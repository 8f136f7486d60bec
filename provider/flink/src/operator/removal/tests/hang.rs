//! What holds up a deletion, one row for each cause: section by section what the operator does with finalizers.

use super::*;
use crate::kubernetes::events::EventSeen;
use crate::operator::FlinkSessionJob;
use crate::operator::status::JobStatus;
use crate::testing::session_job;

const BEFORE: &str = "2025-12-31T00:00:00Z";
const AFTER: &str = "2026-01-02T00:00:00Z";

fn said(reason: &str, message: &str, at: &str) -> EventSeen {
    EventSeen {
        about: "FlinkDeployment orders".into(),
        reason: reason.into(),
        message: message.into(),
        warning: true,
        count: 7,
        last: Some(at.parse().unwrap()),
    }
}

/// A deployment on its way out, with changes.
fn going(change: impl Fn(&mut Value)) -> FlinkDeployment {
    let mut object = live("1");
    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    change(&mut object);
    serde_json::from_value(object).unwrap()
}

#[test]
fn every_hang_is_recognised() {
    let cleanup = || vec![said("Cleanup", "Cleaning up FlinkDeployment", AFTER)];
    let failed = |message: &str| vec![said("Cleanup", "", AFTER), said("CleanupFailed", message, AFTER)];
    let with_savepoint = |job: &'static str| {
        going(move |object| {
            object["spec"]["flinkConfiguration"]["kubernetes.operator.job.savepoint-on-deletion"] = json!("true");
            object["status"]["jobStatus"]["state"] = json!(job);
        })
    };
    let finalizers = |finalizers: Value| going(move |object| object["metadata"]["finalizers"] = finalizers.clone());
    let session = "The session jobs [a, b] should be deleted first";
    let unmanaged = "The session cluster has non terminated jobs [a1] that should be cancelled first";
    let rows: Vec<(&str, FlinkDeployment, Vec<EventSeen>, bool, Hang)> = vec![
        (
            "session jobs",
            going(|_| {}),
            failed(session),
            false,
            Hang::SessionJobs(session.into()),
        ),
        (
            "unmanaged jobs",
            going(|_| {}),
            failed(unmanaged),
            false,
            Hang::UnmanagedJobs(unmanaged.into()),
        ),
        (
            "another reason",
            going(|_| {}),
            failed("no quota"),
            false,
            Hang::Cleanup("no quota".into()),
        ),
        (
            "a savepoint of a job that does not run",
            with_savepoint("RESTARTING"),
            cleanup(),
            false,
            Hang::SavepointOnDeletion {
                job: Some(JobStatus::Restarting),
                attempts: 7,
            },
        ),
        (
            "a savepoint that fails",
            with_savepoint("RUNNING"),
            cleanup(),
            false,
            Hang::SavepointOnDeletion { job: None, attempts: 7 },
        ),
        (
            "a job that does not end",
            going(|object| object["status"]["jobStatus"]["state"] = json!("CANCELLING")),
            cleanup(),
            false,
            Hang::Cancelling,
        ),
        (
            "another controller",
            finalizers(json!([
                "flinkdeployments.flink.apache.org/finalizer",
                "example.com/backup"
            ])),
            vec![],
            false,
            Hang::ForeignFinalizer("example.com/backup".into()),
        ),
        (
            "in the foreground",
            finalizers(json!(["foregroundDeletion"])),
            cleanup(),
            false,
            Hang::Dependents,
        ),
        ("its namespace goes, too", going(|_| {}), vec![], true, Hang::Namespace),
        (
            "the operator does not say why",
            going(|_| {}),
            cleanup(),
            false,
            Hang::Retrying { attempts: 7 },
        ),
        ("the operator is away", going(|_| {}), vec![], false, Hang::NotBegun),
        (
            "the operator is away since the last trouble",
            going(|_| {}),
            vec![said("CleanupFailed", session, BEFORE)],
            false,
            Hang::NotBegun,
        ),
    ];
    for (what, object, events, namespace_going, expected) in rows {
        assert_eq!(what_holds(&object, &events, namespace_going), expected, "{what}");
        assert!(!expected.to_string().contains("remove the finalizer"), "{what}");
    }
}

#[test]
fn a_session_job_hangs_on_its_cluster() {
    let missing = Progress::Failing {
        why: "there is no FlinkDeployment `session`".into(),
        cause: CLUSTER_MISSING.into(),
        grace: Duration::ZERO,
    };
    let away = Progress::waiting("its session cluster `session` is not ready");
    let job = |state: &str, error: Value| -> FlinkSessionJob {
        let mut object = session_job("1", json!({}), running());
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        object["status"]["jobStatus"]["state"] = json!(state);
        object["status"]["error"] = error;
        serde_json::from_value(object).unwrap()
    };
    let (running, lost) = (job("RUNNING", Value::Null), job("RECONCILING", json!("Job Not Found")));
    let events = [said("Cleanup", "Cleaning up FlinkSessionJob", AFTER)];
    let gone = || Hang::ClusterGone("there is no FlinkDeployment `session`".into());
    let not_ready = || Hang::ClusterNotReady("its session cluster `session` is not ready".into());
    for (what, job, cluster, expected) in [
        ("up to 1.14, without its cluster", &running, &missing, gone()),
        (
            "with high availability, a cluster that is down",
            &running,
            &away,
            not_ready(),
        ),
        (
            "up to 1.14, a job that its cluster has lost",
            &lost,
            &Progress::Ready,
            Hang::JobGone,
        ),
        (
            "nothing wrong with the cluster",
            &running,
            &Progress::Ready,
            Hang::Retrying { attempts: 7 },
        ),
    ] {
        assert_eq!(what_holds(job, &events, false).on_cluster(cluster), expected, "{what}");
    }
    // What the operator itself says counts more.
    let said = [said("CleanupFailed", "why", AFTER)];
    assert_eq!(
        what_holds(&running, &said, false).on_cluster(&away),
        Hang::Cleanup("why".into())
    );
}
