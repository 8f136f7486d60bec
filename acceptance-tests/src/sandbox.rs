//! The sandbox: a real Kubernetes control plane on loopback, without root and without containers,
//! with the CRDs of the Flink operator, a stand-in for the operator, and a way from the API server's
//! service proxy to processes on this machine.
//!
//! One daemon (`sandbox serve`) holds everything: it runs the egress proxy and the stand-in, and
//! etcd, kube-apiserver and kube-controller-manager are its child processes. Starting, stopping and
//! looking happen from outside, through files in the sandbox's directory ([`up`], [`down`],
//! [`status`]). Tests share a sandbox through [`Sandbox`].

mod certificates;
mod control_plane;
mod crds;
mod daemon;
mod egress;
mod kubernetes;
mod lifecycle;
mod options;
mod process;
mod progress;
mod pruning;
mod routes;
mod session;
mod state;

pub use control_plane::{ControlPlane, client};
pub use daemon::serve;
pub use lifecycle::{ProcessStatus, Status, build, down, status, up};
pub use options::{Options, cache};
pub use progress::{megabytes, say, spoken};
pub(crate) use pruning::{mark_used, prune};
pub use routes::Routes;
pub use session::{Namespace, Sandbox};
pub use state::Record;
