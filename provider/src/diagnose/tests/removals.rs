//! What is said of removals that did not take place, or do not end.

use flink_client::kubernetes::DeleteError;
use flink_client::operator::JobStatus;
use flink_client::operator::hand_over::LeaveError;
use flink_client::operator::removal::{Hang, PutBack, Refusal, RemoveError};

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

#[test]
fn deletions_and_removals_that_did_not_take_place() {
    let (kind, namespace, name) = ("FlinkDeployment", text("team"), text("orders"));
    let block = Deployment::block();
    let replaced = DeleteError::Replaced {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
        expected: text("a"),
        found: text("b"),
    };
    check(
        delete(&replaced, &block),
        "",
        "Object was created anew",
        "Nothing was deleted",
    );
    let changed = DeleteError::Changed {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
    };
    check(
        delete(&changed, &block),
        "",
        "Object changed while it was being deleted",
        "Nothing was deleted",
    );

    let cases = [
        (
            RemoveError::WouldLoseState {
                namespace: namespace.clone(),
                name: name.clone(),
                refusal: Refusal::SuspendedWithoutPath,
            },
            "Destroying it would lose the state of the job",
            "Resume the job first",
        ),
        (
            RemoveError::NotSaved {
                namespace: namespace.clone(),
                name: name.clone(),
                reason: text("no directory"),
                put_back: PutBack::Done,
            },
            "No savepoint, nothing was deleted",
            "the job was told to run on",
        ),
        (
            RemoveError::NotSaved {
                namespace: namespace.clone(),
                name: name.clone(),
                reason: text("no directory"),
                put_back: PutBack::Failed(text("cut")),
            },
            "No savepoint, nothing was deleted",
            "terraform apply",
        ),
        (
            RemoveError::WouldLoseState {
                namespace: namespace.clone(),
                name: name.clone(),
                refusal: Refusal::NoSavepointDirectory,
            },
            "Destroying it would lose the state of the job",
            "`state.savepoints.dir`",
        ),
        (
            RemoveError::WouldLoseState {
                namespace: namespace.clone(),
                name: name.clone(),
                refusal: Refusal::SuccessorUnknown,
            },
            "Destroying it would lose the state of the job",
            "-target",
        ),
        (
            RemoveError::NotHandedOver {
                namespace: namespace.clone(),
                name: name.clone(),
                source: Box::new(LeaveError::Kubernetes(KubernetesError::DefinitionMissing {
                    server: text("https://api.example.com"),
                    resource: text("flinkstatesnapshots.flink.apache.org"),
                })),
                put_back: PutBack::NotNeeded,
            },
            "State cannot be handed over, nothing was deleted",
            "`flink_savepoint`",
        ),
        (
            RemoveError::NotHandedOver {
                namespace: namespace.clone(),
                name: name.clone(),
                source: Box::new(LeaveError::Create(CreateError::Exists {
                    kind: "FlinkStateSnapshot",
                    namespace: text("flink"),
                    name: text("orders-flinkdeployment-hand-over"),
                    uid: text("a"),
                    ours: false,
                    managers: vec![text("kubectl")],
                })),
                put_back: PutBack::Done,
            },
            "State cannot be handed over, nothing was deleted",
            "needs that name",
        ),
        (
            RemoveError::StillThere {
                namespace: namespace.clone(),
                name: name.clone(),
                hang: Hang::NotBegun,
                state: Some(text("s3://flink/savepoints/1")),
            },
            "Deletion does not end",
            "`s3://flink/savepoints/1`",
        ),
    ];
    for (error, summary, part) in cases {
        check(remove(&error, &block), "", summary, part);
    }
    let not_deleted = RemoveError::NotDeleted {
        source: changed,
        put_back: PutBack::Failed(text("cut")),
        state: Some(text("s3://flink/savepoints/1")),
    };
    let said: Vec<String> = remove(&not_deleted, &block)
        .iter()
        .map(|said| said.detail.clone())
        .collect();
    assert_eq!(
        said.len(),
        3,
        "what failed, what became of the job, and where its state is: {said:?}"
    );
    assert!(said[2].contains("`s3://flink/savepoints/1`"), "{said:?}");
    assert!(said[1].contains("still asked to be suspended"), "{said:?}");
}
