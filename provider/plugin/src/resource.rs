//! What the author of a resource writes. Nothing here knows the wire: values arrive decoded, results are encoded, plans
//! are made and private state is kept by the server (`crate::server`).
//!
//! The life of a change: [`Resource::modify_plan`] adds to a plan what the schema alone cannot know;
//! [`Resource::create`] or [`Resource::update`] writes, and returns what was written; the server keeps that; then
//! [`Resource::settle`] waits. So a wait that fails or is interrupted never forgets an object that exists.

use std::collections::BTreeSet;

use async_trait::async_trait;
use terraform_schema::{AttributePath, Diagnostics, Model, Plan, Value, View};

use crate::context::{Context, PlanContext};

/// A kind of managed object.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// What [`crate::Provider::configure`] makes; the same for all resources of a provider.
    type Data: Send + Sync + 'static;
    /// The schema, as a struct. `Model::NAME` is the resource type, such as `flink_deployment`.
    type Model: Model;
    /// What tells one object from all others, for ever (Terraform's resource identity). Attributes only; `Option` where
    /// an import may leave it out.
    type Identity: Model;

    /// Checks a configuration beyond what each attribute checks for itself. Offline; unknown values must pass.
    fn validate(&self, config: View<'_>) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Adds to a plan what its schema alone cannot know, such as a provider-wide default or a warning. Pure: the same
    /// plan and private state give the same result, without clock, randomness or network. Not called for a destroy.
    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, Self::Data>) -> Diagnostics {
        let (_, _) = (plan, cx);
        Diagnostics::new()
    }

    /// Looks at what lives for what a plan cannot know by itself, and says it: warnings, and refusals of what cannot work.
    /// The plan is made by then and stays as it is. Called where a plan creates or changes something and the provider block
    /// is wholly known, again when Terraform plans during apply. What goes wrong with the look itself costs no more than what
    /// it would have said: a plan that can be made without it must not fail by it.
    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, Self::Data>) -> Diagnostics {
        let (_, _) = (plan, cx);
        Diagnostics::new()
    }

    /// Checks a planned destroy, for warnings and refusals. Pure.
    fn plan_destroy(&self, prior: View<'_>, cx: &PlanContext<'_, Self::Data>) -> Diagnostics {
        let (_, _) = (prior, cx);
        Diagnostics::new()
    }

    /// Creates the object and returns what was written, without waiting for it. Calls [`Context::wrote`] as soon as
    /// the object may exist, so that no error and no panic after that forgets it.
    async fn create(
        &self,
        planned: &Planned<Self::Model>,
        cx: &Context<'_, Self::Data>,
    ) -> Result<Self::Model, Diagnostics>;

    /// Finds the object as it is now; `None` where it is certain that it is gone.
    async fn read(
        &self,
        lookup: Lookup<Self::Model, Self::Identity>,
        cx: &Context<'_, Self::Data>,
    ) -> Result<Option<Live<Self::Model>>, Diagnostics>;

    /// Changes the object in place and returns what was written, without waiting for it.
    async fn update(
        &self,
        planned: &Planned<Self::Model>,
        prior: Self::Model,
        cx: &Context<'_, Self::Data>,
    ) -> Result<Self::Model, Diagnostics>;

    /// Waits until the written object does what was asked, and returns its facts. On an error the server saves
    /// `written`, with the facts that it holds.
    async fn settle(
        &self,
        written: Self::Model,
        planned: &Planned<Self::Model>,
        cx: &Context<'_, Self::Data>,
    ) -> Result<Self::Model, Diagnostics> {
        let (_, _) = (planned, cx);
        Ok(written)
    }

    /// Deletes the object and waits until it is gone. On an error the server keeps the prior state.
    async fn delete(&self, prior: Self::Model, mark: PlanMark, cx: &Context<'_, Self::Data>)
    -> Result<(), Diagnostics>;

    /// The identity of an object.
    fn identity(&self, model: &Self::Model) -> Self::Identity;

    /// Reads the text of `terraform import`.
    ///
    /// # Errors
    /// The text is not of the form that this resource takes; the message says which that is.
    fn parse_import_id(&self, id: &str, cx: &PlanContext<'_, Self::Data>) -> Result<Self::Identity, Diagnostics>;

    /// Brings a stored state of an older schema version, as plain JSON, to the present shape.
    ///
    /// # Errors
    /// This version is not known.
    fn upgrade(&self, version: i64, stored: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        let _ = stored;
        Err(terraform_schema::Diagnostic::error("State of an unknown version")
            .detail(format!(
                "The state was stored in version {version} of the schema of `{}`, which this version of the provider \
                 does not know. Use the version of the provider that wrote it, or a newer one.",
                Self::Model::NAME
            ))
            .into())
    }

    /// Takes over the state of another resource type (a `moved` block); `None` where this source is not one that the
    /// resource knows. A translation without a look: Terraform moves states before it configures the provider. The
    /// read that follows sees the object itself, and finds [`MOVED`] in private state.
    ///
    /// # Errors
    /// The source is one that the resource knows, and this state of it cannot be taken over.
    fn move_from(&self, source: &MovedState) -> Result<Option<Self::Model>, Diagnostics> {
        let _ = source;
        Ok(None)
    }
}

/// The entry of private state that a moved state has, until the resource takes it out: what the state says of the object was
/// never read.
pub const MOVED: &str = "moved";

/// What a plan asks for, during apply.
#[derive(Clone, Debug)]
pub struct Planned<M> {
    /// The planned state as a model: inputs as planned, write-only values from the configuration, computed values only
    /// where the plan knew them.
    pub model: M,
    /// The planned state as Terraform holds it, unknown in places.
    pub value: Value,
    /// The state before; null for a create.
    pub prior: Value,
}

/// Which object to read.
#[derive(Clone, Debug)]
pub enum Lookup<M, I> {
    /// The one in state.
    Known(M),
    /// The one to import.
    Import(I),
}

/// An object as it was found.
#[derive(Clone, Debug)]
pub struct Live<M> {
    /// Everything that is there, whoever put it there.
    pub model: M,
    /// Whose it is.
    pub owned: Owned,
}

/// Which fields of an object are this provider's: those in its configuration, to our knowledge. What others add is not
/// drift.
#[derive(Clone, Debug)]
pub enum Owned {
    /// All of them: on import, or where the remote side does not keep book.
    All,
    /// These attributes, map elements and blocks.
    Paths(BTreeSet<AttributePath>),
}

impl Owned {
    /// Whether an attribute, or anything inside it, is ours.
    pub fn covers(&self, path: &AttributePath) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => paths
                .iter()
                .any(|owned| owned.starts_with(path) || path.starts_with(owned)),
        }
    }
}

