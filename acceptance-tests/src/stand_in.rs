//! A stand-in for the Flink Kubernetes Operator.
pub mod diff;
pub mod operator;
pub mod rehearsal;
pub mod simulation;
pub mod spec;
pub mod status;
pub mod timing;
pub mod validation;
pub mod world;
