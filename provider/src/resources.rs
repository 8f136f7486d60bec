//! The kinds of managed objects, one folder each, and what several of them use.

pub mod configuration;
pub mod flink_checkpoint;
pub mod flink_deployment;
pub mod flink_savepoint;
pub mod flink_session_job;
pub mod job_resource;
pub mod names;
#[cfg(test)]
pub(crate) mod sample;
pub mod session_cluster;
pub mod snapshot;
pub mod timeouts;
