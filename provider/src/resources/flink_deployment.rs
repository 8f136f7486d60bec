//! `flink_deployment`: an application or a session cluster. This file is the life of the resource at a glance; each step
//! stands in the file of its name, those that session jobs have, too, in `job_resource`.

mod checks;
pub mod model;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod sample;
mod validate;

use async_trait::async_trait;
use flink_client::operator::checks::is_deployment_name;
use terraform_plugin::{Context, Live, Lookup, MovedState, PlanContext, PlanMark, Planned, Resource};
use terraform_schema::{Diagnostics, Plan, View};

use super::job_resource::plan::Given;
use super::job_resource::{Identity, delete, dry_run, import, moved, read, replace, settle, write, write_only};
use crate::provider::ProviderData;
use model::Deployment;

/// The resource `flink_deployment`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkDeploymentResource;

#[async_trait]
impl Resource for FlinkDeploymentResource {
    type Data = ProviderData;
    type Model = Deployment;
    type Identity = Identity;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        validate::validate(&config)
    }

    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, ProviderData>) -> Diagnostics {
        let mut said = plan::modify(
            plan,
            Given {
                namespace: &cx.data.namespace,
                private: cx.private,
            },
        );
        said.extend(replace::plan::<Deployment, _>(plan, cx));
        said.extend(write_only::unsent(plan, cx.private));
        cx.data.planned.plan(&plan.planned());
        said
    }

    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, ProviderData>) -> Diagnostics {
        dry_run::dry_run::<Deployment>(plan, cx).await
    }

    fn plan_destroy(&self, prior: View<'_>, cx: &PlanContext<'_, ProviderData>) -> Diagnostics {
        cx.data.planned.destroy(&prior);
        replace::plan_destroy::<Deployment>(&prior)
    }

    async fn create(
        &self,
        planned: &Planned<Deployment>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Deployment, Diagnostics> {
        write::create(&planned.model, cx).await
    }

    async fn read(
        &self,
        lookup: Lookup<Deployment, Identity>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Option<Live<Deployment>>, Diagnostics> {
        match lookup {
            Lookup::Known(prior) => read::known(&prior, cx).await,
            Lookup::Import(identity) => read::import(&identity, cx).await,
        }
    }

    async fn update(
        &self,
        planned: &Planned<Deployment>,
        prior: Deployment,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Deployment, Diagnostics> {
        write::update(&planned.model, &prior, cx).await
    }

    async fn settle(
        &self,
        written: Deployment,
        planned: &Planned<Deployment>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Deployment, Diagnostics> {
        settle::settle(written, planned, cx).await
    }

    async fn delete(
        &self,
        prior: Deployment,
        mark: PlanMark,
        cx: &Context<'_, ProviderData>,
    ) -> Result<(), Diagnostics> {
        delete::delete(&prior, mark, cx).await
    }

    fn identity(&self, model: &Deployment) -> Identity {
        import::identity(model)
    }

    fn move_from(&self, source: &MovedState) -> Result<Option<Deployment>, Diagnostics> {
        moved::from(source)
    }

    fn parse_import_id(&self, id: &str, _: &PlanContext<'_, ProviderData>) -> Result<Identity, Diagnostics> {
        import::parse(id, "deployment", is_deployment_name)
    }
}
