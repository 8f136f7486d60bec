//! What can be looked up, one file each, and what several of them use. Reading never writes.

pub mod access;
pub mod choice;
pub mod flink_checkpoints;
pub mod flink_cluster;
pub mod flink_deployment;
pub mod flink_deployments;
pub mod flink_job;
pub mod flink_jobs;
pub mod flink_operator;
pub mod flink_session_job;
pub mod namespace;

use terraform_plugin::any_data_source;
use terraform_plugin::server::AnyDataSource;

use crate::provider::ProviderData;

/// All of them, one line each.
pub fn all() -> Vec<Box<dyn AnyDataSource<ProviderData>>> {
    vec![
        any_data_source(flink_checkpoints::FlinkCheckpoints),
        any_data_source(flink_cluster::FlinkCluster),
        any_data_source(flink_deployment::FlinkDeploymentSource),
        any_data_source(flink_deployments::FlinkDeployments),
        any_data_source(flink_job::FlinkJob),
        any_data_source(flink_jobs::FlinkJobs),
        any_data_source(flink_operator::FlinkOperator),
        any_data_source(flink_session_job::FlinkSessionJobSource),
    ]
}
