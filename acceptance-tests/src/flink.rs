//! Real Flink clusters as processes on loopback.
//!
//! Flink comes from a Python package that holds its jars and no scripts, so the main classes are
//! started directly. A cluster is one JobManager and a few TaskManagers, each a Java
//! process with as little memory as they run well with: about 200 MB each.
//!
//! What a `FlinkDeployment` says about paths inside its containers is mapped: `file:/...` to a
//! directory of the sandbox (see [`Volumes`]), `local:///opt/flink/...` to the jars of the
//! installation. Answers of the JobManager's REST API are mapped back on their way out, so that
//! nobody outside this module meets a path of this machine.
//!
//! No process outlives the one that started it, however that one ends (see [`process`]).

mod archive;
mod cluster;
mod configuration;
mod gateway;
mod install;
mod process;
mod rest;
mod volumes;

pub use cluster::{Application, Cluster, ClusterState};
pub use configuration::MOST_TASK_MANAGERS;
pub use install::{Installation, Version};
pub use rest::{Jar, JobInfo, Operation, Rest, RestError, Run, Slots, Tasks};
pub use volumes::Volumes;
