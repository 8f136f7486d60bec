//! Every RPC of tfplugin5: a table of them, and around each call what is the same for all: its own guarded task, a line
//! in the log, errors as diagnostics. The functions behind the table decode, ask the server, encode.

mod absent;
mod action;
mod data_source;
mod function;
mod list_resource;
mod provider;
mod resource;
mod schema;
mod transfer;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures::Stream;
use terraform_schema::Diagnostics;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::convert;
use crate::generated::tfplugin5 as pb;
use crate::handlers::Handlers;
use crate::provider::Provider;
use crate::server::{Server, panicked};

/// A provider as a service on the wire, for [`crate::run`].
pub struct Service<P: Provider> {
    server: Arc<Server<P>>,
    handlers: Handlers,
}

impl<P: Provider> Clone for Service<P> {
    fn clone(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            handlers: self.handlers.clone(),
        }
    }
}

impl<P: Provider> Service<P> {
    /// The service of a provider; its calls run in `handlers`.
    pub fn new(provider: P, handlers: Handlers) -> Self {
        let strict = std::env::var_os(crate::server::STRICT).is_some_and(|value| !value.is_empty());
        Self::with_strictness(provider, handlers, strict)
    }

    /// The same, said in the program whether bugs that the server can mend are errors ([`crate::server::STRICT`]).
    pub fn with_strictness(provider: P, handlers: Handlers, strict: bool) -> Self {
        Self {
            server: Arc::new(Server::new(provider, &handlers, strict)),
            handlers,
        }
    }

    /// Answers one call with a stream of messages: what `handler` sends, and what it returns at last.
    fn stream<Q, E, A, F>(
        &self,
        rpc: &'static str,
        about: String,
        request: Q,
        handler: impl FnOnce(Arc<Server<P>>, Q, Sender<E>) -> F + Send + 'static,
    ) -> Events<E>
    where
        Q: Send + 'static,
        E: Send + 'static,
        A: Answer + Into<Option<E>>,
        F: Future<Output = Result<A, Diagnostics>> + Send,
    {
        let (messages, received) = mpsc::channel(AHEAD);
        let service = self.clone();
        tokio::spawn(async move {
            let sender = Sender(messages.clone());
            let last = service.answer(rpc, about, request, |server, request| handler(server, request, sender));
            if let Some(last) = last.await.into() {
                // Nobody may listen any more.
                let _ = messages.send(last).await;
            }
        });
        Box::pin(futures::stream::unfold(received, |mut received| async {
            let message = received.recv().await?;
            Some((Ok(message), received))
        }))
    }

    /// Answers one call in a task of its own. `about` is what it is about, such as a resource type.
    async fn answer<Q, A, F>(
        &self,
        rpc: &'static str,
        about: String,
        request: Q,
        handler: impl FnOnce(Arc<Server<P>>, Q) -> F + Send + 'static,
    ) -> A
    where
        Q: Send + 'static,
        A: Answer,
        F: Future<Output = Result<A, Diagnostics>> + Send,
    {
        let server = Arc::clone(&self.server);
        let about = (!about.is_empty()).then_some(about);
        let outcome = self
            .handlers
            .guarded(rpc, async move {
                tracing::debug!(tf_resource_type = about.as_deref(), "asked");
                let begun = Instant::now();
                let outcome = handler(server, request).await;
                let failed = match &outcome {
                    Ok(answer) => answer.failed(),
                    Err(_) => true,
                };
                let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(
                    tf_resource_type = about.as_deref(),
                    tf_req_duration_ms = milliseconds,
                    failed,
                    "answered"
                );
                outcome
            })
            .await
            .unwrap_or_else(|panic| Err(panicked(&panic)));
        outcome.unwrap_or_else(|problems| {
            let mut answer = A::default();
            answer.report(convert::diagnostics(problems));
            answer
        })
    }
}

/// An answer that can say what went wrong.
trait Answer: Default + Send + 'static {
    /// Adds these messages.
    fn report(&mut self, problems: Vec<pb::Diagnostic>);

    /// Whether an error is among its messages.
    fn failed(&self) -> bool;
}

