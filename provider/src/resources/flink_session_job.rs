//! `flink_session_job`: a job that runs on a session cluster. What it has in common with `flink_deployment` is in
//! `job_resource`.

mod cluster;
pub mod model;
pub(crate) mod plan;
#[cfg(test)]
mod sample;
mod target;
mod validate;

use async_trait::async_trait;
use terraform_plugin::{Context, Live, Lookup, MovedState, PlanContext, PlanMark, Planned, Resource};
use terraform_schema::{Diagnostics, Plan, View};

use super::job_resource::plan::Given;
use super::job_resource::{Identity, delete, dry_run, import, moved, read, replace, settle, write, write_only};
use super::names::is_dns_subdomain;
use crate::provider::ProviderData;
use model::SessionJob;

/// The resource `flink_session_job`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkSessionJobResource;

#[async_trait]
impl Resource for FlinkSessionJobResource {
    type Data = ProviderData;
    type Model = SessionJob;
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
        said.extend(replace::plan::<SessionJob, _>(plan, cx));
        said.extend(write_only::unsent(plan, cx.private));
        said
    }

    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, ProviderData>) -> Diagnostics {
        let mut said = target::check(plan, cx).await;
        said.extend(dry_run::dry_run::<SessionJob>(plan, cx).await);
        said
    }

    fn plan_destroy(&self, prior: View<'_>, _: &PlanContext<'_, ProviderData>) -> Diagnostics {
        replace::plan_destroy::<SessionJob>(&prior)
    }

    async fn create(
        &self,
        planned: &Planned<SessionJob>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<SessionJob, Diagnostics> {
        write::create(&planned.model, cx).await
    }

    async fn read(
        &self,
        lookup: Lookup<SessionJob, Identity>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Option<Live<SessionJob>>, Diagnostics> {
        let found = match lookup {
            Lookup::Known(prior) => read::known(&prior, cx).await?,
            Lookup::Import(identity) => read::import(&identity, cx).await?,
        };
        if let Some(live) = &found {
            cluster::warn_of_its_absence(&live.model, cx).await;
        }
        Ok(found)
    }

    async fn update(
        &self,
        planned: &Planned<SessionJob>,
        prior: SessionJob,
        cx: &Context<'_, ProviderData>,
    ) -> Result<SessionJob, Diagnostics> {
        write::update(&planned.model, &prior, cx).await
    }

    async fn settle(
        &self,
        written: SessionJob,
        planned: &Planned<SessionJob>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<SessionJob, Diagnostics> {
        settle::settle(written, planned, cx).await
    }

    async fn delete(
        &self,
        prior: SessionJob,
        mark: PlanMark,
        cx: &Context<'_, ProviderData>,
    ) -> Result<(), Diagnostics> {
        delete::delete(&prior, mark, cx).await
    }

    fn identity(&self, model: &SessionJob) -> Identity {
        import::identity(model)
    }

    fn move_from(&self, source: &MovedState) -> Result<Option<SessionJob>, Diagnostics> {
        moved::from(source)
    }

    fn parse_import_id(&self, id: &str, _: &PlanContext<'_, ProviderData>) -> Result<Identity, Diagnostics> {
        import::parse(id, "session job", is_dns_subdomain)
    }
}
