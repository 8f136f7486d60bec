//! An action of which only values are seen, so that all kinds fit into one list.

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, Schema, Value, View};

use crate::action::Action;
use crate::context::Context;

/// An [`Action`] whose models are values. Only [`any_action`] makes it.
#[async_trait]
pub trait AnyAction<D: 'static>: Send + Sync + 'static {
    /// The type.
    fn name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> &Schema;
    /// See [`Action::validate`].
    fn validate(&self, config: View<'_>) -> Diagnostics;
    /// See [`Action::invoke`].
    async fn invoke(&self, config: &Value, cx: &Context<'_, D>) -> Result<(), Diagnostics>;
}

/// An action for the list in [`crate::Provider::actions`].
pub fn any_action<A: Action>(action: A) -> Box<dyn AnyAction<A::Data>> {
    Box::new(Erased {
        action,
        schema: A::Model::schema(),
    })
}

struct Erased<A> {
    action: A,
    schema: Schema,
}

#[async_trait]
impl<A: Action> AnyAction<A::Data> for Erased<A> {
    fn name(&self) -> &'static str {
        A::Model::NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        self.action.validate(config)
    }

    async fn invoke(&self, config: &Value, cx: &Context<'_, A::Data>) -> Result<(), Diagnostics> {
        self.action.invoke(A::Model::from_value(config)?, cx).await
    }
}
