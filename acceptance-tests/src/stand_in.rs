//! A stand-in for the Flink Kubernetes Operator, which is in no package registry.
//!
//! For every `FlinkDeployment`, `FlinkSessionJob` and `FlinkStateSnapshot` it writes the statuses and events that the real
//! operator writes, in the same order, as recordings of that one show ([`operator`] decides, `tests/replay.rs` compares).
//! Only the durations differ: those of the recordings times [`Options::time_factor`].
//!
//! # Two modes
//! **Status-only**: no Flink runs; [`simulation`] says how a cluster would be doing, and each session job on it. It takes
//! any spec. What goes wrong is decided by the spec, see there.
//!
//! **Real** ([`Options::flink`]): a deployment becomes Flink processes on loopback, reached through the API server's
//! service proxy at `<name>-rest:8081` as on a real cluster. The states follow the processes. Its `flinkVersion` says which
//! Flink: an image is only a name here. Deployments that cannot start (no such image, no such account, an application's
//! jar that would have to be fetched) and those of a Flink that is not there stay status-only, and so does everything in a
//! namespace with the label `sandbox.terraform-provider-flink/flink: none`.
//!
//! The jar of a session job is fetched over `http://`, sent to the JobManager of its cluster and run there, under the id
//! that its status tells. A session cluster has the TaskManagers of its spec; where that fixes no number, one, and more as
//! jobs need them. Savepoints, checkpoints and the disposal of savepoints are the JobManager's. As an operator whose
//! configuration allows `http` and private hosts, the stand-in takes any jar, unless the switch `artifacts` is set.
//!
//! Only so many real clusters run at once ([`Options::places`]). One more stays `DEPLOYING`, with an
//! event `SandboxFull` that says what it waits for, and starts when a place is free. A suspended job
//! keeps none, an upgrade keeps its own.
//!
//! As with the real operator, the service account must exist in the namespace, and may make pods there: without it no
//! pod is created, without that right the JobManager of a native cluster crash-loops.
//!
//! # Kubernetes objects
//! In both modes the API server has what a real cluster has: the Deployment of the JobManager, for standalone clusters that
//! of the TaskManagers, and the ConfigMaps `flink-config-<name>`, `pod-template-<name>` and `autoscaler-<name>`. With
//! `high-availability.type: kubernetes` the job's last checkpoint is kept in `<name>-<job id>-config-map`, beside
//! `<name>-cluster-config-map`; they outlive their cluster where the operator upgrades by last state, and that is where the
//! next one finds the checkpoint ([`parts`] decides). Nobody runs the Deployments. But the API server can refuse one, a pod
//! template with a wrong label for example: then the operator tries again for ever. And a JobManager whose Deployment is
//! deleted is lost.
//!
//! # Switches for tests
//! Labels of a namespace, or annotations of one deployment, which count first. All begin with
//! `sandbox.terraform-provider-flink/`:
//!
//! | Name | Value | What happens |
//! |---|---|---|
//! | `flink` | `none` | status-only, also in real mode (looked at when a cluster starts) |
//! | `operator` | `down` | the operator is down. As a label: it does not watch this namespace. No finalizer, no status, no deletion |
//! | `start` | `mount-error` | the first seconds of a status-only JobManager are a mount error, as on a real cluster now and then |
//! | `start` | `slow` | the REST API of a status-only JobManager answers late |
//! | `unmanaged-jobs` | ids, with commas between them | a session cluster runs these jobs, which no object stands for |
//! | `journal` | `on` | an event tells of the start of each job and of each savepoint, see [`journal`] |
//! | `hold` | `deploying` | the JobManager does not become ready |
//! | `hold` | `suspending` | the job does not end: neither a stop with savepoint nor a tear-down |
//! | `hold` | `deleting` | everything is taken down, but the finalizer stays |
//! | `savepoint` | `fail` | a stop with savepoint fails, and of a snapshot the savepoint |
//! | `job` | a job state | a status-only job is in this state, for example `FAILED` or `RESTARTING` |
//! | `artifacts` | `strict` | jars of session jobs are refused as by an operator 1.15 that was not told otherwise: any scheme but https, and hosts of private networks |
//!
//! A switch works as soon as it is set and until it is taken away.

use std::path::PathBuf;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::flink::Installation;
use crate::sandbox::Routes;

mod actor;
mod artifacts;
mod controller;
pub mod diff;
mod driver;
mod job_managers;
pub mod journal;
mod kubernetes;
pub mod operator;
pub mod parts;
mod places;
mod real;
pub mod rehearsal;
pub mod session_job;
pub mod simulation;
pub mod snapshot;
pub mod spec;
pub mod status;
mod switches;
pub mod timing;
pub mod validation;
mod watched;
pub mod world;

pub use places::Places;

/// What the stand-in is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the API server finds the JobManagers.
    pub routes: Routes,
    /// The Flinks that application clusters really run. Without any, everything is status-only.
    pub flink: Vec<Installation>,
    /// Places for real clusters.
    pub places: Places,
    /// Seconds that it takes for what took a second in the recordings; 0.1 creates an application
    /// in about a second and a half.
    pub time_factor: f64,
    /// Directory for what jobs write (`volumes`) and for the files of the processes (`flink`).
    pub state_dir: PathBuf,
}

/// Works until it is cancelled. No process of Flink is left when this returns, or when it is dropped.
///
/// What exists already is taken over: statuses go on where they stood, and jobs that ran are started
/// again from their last checkpoint.
pub async fn run(client: kube::Client, options: Options, cancellation: CancellationToken) -> Result<()> {
    controller::run(client, options, cancellation).await
}
