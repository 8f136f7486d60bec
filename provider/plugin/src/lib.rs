//! Terraform plugin protocol 5 over go-plugin.
//!
//! The only crate that knows tonic, prost and TLS. [`run`] is the `main` of a provider: it answers
//! Terraform's handshake, serves the provider until Terraform is done, and leaves nothing behind.

mod action;
#[cfg(feature = "client")]
pub mod client;
mod connections;
mod context;
mod convert;
mod data_source;
mod function;
pub mod generated;
mod go_plugin;
mod handlers;
mod handshake;
mod list_resource;
mod listener;
mod log;
mod provider;
mod reattach;
mod resource;
mod rpc;
mod secrets;
mod serve;
pub mod server;
mod signals;
mod tls;

use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use generated::tfplugin5::provider_server::Provider as ProviderService;

pub use action::Action;
pub use context::{Context, PlanContext, Private, Progress, Warnings};
pub use data_source::DataSource;
pub use function::{Function, FunctionError, Parameter, Signature};
pub use handlers::{Handlers, Panicked};
pub use list_resource::{Found, ListResource, Listed};
pub use provider::{Configured, Provider};
pub use resource::{Live, Lookup, MOVED, MovedState, Owned, PlanMark, Planned, Resource};
pub use rpc::Service;
pub use secrets::hide;
pub use serve::{LARGEST_MESSAGE, serve};
pub use server::{any, any_action, any_data_source, any_list_resource};

/// Worker threads at most. Handlers wait for the network, and Terraform starts a process for every
/// alias: on a large machine one thread per core would cost more than it brings.
const MOST_WORKERS: usize = 4;

/// How long blocking work may hold up the end of the process.
const BLOCKING_END: Duration = Duration::from_millis(500);

/// Runs a provider as this process: makes the runtime, [`serve`]s, and ends in time whatever still
/// runs.
///
/// `address` is the provider's source address, `registry.terraform.io/<namespace>/<type>`;
/// `provider` makes the service from the [`Handlers`] it must run its calls in.
pub fn run<P: ProviderService>(address: &str, provider: impl FnOnce(Handlers) -> P) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(available_parallelism().map_or(1, NonZero::get).min(MOST_WORKERS))
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            log::Line::new("error", module_path!(), &format!("start the runtime: {error}")).write();
            return ExitCode::FAILURE;
        }
    };
    let handlers = Handlers::new();
    let code = runtime.block_on(serve(address, provider(handlers.clone()), handlers));
    // Dropping the runtime would wait for ever on a blocked thread.
    runtime.shutdown_timeout(BLOCKING_END);
    code
}
