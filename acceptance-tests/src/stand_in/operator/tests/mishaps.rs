//! What the replay of the recordings does not show: the sentences that are known of recordings which are not here.

use super::*;
use crate::stand_in::parts::{Change, Part};
use crate::stand_in::simulation::Mishap;

/// Lifecycle state, job state and class of the error of what was seen, in order.
fn told(rehearsal: &Rehearsal, skip: usize) -> Vec<String> {
    let words = rehearsal.sights("app").into_iter().skip(skip).map(|sight| {
        let words =
            [sight.lifecycle, sight.job, sight.error].map(|word| if word.is_empty() { "-".into() } else { word });
        words.join(" ")
    });
    let mut lines: Vec<_> = words.collect();
    lines.dedup();
    lines
}

fn count(rehearsal: &Rehearsal, reason: &str) -> usize {
    reasons(rehearsal).iter().filter(|found| *found == reason).count()
}

/// Almost always UPGRADING with an error. At each try the error is away for a moment, and of a first version even what
/// was noted as reconciled; the job gets a new id each time.
#[test]
fn a_submission_that_kubernetes_refuses_is_tried_again_and_again() {
    let mut rehearsal = Rehearsal::default();
    rehearsal.refuse_submissions(Some("spec.template.spec.containers[0].resources: Invalid value"));
    rehearsal.create("app", application("stateless", json!({})));
    rehearsal.pass(6.0);
    let tries = [
        "- - -",
        "UPGRADING - -",
        "UPGRADING - ReconciliationException",
        "FAILED - ReconciliationException",
        "UPGRADING - -",
        "UPGRADING - ReconciliationException",
    ];
    assert_eq!(told(&rehearsal, 0), tries);
    let id = |rehearsal: &Rehearsal| rehearsal.status("app").unwrap().job_status.job_id.clone();
    let before = id(&rehearsal);
    rehearsal.pass(5.0);
    assert_ne!(id(&rehearsal), before);
    assert_eq!(count(&rehearsal, "Error"), 3);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.observed_generation, Some(1));
    assert_eq!(status.reconciliation_status.state, ReconciliationState::Upgrading);
    assert!(status.error.as_ref().unwrap().contains("resources: Invalid value"));
    assert_eq!(status.reconciled().unwrap().spec.job_state(), Some(JobState::Suspended));
    assert!(rehearsal.changes("app").is_empty(), "nothing of it was made");

    rehearsal.refuse_submissions(None);
    rehearsal.pass(30.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!((status.lifecycle(), &status.error), (Lifecycle::Stable, &None));

    // The same with an update: the old job is over, the new one never comes.
    let seen = rehearsal.sights("app").len();
    rehearsal.refuse_submissions(Some("Invalid value"));
    rehearsal.patch("app", &json!({ "image": "flink:1.20.5" }));
    rehearsal.pass(9.0);
    let tries = [
        "STABLE RUNNING -",
        "UPGRADING FINISHED -",
        "UPGRADING FINISHED ReconciliationException",
        "UPGRADING FINISHED -",
        "UPGRADING FINISHED ReconciliationException",
    ];
    assert_eq!(told(&rehearsal, seen), tries);
    rehearsal.refuse_submissions(None);
    rehearsal.pass(30.0);
    assert_eq!(lifecycle(&rehearsal), Lifecycle::Stable);
}

