//! Flink on Kubernetes: the operator's custom resources, the JobManager's REST interface, and
//! waiting for either.
//!
//! This is the only crate that knows kube, k8s-openapi and HTTP. It knows nothing of Terraform's
//! protocol: it takes and returns typed specifications, and its errors carry facts, not advice on
//! configuration syntax.

#![expect(
    clippy::result_large_err,
    reason = "errors carry the facts a person needs, and are made once per operation at most"
)]

pub mod kubernetes;
pub mod operator;
pub mod rest;
pub mod secret;
pub mod text;
pub mod wait;

#[cfg(test)]
mod testing;
