//! What `make bench` measures, and how. The program is `src/bin/bench.rs`; the method and the newest figures are in
//! `docs/contributing/benchmarks.md`.
//!
//! Times of one run are compared with each other, never with those of another: every figure stands beside a floor that
//! was measured in the same minutes on the same machine.

pub mod contestant;
pub mod floor;
pub mod goals;
pub mod objects;
pub mod report;
pub mod startup;
pub mod statistics;
pub mod table;
pub mod traffic;
pub mod usage;