/// The table of calls with one answer each: method, name on the wire, message, what it is about, handler. Then the two
/// that answer with a stream.
macro_rules! provider_service {
    ($($method:ident $rpc:literal $message:ident($($about:ident)?) => $module:ident::$handler:ident;)*) => {
        #[tonic::async_trait]
        impl<P: Provider> pb::provider_server::Provider for Service<P> {
            $(
                async fn $method(
                    &self,
                    request: Request<pb::$message::Request>,
                ) -> Result<Response<pb::$message::Response>, Status> {
                    let request = request.into_inner();
                    let about = provider_service!(@about request $($about)?);
                    Ok(Response::new(self.answer($rpc, about, request, $module::$handler).await))
                }
            )*

            type ListResourceStream = Events<pb::list_resource::Event>;

            async fn list_resource(
                &self,
                request: Request<pb::list_resource::Request>,
            ) -> Result<Response<Self::ListResourceStream>, Status> {
                let request = request.into_inner();
                let about = request.type_name.clone();
                Ok(Response::new(self.stream("ListResource", about, request, list_resource::list)))
            }

            type InvokeActionStream = Events<pb::invoke_action::Event>;

            async fn invoke_action(
                &self,
                request: Request<pb::invoke_action::Request>,
            ) -> Result<Response<Self::InvokeActionStream>, Status> {
                let request = request.into_inner();
                let about = request.action_type.clone();
                Ok(Response::new(self.stream("InvokeAction", about, request, action::invoke)))
            }
        }

        $(
            provider_service!(@answer $message);
        )*
    };
    (@about $request:ident) => { String::new() };
    (@about $request:ident $about:ident) => { $request.$about.clone() };
    // These two say it in words of their own.
    (@answer stop) => {};
    (@answer call_function) => {};
    (@answer $message:ident) => {
        impl Answer for pb::$message::Response {
            fn report(&mut self, problems: Vec<pb::Diagnostic>) {
                self.diagnostics.extend(problems);
            }

            fn failed(&self) -> bool {
                has_errors(&self.diagnostics)
            }
        }
    };
}

provider_service! {
    get_metadata "GetMetadata" get_metadata() => schema::metadata;
    get_schema "GetSchema" get_provider_schema() => schema::provider;
    get_resource_identity_schemas "GetResourceIdentitySchemas" get_resource_identity_schemas() => schema::identities;
    get_functions "GetFunctions" get_functions() => function::list;
    prepare_provider_config "PrepareProviderConfig" prepare_provider_config() => provider::prepare;
    configure "Configure" configure() => provider::configure;
    stop "Stop" stop() => provider::stop;
    validate_resource_type_config "ValidateResourceTypeConfig" validate_resource_type_config(type_name)
        => resource::validate;
    upgrade_resource_state "UpgradeResourceState" upgrade_resource_state(type_name) => transfer::upgrade;
    upgrade_resource_identity "UpgradeResourceIdentity" upgrade_resource_identity(type_name)
        => transfer::upgrade_identity;
    read_resource "ReadResource" read_resource(type_name) => resource::read;
    plan_resource_change "PlanResourceChange" plan_resource_change(type_name) => resource::plan;
    apply_resource_change "ApplyResourceChange" apply_resource_change(type_name) => resource::apply;
    import_resource_state "ImportResourceState" import_resource_state(type_name) => transfer::import;
    move_resource_state "MoveResourceState" move_resource_state(target_type_name) => transfer::move_state;
    generate_resource_config "GenerateResourceConfig" generate_resource_config(type_name) => transfer::generate;
    validate_data_source_config "ValidateDataSourceConfig" validate_data_source_config(type_name)
        => data_source::validate;
    read_data_source "ReadDataSource" read_data_source(type_name) => data_source::read;
    validate_ephemeral_resource_config "ValidateEphemeralResourceConfig" validate_ephemeral_resource_config(type_name)
        => absent::validate_ephemeral;
    open_ephemeral_resource "OpenEphemeralResource" open_ephemeral_resource(type_name) => absent::open_ephemeral;
    renew_ephemeral_resource "RenewEphemeralResource" renew_ephemeral_resource(type_name) => absent::renew_ephemeral;
    close_ephemeral_resource "CloseEphemeralResource" close_ephemeral_resource(type_name) => absent::close_ephemeral;
    validate_list_resource_config "ValidateListResourceConfig" validate_list_resource_config(type_name)
        => list_resource::validate;
    validate_action_config "ValidateActionConfig" validate_action_config(action_type) => action::validate;
    plan_action "PlanAction" plan_action(action_type) => action::plan;
    call_function "CallFunction" call_function(name) => function::call;
}

/// A stream of messages.
type Events<E> = Pin<Box<dyn Stream<Item = Result<E, Status>> + Send>>;

/// Where a call that answers with a stream puts its messages.
struct Sender<E>(mpsc::Sender<E>);

impl<E> Sender<E> {
    /// Sends a message; whether anybody still listens.
    async fn send(&self, message: E) -> bool {
        self.0.send(message).await.is_ok()
    }
}

/// Messages of a stream that wait for whoever reads it.
const AHEAD: usize = 16;

fn has_errors(diagnostics: &[pb::Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity() == pb::diagnostic::Severity::Error)
}
