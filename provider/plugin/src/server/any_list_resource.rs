//! A list resource of which only values are seen, so that all kinds fit into one list.

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, Schema, Value, View};

use crate::context::Context;
use crate::list_resource::{Found, ListResource};

/// A [`ListResource`] whose models are values. Only [`any_list_resource`] makes it.
#[async_trait]
pub trait AnyListResource<D: 'static>: Send + Sync + 'static {
    /// The type: that of the resource.
    fn name(&self) -> &'static str;
    /// The schema of the configuration.
    fn schema(&self) -> &Schema;
    /// See [`ListResource::validate`].
    fn validate(&self, config: View<'_>) -> Diagnostics;
    /// See [`ListResource::list`].
    async fn list(&self, config: &Value, found: Found<Value>, cx: &Context<'_, D>) -> Result<(), Diagnostics>;
}

/// A list resource for the list in [`crate::Provider::list_resources`].
pub fn any_list_resource<L: ListResource>(list_resource: L) -> Box<dyn AnyListResource<L::Data>> {
    Box::new(Erased {
        list_resource,
        schema: L::Config::schema(),
    })
}

struct Erased<L> {
    list_resource: L,
    schema: Schema,
}

#[async_trait]
impl<L: ListResource> AnyListResource<L::Data> for Erased<L> {
    fn name(&self) -> &'static str {
        L::Config::NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        self.list_resource.validate(config)
    }

    async fn list(&self, config: &Value, found: Found<Value>, cx: &Context<'_, L::Data>) -> Result<(), Diagnostics> {
        let config = L::Config::from_value(config)?;
        self.list_resource.list(config, found.typed(), cx).await
    }
}