/// The job keeps running, the generation stays unobserved; in each loop the error is away for a moment.
#[test]
fn an_upgrade_that_cannot_take_its_savepoint_leaves_the_job_alone() {
    let mut rehearsal = running(application("savepoint", json!({})));
    let seen = rehearsal.sights("app").len();
    rehearsal.fail_savepoints(true);
    rehearsal.patch("app", &json!({ "job": { "parallelism": 2 } }));
    rehearsal.pass(12.0);
    let loops = ["STABLE RUNNING -", "STABLE RUNNING UpgradeFailureException"].repeat(3);
    assert_eq!(told(&rehearsal, seen), loops);
    assert_eq!(count(&rehearsal, "SavepointError"), 3);
    assert_eq!(rehearsal.status("app").unwrap().observed_generation, Some(1));
    rehearsal.fail_savepoints(false);
    rehearsal.pass(40.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(
        (status.lifecycle(), status.observed_generation),
        (Lifecycle::Stable, Some(2))
    );
}

/// A volume that cannot be mounted at once is an error for some seconds, and mends itself.
#[test]
fn a_mount_error_passes() {
    let mount = Mishap {
        mount: true,
        slow: false,
    };
    let mut rehearsal = Rehearsal::default();
    rehearsal.expect_mishap("app", 0, mount);
    rehearsal.create("app", application("stateless", json!({})));
    rehearsal.pass(3.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.job_manager_deployment_status, JobManagerStatus::Error);
    assert!(status.error.as_ref().unwrap().contains("FailedMount"));
    rehearsal.pass(5.5);
    let status = rehearsal.status("app").unwrap();
    assert_ne!(status.job_manager_deployment_status, JobManagerStatus::Error);
    assert!(status.error.is_some(), "until the job runs");
    rehearsal.pass(20.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!((status.lifecycle(), &status.error), (Lifecycle::Stable, &None));
}

/// Its own status does not change while the JobManager's pod is replaced, and not if that takes longer than an interval.
#[test]
fn a_session_cluster_does_not_show_that_its_job_manager_was_killed() {
    let mut spec = application("stateless", json!({}));
    spec.as_object_mut().unwrap().remove("job");
    let mut rehearsal = running(spec);
    let seen = rehearsal.sights("app").len();
    rehearsal.kill_job_manager("app");
    rehearsal.pass(30.0);
    assert_eq!(rehearsal.sights("app").len(), seen);
}

#[test]
fn what_blocks_the_deletion_of_a_session_cluster_can_be_switched_off() {
    let unmanaged = "kubernetes.operator.session.deletion.block-on-unmanaged-jobs";
    let all = "kubernetes.operator.session.deletion.block-on-session-jobs";
    for (settings, blocked_by_session_job, blocked_by_unmanaged) in [
        (json!({}), true, true),
        (json!({ unmanaged: "false" }), true, false),
        (json!({ all: "false" }), false, false),
    ] {
        for (session_job, blocked) in [(true, blocked_by_session_job), (false, blocked_by_unmanaged)] {
            let mut spec = application("stateless", settings.clone());
            spec.as_object_mut().unwrap().remove("job");
            let mut rehearsal = running(spec);
            if session_job {
                rehearsal.session_job("app", "report");
            } else {
                rehearsal.run_job("app", "10c7d43d64622fddfd8c7ba668f507a1");
            }
            rehearsal.delete("app");
            rehearsal.pass(20.0);
            let gone = rehearsal.sights("app").last().unwrap().gone;
            assert_eq!(gone, !blocked, "{settings}, session job: {session_job}");
            assert_eq!(count(&rehearsal, "CleanupFailed") > 0, blocked);
        }
    }
}

/// A JobManager whose Deployment somebody removed comes back, with its state where that is known.
#[test]
fn a_job_manager_that_was_removed_is_deployed_again() {
    let highly_available = json!({ "high-availability.type": "kubernetes" });
    for (mode, settings, comes_back, same_job) in [
        ("stateless", json!({}), true, false),
        ("last-state", highly_available, true, true),
        ("savepoint", json!({}), false, false),
    ] {
        let mut rehearsal = running(application(mode, settings));
        let id = rehearsal.status("app").unwrap().job_status.job_id.clone();
        rehearsal.lose_job_manager("app");
        rehearsal.pass(40.0);
        let status = rehearsal.status("app").unwrap();
        let expected = if comes_back {
            Lifecycle::Stable
        } else {
            Lifecycle::Failed
        };
        assert_eq!(status.lifecycle(), expected, "{mode}: {:?}", status.error);
        assert_eq!(
            count(&rehearsal, "RecoverDeployment"),
            usize::from(comes_back),
            "{mode}"
        );
        assert_eq!(status.job_status.job_id == id, same_job || !comes_back, "{mode}");
    }
}

/// What high availability remembers stays for the next JobManager, and goes with the deployment.
#[test]
fn metadata_outlives_its_cluster_only_where_it_is_needed() {
    let settings = json!({ "high-availability.type": "kubernetes" });
    for (mode, change, kept) in [
        ("last-state", json!({ "image": "flink:1.20.5" }), true),
        ("last-state", json!({ "job": { "state": "suspended" } }), true),
        ("savepoint", json!({ "image": "flink:1.20.5" }), false),
        ("stateless", json!({ "image": "flink:1.20.5" }), false),
    ] {
        let mut rehearsal = running(application(mode, settings.clone()));
        let id = rehearsal.status("app").unwrap().job_status.job_id.clone().unwrap();
        let before = rehearsal.changes("app").len();
        rehearsal.patch("app", &change);
        rehearsal.pass(40.0);
        let changes: Vec<_> = rehearsal
            .changes("app")
            .drain(before..)
            .map(|(_, change)| change)
            .collect();
        for part in [Part::ClusterMetadata, Part::JobMetadata(id)] {
            let removed = changes.contains(&Change::Removed(part.clone()));
            assert_eq!(removed, !kept, "{mode} {change}: {part:?} in {changes:?}");
        }
        assert!(changes.contains(&Change::Removed(Part::FlinkConfig)), "{mode} {change}");
        rehearsal.delete("app");
        rehearsal.pass(10.0);
        let left = rehearsal
            .changes("app")
            .into_iter()
            .fold(0_i32, |left, (_, change)| match change {
                Change::Made(_) => left + 1,
                Change::Removed(_) => left - 1,
            });
        assert_eq!(left, 0, "{mode} {change}");
    }
}

/// Without metadata there is no last state: a job that runs is cancelled, and starts from its last checkpoint.
#[test]
fn without_its_metadata_a_job_is_upgraded_by_its_last_checkpoint() {
    let mut rehearsal = running(application(
        "last-state",
        json!({ "high-availability.type": "kubernetes" }),
    ));
    rehearsal.remove_metadata("app");
    rehearsal.patch("app", &json!({ "image": "flink:1.20.5" }));
    rehearsal.pass(40.0);
    let status = rehearsal.status("app").unwrap();
    assert_eq!(status.lifecycle(), Lifecycle::Stable);
    let path = status.job_status.upgrade_savepoint_path.as_deref().unwrap();
    assert!(path.contains("/chk-"), "{path}");
}
