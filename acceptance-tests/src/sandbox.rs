//! The sandbox: a real Kubernetes control plane on loopback, without root and without containers.

mod routes;

pub use routes::Routes;
