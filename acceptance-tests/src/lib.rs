//! The harness of the acceptance tests, and the sandbox they and the demo run against.

pub mod access;
pub mod bench;
pub mod case;
pub mod configurations;
pub mod direct;
pub mod faults;
pub mod flink;
pub mod jars;
pub mod objects;
pub mod permissions;
pub mod proxy;
pub mod recorder;
pub mod recording;
pub mod sandbox;
pub mod scripted;
pub mod stand_in;
pub mod terraform;
pub mod verdicts;
