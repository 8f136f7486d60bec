//! What can hold up a deletion that the API server has taken up. An object stays until its finalizers are done, and that of
//! the operator has reasons of its own. Each is recognised by what the object, its events and its surroundings show; none is
//! mended by removing a finalizer, which would leave pods and state behind.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;

use crate::kubernetes::events::EventSeen;
use crate::operator::job_resource::JobResource;
use crate::operator::progress::CLUSTER_MISSING;
use crate::operator::status::JobStatus;
use crate::text::cut_middle;
use crate::wait::Progress;

/// The operator's switch for a savepoint of its own at every deletion.
const SAVEPOINT_ON_DELETION: &str = "kubernetes.operator.job.savepoint-on-deletion";

/// The longest text of the operator that is repeated.
const LONGEST: usize = 500;

/// What holds up a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hang {
    /// Session jobs keep their cluster; the operator's words name them.
    SessionJobs(String),
    /// Jobs without an object keep their cluster; the operator's words name them.
    UnmanagedJobs(String),
    /// Another reason that the operator gives.
    Cleanup(String),
    /// A finalizer of another controller is not done.
    ForeignFinalizer(String),
    /// Kubernetes waits until everything that belongs to the object is gone.
    Dependents,
    /// The operator is to take a savepoint at the deletion, and does not get it.
    SavepointOnDeletion {
        /// The state of the job, where it is not running.
        job: Option<JobStatus>,
        /// How often it has tried.
        attempts: i32,
    },
    /// The job is being cancelled.
    Cancelling,
    /// The session cluster of a job is not ready, and is waited for; why it is not.
    ClusterNotReady(String),
    /// The session cluster of a job is gone; operators up to 1.14 do not get over that.
    ClusterGone(String),
    /// The cluster does not know the job any more; operators up to 1.14 do not get over that.
    JobGone,
    /// The namespace is being deleted, and the operator's rights in it may be gone already.
    Namespace,
    /// The operator tries, and does not say what is in the way.
    Retrying {
        /// How often it has tried.
        attempts: i32,
    },
    /// The operator has not begun.
    NotBegun,
    /// It was not waited for to the end; why.
    NotWatched(String),
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionJobs(message) | Self::UnmanagedJobs(message) | Self::Cleanup(message) => {
                write!(f, "the operator cannot clean up: {message}")
            }
            Self::ForeignFinalizer(finalizer) => {
                write!(f, "the finalizer `{finalizer}` of another controller is not done")
            }
            Self::Dependents => f.write_str(
                "it was deleted in the foreground, and Kubernetes waits until everything that belongs to it is gone",
            ),
            Self::SavepointOnDeletion { job: Some(job), .. } => write!(
                f,
                "`{SAVEPOINT_ON_DELETION}` is set, and the job is {job}: the operator waits until it can take a savepoint"
            ),
            Self::SavepointOnDeletion { job: None, attempts } => write!(
                f,
                "`{SAVEPOINT_ON_DELETION}` is set, and the operator has tried {attempts} times to stop the job with a \
                 savepoint"
            ),
            Self::Cancelling => f.write_str("the job is being cancelled, and does not end"),
            Self::ClusterNotReady(why) => write!(f, "the operator waits for the session cluster of the job: {why}"),
            Self::ClusterGone(why) => write!(
                f,
                "{why}, and operators up to 1.14 try for ever to cancel the job of a cluster that is gone (FLINK-37766)"
            ),
            Self::JobGone => f.write_str(
                "its session cluster does not know the job any more, and operators up to 1.14 try for ever to cancel it \
                 (FLINK-37766)",
            ),
            Self::Namespace => f.write_str(
                "its namespace is being deleted, and what the operator needs there to clean up, such as its role binding, \
                 may be gone already",
            ),
            Self::Retrying { attempts } => {
                write!(f, "the operator has tried {attempts} times to clean up; its log says why")
            }
            Self::NotBegun => f.write_str(
                "the operator has not begun to clean up: it may be down, or no longer watch this namespace",
            ),
            Self::NotWatched(why) => f.write_str(why),
        }
    }
}

