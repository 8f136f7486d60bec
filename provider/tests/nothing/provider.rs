//! The provider without a cluster: the same provider block, the same schema of `flink_deployment`, and a resource that
//! keeps what it is told. What it costs is the price of Terraform and of the protocol; `make bench` compares with it.

use std::process::ExitCode;

use async_trait::async_trait;
use terraform_plugin::server::AnyResource;
use terraform_plugin::{
    Configured, Context, Live, Lookup, Owned, PlanContext, PlanMark, Planned, Provider, Resource, Service, Warnings,
    any,
};
use terraform_provider_flink::ADDRESS;
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::job_resource::{Identity, JobModel};
use terraform_schema::{Diagnostic, Diagnostics, View};

fn main() -> ExitCode {
    terraform_plugin::run(ADDRESS, |handlers| Service::new(Nothing, handlers))
}

struct Nothing;

impl Provider for Nothing {
    type Config = ProviderConfig;
    type Data = ();

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![any(NothingBehind)]
    }

    fn configure(&self, _: View<'_>, _: &Warnings) -> Result<Configured<()>, Diagnostics> {
        Ok(Configured::Known(()))
    }
}

/// A `flink_deployment` that exists in state alone.
struct NothingBehind;

#[async_trait]
impl Resource for NothingBehind {
    type Data = ();
    type Model = Deployment;
    type Identity = Identity;

    async fn create(&self, planned: &Planned<Deployment>, _: &Context<'_, ()>) -> Result<Deployment, Diagnostics> {
        Ok(planned.model.clone())
    }

    async fn read(
        &self,
        lookup: Lookup<Deployment, Identity>,
        _: &Context<'_, ()>,
    ) -> Result<Option<Live<Deployment>>, Diagnostics> {
        match lookup {
            Lookup::Known(model) => Ok(Some(Live {
                model,
                owned: Owned::All,
            })),
            Lookup::Import(_) => Err(nothing_to_import()),
        }
    }

    async fn update(
        &self,
        planned: &Planned<Deployment>,
        _: Deployment,
        _: &Context<'_, ()>,
    ) -> Result<Deployment, Diagnostics> {
        Ok(planned.model.clone())
    }

    async fn delete(&self, _: Deployment, _: PlanMark, _: &Context<'_, ()>) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn identity(&self, model: &Deployment) -> Identity {
        Identity {
            namespace: Some(model.namespace().to_owned()),
            name: model.name.clone(),
        }
    }

    fn parse_import_id(&self, _: &str, _: &PlanContext<'_, ()>) -> Result<Identity, Diagnostics> {
        Err(nothing_to_import())
    }
}

fn nothing_to_import() -> Diagnostics {
    Diagnostic::error("Nothing to import")
        .detail("This provider has nothing behind its resources. It is for measuring only.")
        .into()
}
