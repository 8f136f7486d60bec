//! Rust for `proto/`, committed so that a build needs neither `protoc` nor a build script.
//!
//! `UPDATE=1 cargo test -p terraform-plugin --test generated` writes it anew.
#![allow(missing_docs, clippy::pedantic, reason = "written by prost and tonic from proto/")]

/// What go-plugin asks of every plugin: controller, stdio, broker.
#[rustfmt::skip]
pub mod plugin;
/// Terraform plugin protocol 5.
#[rustfmt::skip]
pub mod tfplugin5;