/// What holds up the deletion of an object, from the object and the events about it. `namespace_going` says whether its
/// namespace is being deleted as well.
pub fn what_holds<K: JobResource>(object: &K, events: &[EventSeen], namespace_going: bool) -> Hang {
    if let Some(told) = told(object.metadata(), events) {
        return told;
    }
    let deleted_at = deleted_at(object.metadata());
    let last = |reason: &str| {
        let since = events.iter().filter(|event| is_since(event, deleted_at));
        since.rev().find(|event| event.reason == reason)
    };
    let job = object.reported().and_then(|reported| reported.job_status.state.clone());
    let attempts = last("Cleanup").map(|cleanup| cleanup.count);
    match (attempts, job) {
        (Some(attempts), job) if object.is_on(SAVEPOINT_ON_DELETION) => Hang::SavepointOnDeletion {
            job: job.filter(|job| *job != JobStatus::Running),
            attempts,
        },
        (Some(_), Some(JobStatus::Cancelling)) => Hang::Cancelling,
        (Some(_), _) if object.is_lost() => Hang::JobGone,
        (_, _) if namespace_going => Hang::Namespace,
        (Some(attempts), _) => Hang::Retrying { attempts },
        (None, _) => Hang::NotBegun,
    }
}

/// What holds up the deletion of any object of the operator, where its events or its finalizers tell.
pub(in crate::operator) fn told(metadata: &ObjectMeta, events: &[EventSeen]) -> Option<Hang> {
    let deleted_at = deleted_at(metadata);
    let failed = |event: &&EventSeen| event.reason == "CleanupFailed" && is_since(event, deleted_at);
    if let Some(failed) = events.iter().rev().find(failed) {
        let message = cut_middle(&failed.message, LONGEST);
        return Some(if message.contains("session jobs") {
            Hang::SessionJobs(message)
        } else if message.contains("non terminated jobs") {
            Hang::UnmanagedJobs(message)
        } else {
            Hang::Cleanup(message)
        });
    }
    let finalizers = metadata.finalizers.as_deref().unwrap_or_default();
    let is_operators = |finalizer: &String| finalizer.contains("flink.apache.org");
    let foreign = |finalizer: &&String| !is_operators(finalizer) && !is_kubernetes(finalizer);
    if let Some(foreign) = finalizers.iter().find(foreign) {
        return Some(Hang::ForeignFinalizer(foreign.clone()));
    }
    let dependents = finalizers.iter().any(|finalizer| is_kubernetes(finalizer));
    (dependents && !finalizers.iter().any(is_operators)).then_some(Hang::Dependents)
}

fn deleted_at(metadata: &ObjectMeta) -> Option<Timestamp> {
    metadata.deletion_timestamp.as_ref().map(|time| time.0)
}

fn is_since(event: &EventSeen, time: Option<Timestamp>) -> bool {
    event.last.is_none() || event.last >= time
}

/// Finalizers that are Kubernetes' own.
fn is_kubernetes(finalizer: &str) -> bool {
    ["foregroundDeletion", "orphan"].contains(&finalizer)
}

impl Hang {
    /// The same for a session job, whose operator looks at its cluster first.
    #[must_use]
    pub(super) fn on_cluster(self, cluster: &Progress) -> Self {
        if !matches!(
            self,
            Self::Retrying { .. } | Self::NotBegun | Self::SavepointOnDeletion { .. } | Self::Cancelling
        ) {
            return self;
        }
        match cluster {
            Progress::Failing { why, cause, .. } if cause == CLUSTER_MISSING => Self::ClusterGone(why.clone()),
            Progress::Waiting(why) | Progress::Failing { why, .. } | Progress::Failed(why) => {
                Self::ClusterNotReady(why.clone())
            }
            Progress::Ready | Progress::Settling { .. } => self,
        }
    }
}
