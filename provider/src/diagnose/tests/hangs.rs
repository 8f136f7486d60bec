//! What is said of deletions that do not end.

use flink_client::operator::JobStatus;

use super::*;

/// One row for each reason that a deletion can have not to end: what to do about it, and never at a finalizer.
#[test]
fn deletions_that_do_not_end() {
    let block = Deployment::block();
    let text = str::to_owned;
    let rows = [
        (
            Hang::SessionJobs(text("The session jobs [a] should be deleted first")),
            "Delete these session jobs",
        ),
        (Hang::UnmanagedJobs(text("non terminated jobs [a1]")), "flink cancel"),
        (Hang::Cleanup(text("no quota")), "what the operator says"),
        (
            Hang::ForeignFinalizer(text("example.com/backup")),
            "the controller that has set it",
        ),
        (Hang::Dependents, "still being deleted"),
        (
            Hang::SavepointOnDeletion {
                job: Some(JobStatus::Restarting),
                attempts: 3,
            },
            "kubernetes.operator.job.savepoint-on-deletion\":\"false",
        ),
        (
            Hang::SavepointOnDeletion { job: None, attempts: 3 },
            "so that the savepoint can be taken",
        ),
        (Hang::Cancelling, "which task does not end"),
        (
            Hang::ClusterNotReady(text("its session cluster is not ready")),
            "Bring the session cluster back",
        ),
        (Hang::ClusterGone(text("there is no session cluster")), "1.15"),
        (Hang::JobGone, "1.15"),
        (Hang::Namespace, "its role in the namespace"),
        (Hang::Retrying { attempts: 3 }, "log says more"),
        (Hang::NotBegun, "watches this namespace"),
        (Hang::NotWatched(text("stopped on request")), "Then destroy again"),
    ];
    for (hang, part) in rows {
        let error = RemoveError::StillThere {
            namespace: text("flink"),
            name: text("orders"),
            hang,
            state: None,
        };
        let said = remove(&error, &block);
        let detail = said.iter().next().unwrap().detail.clone();
        assert!(detail.contains("Finalizers are never removed"), "{detail}");
        check(said, "", "Deletion does not end", part);
    }
}
