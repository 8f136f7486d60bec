//! Terraform provider for Apache Flink on Kubernetes.
//!
//! The root of composition: the provider block, the list of resources, and the words for errors. What Terraform needs is
//! in `terraform-schema`, the protocol in `terraform-plugin`, the cluster in `flink-client`.

pub mod actions;
pub mod data_sources;
pub mod diagnose;
pub mod functions;
pub mod job_manager;
pub mod list_resources;
pub mod provider;
pub mod resources;

/// Address of the provider in the registry: what stands in `required_providers`.
pub const ADDRESS: &str = "registry.terraform.io/terraform-flink/flink";
