//! How long things take, in the time of the recordings.
//!
//! The recordings were made with short timers (reconcile interval 5 s, progress check 2 s, REST delay
//! 2 s) on one small machine. The stand-in multiplies all of this by one number, the time factor of
//! its options. Inside it is kept as the speed, its inverse.

use std::time::Duration;

/// Between two looks at something settled: `kubernetes.operator.reconcile.interval`.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Between two looks at something in progress: `kubernetes.operator.observer.progress-check.interval`.
pub const PROGRESS: Duration = Duration::from_secs(2);
/// From a ready pod to the first REST call: `kubernetes.operator.observer.rest-ready.delay`.
pub const REST_READY: Duration = Duration::from_secs(2);
/// From a change of an object to the operator's reaction.
pub const REACTION: Duration = Duration::from_millis(50);
/// From a status that says deploying to the first look at the new pod.
pub const AT_ONCE: Duration = Duration::from_millis(40);

/// Creating the Kubernetes objects of a cluster.
pub const DEPLOY: Duration = Duration::from_millis(300);
/// Deleting them and waiting until the pods are gone.
pub const TEAR_DOWN: Duration = Duration::from_secs(2);
/// A stop with savepoint of an example job.
pub const STOP: Duration = Duration::from_millis(300);
/// From the Kubernetes objects to a JobManager whose pod is ready. The quickest recorded; many took 20 s.
pub const START: Duration = Duration::from_secs(5);
/// From the Kubernetes objects to a TaskManager that offers its slots; until then the job is CREATED.
pub const SLOTS: Duration = Duration::from_secs(12);
/// From the Kubernetes objects to a job that gives up waiting for slots.
pub const NO_SLOTS: Duration = Duration::from_secs(35);
/// From the Kubernetes objects to the first complaint about an image.
pub const IMAGE_PULL: Duration = Duration::from_millis(2500);
/// A container that ends at once: when it is first said to be crash-looping.
pub const CRASH_LOOP: Duration = Duration::from_secs(25);
/// A JobManager that is gone is asked for its jobs this long.
pub const REST_TIMEOUT: Duration = Duration::from_secs(60);
/// From a submission that Kubernetes refused to the next.
pub const RETRY: Duration = Duration::from_secs(5);
/// A volume that cannot be mounted yet is mounted after so long.
pub const MOUNT: Duration = Duration::from_secs(6);
/// How long a slow JobManager's REST API does not answer once its pod is ready.
pub const MUTE: Duration = Duration::from_secs(6);
/// From a lost TaskManager to a job that runs again.
pub const RESTART: Duration = Duration::from_secs(8);
/// From the first failure of a snapshot to the next try.
pub const SNAPSHOT_RETRY: Duration = Duration::from_secs(10);
/// From a session job's submission to a job that runs, where there are slots.
pub const SUBMITTED: Duration = Duration::from_secs(5);
/// From the cancellation of a session job to a job that is canceled.
pub const CANCEL: Duration = Duration::from_secs(1);
