//! `flink_restart`: a job, or a session cluster, is started anew.

use async_trait::async_trait;
use flink_client::kubernetes::{Counter, Live, Objects};
use flink_client::operator::progress::Baseline;
use flink_client::operator::state_snapshot::target::find;
use flink_client::operator::state_snapshot::{JobKind, JobReference};
use flink_client::operator::{JobResource, Resource, UpgradeMode};
use terraform_plugin::{Action, Context};
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Schema, View};

use super::act;
use super::target::{self, Named, Target, look};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::configuration::{Configuration, HighAvailability};
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::job_resource::observed::{self, Snapshot};
use crate::resources::job_resource::{JobModel, objects, settle};
use crate::resources::timeouts::Timeouts;

/// Restarts a job as its `upgrade_mode` says, or recreates a session cluster, and waits until it runs again.
///
/// It counts up the `restartNonce` of the object. The next plan of the resource has nothing to change, and `restart_triggers` goes on
/// counting from there. Where a configuration sets `restart_nonce` itself, count it up there instead: it would take this restart
/// back with another one.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_restart", version = 0)]
pub struct Restart {
    /// The object.
    #[schema(flatten)]
    pub target: Target,

    /// Whether the restart may lose state: that of a job with the upgrade mode `stateless`, or of the jobs on a session cluster
    /// without high availability. Without it, such a restart is refused.
    pub allow_state_loss: Option<bool>,
}

/// The action `flink_restart`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkRestart;

#[async_trait]
impl Action for FlinkRestart {
    type Data = ProviderData;
    type Model = Restart;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        target::validate(&config)
    }

    async fn invoke(&self, config: Restart, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        let namespace = config.target.namespace(cx)?;
        act(cx, async |cx| match config.target.named()? {
            Named::Deployment(name) => {
                let reference = JobReference {
                    kind: JobKind::FlinkDeployment,
                    name: name.to_owned(),
                };
                restart::<Deployment>(&config, &namespace, &reference, "deployment_name", cx).await
            }
            Named::SessionJob(name) => {
                let reference = JobReference {
                    kind: JobKind::FlinkSessionJob,
                    name: name.to_owned(),
                };
                restart::<SessionJob>(&config, &namespace, &reference, "session_job_name", cx).await
            }
        })
        .await
    }
}

async fn restart<M: JobModel>(
    config: &Restart,
    namespace: &str,
    reference: &JobReference,
    argument: &str,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    let name = reference.name.as_str();
    let objects = objects::<M::Kind>(namespace, cx).await?;
    let live = look(&objects, name, argument).await?;
    let object = format!("{} {namespace}/{name}", M::Kind::KIND);
    if live.wants_suspended() {
        return Err(Diagnostic::error("Nothing to restart")
            .detail(format!(
                "The job of {object} is suspended. Nothing was done. Resume it with `state = \"running\"`."
            ))
            .at(AttributePath::of([argument]))
            .into());
    }
    if let Some(loss) = loss::<M>(&objects, &live, reference).await {
        refuse_unless_allowed(config, &loss, cx)?;
    }
    cx.progress().tell(match how(&live) {
        Some(mode) => format!("Restarting {object}, upgrade mode {mode}"),
        None => format!("Recreating the session cluster {object}"),
    });
    let reconciled = live
        .reported()
        .and_then(|reported| reported.reconciliation_status.reconciled());
    let done = reconciled.and_then(|reconciled| reconciled.restart_nonce);
    let written = objects
        .count_up(&live, Counter::Restart, done)
        .await
        .map_err(|error| diagnose::write(&error, &M::block()))?;
    let baseline = Baseline::of(&written.object);
    let model = M::found(&written, false);
    let timeout = Timeouts::create(Some(&config.target.timeouts()));
    match model.wait(&objects, written.uid(), &baseline, timeout).await {
        Ok(_) => {
            cx.progress().tell(format!("{object} was restarted"));
            Ok(())
        }
        Err(error) => {
            let mask = settle::secrets(&model, &error);
            let problems = diagnose::not_ready(&error, &object, Afterwards::Acted, &mask, &M::block());
            // The paths are those of the resource, which is not in this configuration.
            Err(problems
                .into_iter()
                .map(|problem| problem.at(AttributePath::root()))
                .collect())
        }
    }
}

