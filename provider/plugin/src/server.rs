//! What Terraform's calls mean, on values. Nothing here knows the wire: `crate::rpc` decodes and encodes.
//!
//! The server is the only one that keeps Terraform's rules, so that no resource has to: what a plan may say, what comes
//! back from an apply, what is saved when something fails.

mod action;
mod any;
mod any_action;
mod any_data_source;
mod any_list_resource;
mod apply;
mod check;
mod configure;
mod data_source;
mod generate;
mod import;
mod list_resource;
mod moves;
mod plan;
mod read;
mod schema;
mod upgrade;
mod validate;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures::FutureExt;
use terraform_schema::{Diagnostic, Diagnostics, Model, Schema, Value};
use tokio_util::sync::CancellationToken;

use crate::context::Private;
use crate::function::Function;
use crate::handlers::{Handlers, Panicked};
use crate::provider::{Configured, Provider};
use crate::resource::PlanMark;

pub use any::{AnyResource, Change, any};
pub use any_action::{AnyAction, any_action};
pub use any_data_source::{AnyDataSource, any_data_source};
pub use any_list_resource::{AnyListResource, any_list_resource};
pub(crate) use apply::Apply;
pub(crate) use import::ImportBy;
pub(crate) use plan::PlanRequest;
pub(crate) use read::Read;
pub(crate) use upgrade::unreadable;
pub(crate) use values::storable;

/// Environment variable for tests of a provider. Where it is set, every bug that the server can mend is an error: a
/// resource returned something else than was planned, or an identity changed. Elsewhere it is a line in the log.
pub const STRICT: &str = "TERRAFORM_PLUGIN_STRICT";

/// A resource as the server sees it.
pub(crate) type Kind<D> = dyn AnyResource<D>;

/// A provider, ready to be asked.
pub(crate) struct Server<P: Provider> {
    provider: P,
    provider_schema: Schema,
    resources: BTreeMap<&'static str, Box<Kind<P::Data>>>,
    data_sources: BTreeMap<&'static str, Box<dyn AnyDataSource<P::Data>>>,
    list_resources: BTreeMap<&'static str, Box<dyn AnyListResource<P::Data>>>,
    actions: BTreeMap<&'static str, Box<dyn AnyAction<P::Data>>>,
    functions: Vec<Box<dyn Function>>,
    configured: RwLock<Option<Arc<Configured<P::Data>>>>,
    /// Cancelled when the process ends; parent of `run`.
    end: CancellationToken,
    /// Cancelled by `Stop`; made anew by each `Configure`.
    run: Mutex<CancellationToken>,
    strict: bool,
}

/// Private state as the server keeps it: what belongs to the resource, and the mark of the last plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrivateState {
    /// The resource's own entries.
    pub(crate) resource: Private,
    /// What kind of plan this belongs to; only ever in planned private state.
    pub(crate) mark: PlanMark,
}

impl PrivateState {
    /// As it is stored after an apply or a read: without a mark.
    pub(crate) fn stored(resource: Private) -> Self {
        Self {
            resource,
            mark: PlanMark::Unmarked,
        }
    }
}

/// A state as it goes back to Terraform.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Null where there is no object.
    pub(crate) value: Value,
    /// Which object it is.
    pub(crate) identity: Option<Value>,
    /// What is kept with it.
    pub(crate) private: PrivateState,
}

impl State {
    /// No object.
    pub(crate) fn gone() -> Self {
        Self {
            value: Value::Null,
            identity: None,
            private: PrivateState::stored(Private::new()),
        }
    }
}

impl<P: Provider> Server<P> {
    /// A server of that provider. Its calls are cancelled when `handlers` stop.
    pub(crate) fn new(provider: P, handlers: &Handlers, strict: bool) -> Self {
        let end = handlers.stop().clone();
        Self {
            provider_schema: P::Config::schema(),
            resources: provider
                .resources()
                .into_iter()
                .map(|resource| (resource.name(), resource))
                .collect(),
            data_sources: provider
                .data_sources()
                .into_iter()
                .map(|data_source| (data_source.name(), data_source))
                .collect(),
            list_resources: provider
                .list_resources()
                .into_iter()
                .map(|list_resource| (list_resource.name(), list_resource))
                .collect(),
            actions: provider
                .actions()
                .into_iter()
                .map(|action| (action.name(), action))
                .collect(),
            functions: provider.functions(),
            provider,
            configured: RwLock::new(None),
            run: Mutex::new(end.child_token()),
            end,
            strict,
        }
    }

    /// The schema of the provider block.
    pub(crate) fn provider_schema(&self) -> &Schema {
        &self.provider_schema
    }