/// What kind of plan an apply carries out. Terraform does not say it; every plan writes it into private state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanMark {
    /// A new object. A destroy with this mark is the first half of replacing a tainted object.
    Create,
    /// A change in place.
    Update,
    /// The object is destroyed and created again.
    Replace,
    /// The object is destroyed.
    Destroy,
    /// Planned by nobody that we know of.
    Unmarked,
}

impl PlanMark {
    /// As private state holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Destroy => "destroy",
            Self::Unmarked => "",
        }
    }

    /// From private state.
    pub fn parse(text: Option<&str>) -> Self {
        [Self::Create, Self::Update, Self::Replace, Self::Destroy]
            .into_iter()
            .find(|mark| text == Some(mark.as_str()))
            .unwrap_or(Self::Unmarked)
    }
}

/// The state of another resource type, from a `moved` block (tfplugin5, `MoveResourceState`).
#[derive(Clone, Debug)]
pub struct MovedState {
    /// Address of the provider that owns the type, such as `registry.terraform.io/hashicorp/kubernetes`.
    pub provider_address: String,
    /// The type, such as `kubernetes_manifest`.
    pub type_name: String,
    /// Version of that type's schema.
    pub schema_version: i64,
    /// The state as stored.
    pub state: serde_json::Value,
}