/// How the job is stopped and started again; `None` for a session cluster.
fn how<K: JobResource>(live: &Live<K>) -> Option<&'static str> {
    Some(match live.job()?.upgrade_mode {
        None | Some(UpgradeMode::Stateless) => "stateless",
        Some(UpgradeMode::Savepoint) => "savepoint",
        Some(UpgradeMode::LastState) => "last-state",
    })
}

/// What a restart would lose.
struct Loss {
    detail: String,
    /// Whether there is something to lose for sure.
    certain: bool,
}

async fn loss<M: JobModel>(objects: &Objects<M::Kind>, live: &Live<M::Kind>, reference: &JobReference) -> Option<Loss> {
    let object = format!("{} `{}/{}`", M::Kind::KIND, objects.namespace(), reference.name);
    match how(live) {
        Some("stateless") => {
            let target = find(objects.cluster(), objects.namespace(), reference)
                .await
                .ok()
                .flatten();
            let latest = match target {
                Some(target) => observed::latest(live, target.job_manager).await,
                None => None,
            };
            stateless(
                &object,
                latest.as_ref(),
                live.configured("execution.checkpointing.interval").is_some(),
            )
        }
        Some(_) => None,
        None => cluster::<M>(objects, live, &object).await,
    }
}

fn stateless(object: &str, latest: Option<&Snapshot>, takes_checkpoints: bool) -> Option<Loss> {
    let keep = "Set `upgrade_mode` to `savepoint` or `last-state` first to keep it.";
    if let Some(latest) = latest {
        let what = if latest.is_savepoint { "savepoint" } else { "checkpoint" };
        let time = latest
            .time
            .as_deref()
            .map(|time| format!(" of {time}"))
            .unwrap_or_default();
        return Some(Loss {
            detail: format!(
                "The job of {object} has state (its last {what}{time}), and with the upgrade mode `stateless` it starts without it. \
                 {keep}"
            ),
            certain: true,
        });
    }
    takes_checkpoints.then(|| Loss {
        detail: format!(
            "The job of {object} takes checkpoints, and with the upgrade mode `stateless` it starts without them. {keep}"
        ),
        certain: false,
    })
}

async fn cluster<M: JobModel>(objects: &Objects<M::Kind>, live: &Live<M::Kind>, object: &str) -> Option<Loss> {
    let model = M::found(live, false).to_value();
    if Configuration::of(&View::of(&model)).high_availability() == HighAvailability::On {
        return None;
    }
    let deployments = Objects::new(objects.cluster().clone(), objects.namespace());
    let name = live.metadata().name.as_deref().unwrap_or_default();
    let jobs = observed::session_jobs(&deployments, name).await;
    let stateful: Option<Vec<String>> = jobs.map(|jobs| {
        let stateful = jobs.into_iter().filter(|job| job.is_stateful);
        stateful.map(|job| format!("`{}`", job.name)).collect()
    });
    match stateful {
        None => Some(Loss {
            detail: format!(
                "Whether there are jobs with state on {object} cannot be seen. Without high availability they lose it."
            ),
            certain: false,
        }),
        Some(jobs) if jobs.is_empty() => None,
        Some(jobs) => Some(Loss {
            detail: format!(
                "These jobs on {object} lose their state, because it has no high availability: {}. Suspend them first \
                 (`state = \"suspended\"`) and resume them afterwards.",
                jobs.join(", ")
            ),
            certain: true,
        }),
    }
}

/// A loss that is certain is refused unless it is allowed; else it is a warning.
fn refuse_unless_allowed(config: &Restart, loss: &Loss, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
    let allowed = config.allow_state_loss == Some(true);
    if loss.certain && !allowed {
        return Err(Diagnostic::error("State of the job would be lost")
            .detail(format!(
                "{} Nothing was done. Set `allow_state_loss = true` in the action if that is meant.",
                loss.detail
            ))
            .into());
    }
    if !allowed {
        cx.warn(Diagnostic::warning("State of the job may be lost").detail(loss.detail.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stateless_restart_loses() {
        let checkpoint = Snapshot {
            time: Some("2026-11-21T20:00:00Z".to_owned()),
            ..Snapshot::default()
        };
        let loss = stateless("FlinkDeployment `data/orders`", Some(&checkpoint), true).unwrap();
        assert!(loss.certain);
        assert!(
            loss.detail.contains("last checkpoint of 2026-11-21T20:00:00Z"),
            "{}",
            loss.detail
        );
        let loss = stateless("FlinkDeployment `data/orders`", None, true).unwrap();
        assert!(!loss.certain);
        assert!(stateless("FlinkDeployment `data/orders`", None, false).is_none());
    }
}