    /// All resources, by type.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Kind<P::Data>> {
        self.resources.values().map(AsRef::as_ref)
    }

    /// What Terraform would refuse in the schemas.
    pub(crate) fn schema_breaches(&self) -> Diagnostics {
        let mut found = schema::breaches("provider", &self.provider_schema);
        for resource in self.resources() {
            found.extend(schema::breaches(resource.name(), resource.schema()));
            found.extend(schema::identity_breaches(resource.name(), resource.identity_schema()));
        }
        for data_source in self.data_sources() {
            found.extend(schema::breaches(data_source.name(), data_source.schema()));
            found.extend(schema::data_source_breaches(data_source.name(), data_source.schema()));
        }
        for list_resource in self.list_resources() {
            found.extend(schema::breaches(list_resource.name(), list_resource.schema()));
            found.extend(schema::input_breaches(list_resource.name(), list_resource.schema()));
            found.extend(schema::list_breach(
                list_resource.name(),
                self.resources.contains_key(list_resource.name()),
            ));
        }
        for action in self.actions() {
            found.extend(schema::breaches(action.name(), action.schema()));
            found.extend(schema::input_breaches(action.name(), action.schema()));
        }
        found
    }

    /// All data sources, by type.
    pub(crate) fn data_sources(&self) -> impl Iterator<Item = &dyn AnyDataSource<P::Data>> {
        self.data_sources.values().map(AsRef::as_ref)
    }

    /// All list resources, by type.
    pub(crate) fn list_resources(&self) -> impl Iterator<Item = &dyn AnyListResource<P::Data>> {
        self.list_resources.values().map(AsRef::as_ref)
    }

    /// All actions, by type.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &dyn AnyAction<P::Data>> {
        self.actions.values().map(AsRef::as_ref)
    }

    /// All functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &dyn Function> {
        self.functions.iter().map(AsRef::as_ref)
    }

    /// The data source of that type.
    pub(crate) fn data_source(&self, type_name: &str) -> Result<&dyn AnyDataSource<P::Data>, Diagnostics> {
        self.data_sources
            .get(type_name)
            .map(AsRef::as_ref)
            .ok_or_else(|| absent("data source", type_name).into())
    }

    /// The list resource of that type.
    pub(crate) fn list_resource(&self, type_name: &str) -> Result<&dyn AnyListResource<P::Data>, Diagnostics> {
        self.list_resources
            .get(type_name)
            .map(AsRef::as_ref)
            .ok_or_else(|| absent("list resource", type_name).into())
    }

    /// The action of that type.
    pub(crate) fn action(&self, action_type: &str) -> Result<&dyn AnyAction<P::Data>, Diagnostics> {
        self.actions
            .get(action_type)
            .map(AsRef::as_ref)
            .ok_or_else(|| absent("action", action_type).into())
    }

    /// The resource of that type.
    pub(crate) fn resource(&self, type_name: &str) -> Result<&Kind<P::Data>, Diagnostics> {
        self.resources
            .get(type_name)
            .map(AsRef::as_ref)
            .ok_or_else(|| absent("resource", type_name).into())
    }

    /// What the last `Configure` took.
    fn configured(&self, type_name: &str) -> Result<Arc<Configured<P::Data>>, Diagnostics> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner).clone();
        configured.ok_or_else(|| {
            Diagnostic::error("The provider is not configured")
                .detail(format!(
                    "Terraform asked for `{type_name}` before it configured the provider, or its configuration \
                     was refused. Look for an earlier error about the provider block."
                ))
                .into()
        })
    }

    /// The same, where an unknown value in the provider block makes the call impossible.
    fn wholly_configured(&self, type_name: &str, what: &str) -> Result<Arc<Configured<P::Data>>, Diagnostics> {
        let configured = self.configured(type_name)?;
        if configured.is_known() {
            return Ok(configured);
        }
        Err(Diagnostic::error("The provider's configuration is not known yet")
            .detail(format!(
                "{what} `{type_name}` needs a provider block whose values are all known. Some of them come from \
                 resources that do not exist yet; apply those first, for example with -target."
            ))
            .into())
    }

    /// The token of the present run.
    fn running(&self) -> CancellationToken {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reports a bug that the server has mended: to the log, and where the server is strict as an error.
    fn mended(&self, problems: &mut Diagnostics, bug: Diagnostic) {
        tracing::error!(attribute = %bug.path, "{}", bug.detail);
        if self.strict {
            problems.push(bug);
        }
    }
}

/// The error of something that this provider does not have.
pub(crate) fn absent(what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(format!("No such {what}")).detail(format!(
        "There is no {what} `{name}` in this version of the provider. Check its name and the version."
    ))
}

/// Runs a part of a resource's code; a panic in it becomes an error.
async fn caught<T>(
    rpc: &'static str,
    call: impl Future<Output = Result<T, Diagnostics>> + Send,
) -> Result<T, Diagnostics> {
    // Unwind safe: what the code shares with us sits behind locks that shrug off poison.
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(result) => result.map_err(|problems| values::failure(rpc, problems)),
        Err(payload) => Err(panicked(&Panicked::caught(rpc, payload.as_ref()))),
    }
}

/// The same for code that does not wait.
fn caught_now<T>(rpc: &'static str, call: impl FnOnce() -> Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    match std::panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|problems| values::failure(rpc, problems)),
        Err(payload) => Err(panicked(&Panicked::caught(rpc, payload.as_ref()))),
    }
}

/// What a user reads about a panic.
pub(crate) fn panicked(panicked: &Panicked) -> Diagnostics {
    Diagnostic::error("Bug in the provider")
        .detail(panicked.to_string())
        .into()
}
