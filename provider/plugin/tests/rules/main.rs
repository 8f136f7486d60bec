//! Each rule that Terraform imposes on a provider: a resource that breaks it is caught by our server, before Terraform is.
//!
//! The calls are those of the service, without a socket in between; `tests/terraform.rs` drives a well-behaved provider
//! with the real `terraform`.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test names what it expects")]

mod acting;
mod applying;
mod identities;
mod looking;
mod planning;
mod process;
mod reading;
mod rig;
mod rogue;
mod stored;
