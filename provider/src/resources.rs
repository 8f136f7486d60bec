//! The kinds of managed objects, one folder each, and what several of them use.

pub mod configuration;
pub mod flink_deployment;
pub mod names;
#[cfg(test)]
pub(crate) mod sample;
pub mod timeouts;
