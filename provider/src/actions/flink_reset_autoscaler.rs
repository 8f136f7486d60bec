//! `flink_reset_autoscaler`: the autoscaler of a job forgets what it knows.

use async_trait::async_trait;
use flink_client::kubernetes::{Counter, Live};
use flink_client::operator::settle::taken_up;
use flink_client::operator::{JobResource, Resource};
use terraform_plugin::{Action, Context};
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Schema, View};

use super::act;
use super::target::{self, Named, Target, look};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::job_resource::{JobModel, objects, settle};
use crate::resources::timeouts::Timeouts;

/// Lets the operator's autoscaler forget what it has measured and decided for a job, and waits until the operator has taken that
/// up. The job runs on. Needs operator 1.11 or newer.
///
/// It counts up the `autoscalerResetNonce` of the job. The next plan of the resource has nothing to change. Where a configuration
/// sets `autoscaler_reset_nonce` itself, count it up there instead.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_reset_autoscaler", version = 0)]
pub struct ResetAutoscaler {
    /// The job.
    #[schema(flatten)]
    pub target: Target,
}

/// The action `flink_reset_autoscaler`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkResetAutoscaler;

#[async_trait]
impl Action for FlinkResetAutoscaler {
    type Data = ProviderData;
    type Model = ResetAutoscaler;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        target::validate(&config)
    }

    async fn invoke(&self, config: ResetAutoscaler, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        let target = &config.target;
        let namespace = target.namespace(cx)?;
        act(cx, async |cx| match target.named()? {
            Named::Deployment(name) => reset::<Deployment>(target, &namespace, name, "deployment_name", cx).await,
            Named::SessionJob(name) => reset::<SessionJob>(target, &namespace, name, "session_job_name", cx).await,
        })
        .await
    }
}

async fn reset<M: JobModel>(
    target: &Target,
    namespace: &str,
    name: &str,
    argument: &str,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    let objects = objects::<M::Kind>(namespace, cx).await?;
    let live = look(&objects, name, argument).await?;
    let object = format!("{} {namespace}/{name}", M::Kind::KIND);
    if let Some((summary, why)) = nothing_to_reset(&live) {
        return Err(Diagnostic::error(summary)
            .detail(format!("{object} {why} Nothing was done."))
            .at(AttributePath::of([argument]))
            .into());
    }
    let reconciled = live
        .reported()
        .and_then(|reported| reported.reconciliation_status.reconciled());
    let done = reconciled.and_then(|reconciled| reconciled.autoscaler_reset_nonce);
    cx.progress().tell(format!("Resetting the autoscaler of {object}"));
    let written = objects
        .count_up(&live, Counter::AutoscalerReset, done)
        .await
        .map_err(|error| diagnose::write(&error, &M::block()))?;
    let timeout = Timeouts::create(Some(&target.timeouts()));
    match taken_up(&objects, name, written.uid(), written.generation(), timeout).await {
        Ok(_) => {
            cx.progress().tell(format!("The autoscaler of {object} was reset"));
            Ok(())
        }
        Err(error) => {
            let mask = settle::secrets(&M::found(&written, false), &error);
            let problems = diagnose::not_ready(&error, &object, Afterwards::Acted, &mask, &M::block());
            // The paths are those of the resource, which is not in this configuration.
            Err(problems
                .into_iter()
                .map(|problem| problem.at(AttributePath::root()))
                .collect())
        }
    }
}

/// Why there is no autoscaler to reset. It may be switched on for all jobs in the operator's own configuration, which nobody
/// else sees.
fn nothing_to_reset<K: JobResource>(live: &Live<K>) -> Option<(&'static str, &'static str)> {
    if live.job().is_none() {
        return Some((
            "Session clusters have no autoscaler",
            "is a session cluster, whose jobs are objects of their own: name one of them with `session_job_name`.",
        ));
    }
    let keys = ["job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"];
    let set = keys.iter().find_map(|key| live.configured(key));
    set.is_some_and(|set| !set.trim().eq_ignore_ascii_case("true"))
        .then_some((
            "Autoscaler is switched off",
            "has `job.autoscaler.enabled` set to something else than `true`: there is nothing to reset.",
        ))
}
