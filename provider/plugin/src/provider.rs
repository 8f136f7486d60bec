//! What the author of a provider writes: its configuration and its list of resources.

use terraform_schema::{Diagnostics, Model, View};

use crate::context::Warnings;
use crate::function::Function;
use crate::server::{AnyAction, AnyDataSource, AnyListResource, AnyResource};

/// A provider.
pub trait Provider: Send + Sync + 'static {
    /// The provider block, as a struct. `Model::NAME` is the prefix of all type names, such as `flink`.
    type Config: Model;
    /// What resources get to work with.
    type Data: Send + Sync + 'static;

    /// All kinds of managed objects, one line each: `vec![any(FlinkDeployment), ...]` (see [`crate::server::any`]).
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Data>>>;

    /// All kinds of things that are looked up, one line each: `vec![any_data_source(FlinkCluster), ...]` (see
    /// [`crate::server::any_data_source`]).
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Data>>> {
        Vec::new()
    }

    /// All kinds of objects that can be found, one line each: `vec![any_list_resource(Deployments), ...]` (see
    /// [`crate::server::any_list_resource`]). Each is of a resource that there is.
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Self::Data>>> {
        Vec::new()
    }

    /// All kinds of things that are done, one line each: `vec![any_action(Restart), ...]` (see [`crate::server::any_action`]).
    fn actions(&self) -> Vec<Box<dyn AnyAction<Self::Data>>> {
        Vec::new()
    }

    /// All functions, one line each: `vec![Box::new(MemoryBytes), ...]`.
    fn functions(&self) -> Vec<Box<dyn Function>> {
        Vec::new()
    }

    /// Checks the provider block beyond what each attribute checks for itself. Offline; unknown values must pass.
    fn validate(&self, config: View<'_>) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Takes the provider block. Never connects: Terraform configures providers that it then does not use, with values
    /// that are still unknown, and in one process more than once.
    ///
    /// # Errors
    /// The block contradicts itself.
    fn configure(&self, config: View<'_>, warnings: &Warnings) -> Result<Configured<Self::Data>, Diagnostics>;
}

/// A provider block that was taken.
#[derive(Clone, Debug)]
pub enum Configured<D> {
    /// Everything that matters is known.
    Known(D),
    /// Something is known only after apply: new objects can be planned, and reads keep the prior state.
    Unknown(D),
}

impl<D> Configured<D> {
    /// What resources get.
    pub fn data(&self) -> &D {
        match self {
            Self::Known(data) | Self::Unknown(data) => data,
        }
    }

    /// Whether everything that matters is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}
