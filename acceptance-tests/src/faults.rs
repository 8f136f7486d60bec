//! What happens to jobs and to Terraform's state when something goes wrong at the worst moment.
//!
//! A run without faults notes every request of the provider, step by step: create or import, update, suspend, resume,
//! destroy. Each request is a place where something can go wrong, in each of several ways ([`Point`]). A run with faults
//! goes through the same steps; in each step something goes wrong at one request of each lane, then the command is given
//! again without faults, and what is there is compared with what the run without faults left behind ([`world`]).
//!
//! A [`lane`] is one small configuration in a namespace of its own, so that the proxy knows whose request it sees. Many
//! lanes share one workspace and one `apply`: that is what makes hundreds of points affordable.

pub mod chain;
mod job_manager;
pub mod lane;
pub mod point;
mod process;
pub mod proxy;
pub mod run;
pub mod sample;
pub mod world;

pub use lane::{Kind, Step};
pub use point::Point;
