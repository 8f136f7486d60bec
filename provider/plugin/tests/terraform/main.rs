//! The real `terraform` and the provider of `tests/shelf`: the life of an object, and every way in which it can go wrong.
//!
//! `TERRAFORM` names the program where it is not on PATH; it must be 1.11 or newer. The provider runs strict: a bug that the
//! server would mend for a user fails here.
#![cfg(unix)]

mod driver;
mod failures;
mod life;
mod looking;
mod transfers;
