//! What the author of a data source writes: something that is looked up and never changed.
//!
//! Terraform reads a data source while it plans, or during apply where its configuration, or something that it
//! `depends_on`, is only known then. So [`DataSource::read`] always meets a configuration that is wholly known. There is no
//! private state: what a read returns is all that is kept, and every plan reads anew.

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, View};

use crate::context::Context;

/// A kind of thing that is looked up.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// What [`crate::Provider::configure`] makes; the same for all resources and data sources of a provider.
    type Data: Send + Sync + 'static;
    /// The schema, as a struct: what the configuration says, and as [`terraform_schema::Computed`] what is found.
    /// `Model::NAME` is the type, such as `flink_cluster`.
    type Model: Model;

    /// Checks a configuration beyond what each attribute checks for itself. Offline; unknown values must pass.
    fn validate(&self, config: View<'_>) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Looks it up and fills in what is computed; what the configuration says comes back as it is. Never writes. It is
    /// broken off where Terraform asks to stop.
    ///
    /// # Errors
    /// There is no such thing, or it cannot be reached: a data source never returns nothing.
    async fn read(&self, config: Self::Model, cx: &Context<'_, Self::Data>) -> Result<Self::Model, Diagnostics>;
}
