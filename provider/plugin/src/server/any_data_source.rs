//! A data source of which only values are seen, so that all kinds fit into one list.

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, Schema, Value, View};

use crate::context::Context;
use crate::data_source::DataSource;

/// A [`DataSource`] whose models are values. Only [`any_data_source`] makes it.
#[async_trait]
pub trait AnyDataSource<D: 'static>: Send + Sync + 'static {
    /// The type.
    fn name(&self) -> &'static str;
    /// The schema.
    fn schema(&self) -> &Schema;
    /// See [`DataSource::validate`].
    fn validate(&self, config: View<'_>) -> Diagnostics;
    /// See [`DataSource::read`].
    async fn read(&self, config: &Value, cx: &Context<'_, D>) -> Result<Value, Diagnostics>;
}

/// A data source for the list in [`crate::Provider::data_sources`].
pub fn any_data_source<S: DataSource>(data_source: S) -> Box<dyn AnyDataSource<S::Data>> {
    Box::new(Erased {
        data_source,
        schema: S::Model::schema(),
    })
}

struct Erased<S> {
    data_source: S,
    schema: Schema,
}

#[async_trait]
impl<S: DataSource> AnyDataSource<S::Data> for Erased<S> {
    fn name(&self) -> &'static str {
        S::Model::NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        self.data_source.validate(config)
    }

    async fn read(&self, config: &Value, cx: &Context<'_, S::Data>) -> Result<Value, Diagnostics> {
        let found = self.data_source.read(S::Model::from_value(config)?, cx).await?;
        Ok(found.to_value())
    }
}
