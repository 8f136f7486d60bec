//! A resource of which only values are seen, so that all kinds fit into one list.

use async_trait::async_trait;
use terraform_schema::{AttributePath, Diagnostics, Model, Plan, Schema, Value, View};

use crate::context::{Context, PlanContext};
use crate::resource::{Live, Lookup, MovedState, PlanMark, Planned, Resource};
use crate::server::values::with_write_only;

/// A [`Resource`] whose models are values. Only [`any`] makes it.
#[async_trait]
pub trait AnyResource<D: 'static>: Send + Sync + 'static {
    /// The resource type.
    fn name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> &Schema;
    /// The schema of the identity.
    fn identity_schema(&self) -> &Schema;
    /// See [`Resource::validate`].
    fn validate(&self, config: View<'_>) -> Diagnostics;
    /// See [`Resource::modify_plan`].
    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, D>) -> Diagnostics;
    /// See [`Resource::check_plan`].
    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, D>) -> Diagnostics;
    /// See [`Resource::plan_destroy`].
    fn plan_destroy(&self, prior: View<'_>, cx: &PlanContext<'_, D>) -> Diagnostics;
    /// [`Resource::create`] where `prior` is null, else [`Resource::update`]; then [`Resource::settle`]. The context
    /// knows what was written before the wait begins.
    async fn apply(&self, change: Change<'_>, cx: &Context<'_, D>) -> Result<Value, Diagnostics>;
    /// See [`Resource::read`].
    async fn read(&self, lookup: Lookup<Value, Value>, cx: &Context<'_, D>)
    -> Result<Option<Live<Value>>, Diagnostics>;
    /// See [`Resource::delete`].
    async fn delete(&self, prior: &Value, mark: PlanMark, cx: &Context<'_, D>) -> Result<(), Diagnostics>;
    /// See [`Resource::identity`].
    ///
    /// # Errors
    /// The state is no model of this resource.
    fn identity(&self, state: &Value) -> Result<Value, Diagnostics>;
    /// See [`Resource::parse_import_id`].
    ///
    /// # Errors
    /// The text is not of the form that this resource takes.
    fn parse_import_id(&self, id: &str, cx: &PlanContext<'_, D>) -> Result<Value, Diagnostics>;
    /// See [`Resource::upgrade`].
    ///
    /// # Errors
    /// The version is not known.
    fn upgrade(&self, version: i64, stored: serde_json::Value) -> Result<serde_json::Value, Diagnostics>;
    /// See [`Resource::move_from`].
    ///
    /// # Errors
    /// The source is known, and this state of it cannot be taken over.
    fn move_from(&self, source: &MovedState) -> Result<Option<Value>, Diagnostics>;
}

/// What an apply is about.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The planned state.
    pub planned: &'a Value,
    /// The configuration, for its write-only values.
    pub config: &'a Value,
    /// The state before; null for a create.
    pub prior: &'a Value,
}

/// A resource for the list in [`crate::Provider::resources`].
pub fn any<R: Resource>(resource: R) -> Box<dyn AnyResource<R::Data>> {
    Box::new(Erased {
        resource,
        schema: R::Model::schema(),
        identity_schema: R::Identity::schema(),
    })
}

struct Erased<R> {
    resource: R,
    schema: Schema,
    identity_schema: Schema,
}

#[async_trait]
impl<R: Resource> AnyResource<R::Data> for Erased<R> {
    fn name(&self) -> &'static str {
        R::Model::NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn identity_schema(&self) -> &Schema {
        &self.identity_schema
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        self.resource.validate(config)
    }

    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, R::Data>) -> Diagnostics {
        self.resource.modify_plan(plan, cx)
    }

    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, R::Data>) -> Diagnostics {
        self.resource.check_plan(plan, cx).await
    }

    fn plan_destroy(&self, prior: View<'_>, cx: &PlanContext<'_, R::Data>) -> Diagnostics {
        self.resource.plan_destroy(prior, cx)
    }

    async fn apply(&self, change: Change<'_>, cx: &Context<'_, R::Data>) -> Result<Value, Diagnostics> {
        let model = R::Model::from_value(&with_write_only(&self.schema.block, change.planned, change.config))?;
        let planned = Planned {
            model,
            value: change.planned.clone(),
            prior: change.prior.clone(),
        };
        let written = if change.prior.is_null() {
            self.resource.create(&planned, cx).await?
        } else {
            self.resource
                .update(&planned, R::Model::from_value(change.prior)?, cx)
                .await?
        };
        cx.wrote(&written);
        let settled = self.resource.settle(written, &planned, cx).await?;
        Ok(settled.to_value())
    }

    async fn read(
        &self,
        lookup: Lookup<Value, Value>,
        cx: &Context<'_, R::Data>,
    ) -> Result<Option<Live<Value>>, Diagnostics> {
        let lookup = match lookup {
            Lookup::Known(state) => Lookup::Known(R::Model::from_value(&state)?),
            Lookup::Import(identity) => Lookup::Import(R::Identity::from_value(&identity).map_err(without_paths)?),
        };
        let live = self.resource.read(lookup, cx).await?;
        Ok(live.map(|live| Live {
            model: live.model.to_value(),
            owned: live.owned,
        }))
    }

    async fn delete(&self, prior: &Value, mark: PlanMark, cx: &Context<'_, R::Data>) -> Result<(), Diagnostics> {
        self.resource.delete(R::Model::from_value(prior)?, mark, cx).await
    }

    fn identity(&self, state: &Value) -> Result<Value, Diagnostics> {
        Ok(self.resource.identity(&R::Model::from_value(state)?).to_value())
    }

    fn parse_import_id(&self, id: &str, cx: &PlanContext<'_, R::Data>) -> Result<Value, Diagnostics> {
        Ok(self.resource.parse_import_id(id, cx)?.to_value())
    }

    fn upgrade(&self, version: i64, stored: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.resource.upgrade(version, stored)
    }

    fn move_from(&self, source: &MovedState) -> Result<Option<Value>, Diagnostics> {
        Ok(self.resource.move_from(source)?.map(|model| model.to_value()))
    }
}

/// Problems of an identity: its attributes are not those of the configuration, so their paths go into the text.
fn without_paths(problems: Diagnostics) -> Diagnostics {
    problems
        .into_iter()
        .map(|mut problem| {
            if !problem.path.is_root() {
                problem.detail = format!("In the identity, at `{}`: {}", problem.path, problem.detail);
                problem.path = AttributePath::root();
            }
            problem
        })
        .collect()
}
