//! Destroy: never before the state of the job is safe.

use flink_client::kubernetes::Live;
use flink_client::operator::removal::{OnDestroy, Removed, remove};
use flink_client::operator::{FlinkDeployment, JobResource};
use terraform_plugin::{Context, PlanMark};
use terraform_schema::{Diagnostic, Diagnostics, Model};

use super::model::Deployment;
use super::{live, objects, private, read};
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Deletes the object in the way that keeps the state of its job, and waits until it is gone.
pub async fn delete(prior: &Deployment, mark: PlanMark, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
    let objects = objects(prior.namespace(), cx).await?;
    let block = Deployment::block();
    let found = objects
        .find_surely(&prior.name, cx.private(private::NAMESPACE_UID).as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &block))?;
    let Some(found) = found.filter(|found| live::is_meant(prior, found)) else {
        return Ok(());
    };
    if let Some(former) = prior.uid.as_ref().filter(|uid| *uid != found.uid()) {
        return Err(created_anew(prior, former, found.uid()).into());
    }
    if mark == PlanMark::Create && read::is_ready(&found, &private::baseline(cx)) {
        return Err(tainted_and_running(prior, &found).into());
    }
    let policy = policy(&found, mark, cx.data.on_destroy);
    let timeout = Timeouts::delete(prior.timeouts.as_ref());
    match remove(&objects, &prior.name, found.uid(), policy, timeout).await {
        Ok(Removed::Deleted { state: Some(path) }) => cx.warn(kept(prior, &path)),
        Ok(Removed::Deleted { state: None }) => {}
        Ok(Removed::Abandoned) => cx.warn(abandoned(prior)),
        Err(error) => return Err(diagnose::remove(&error, &block)),
    }
    Ok(())
}

/// What becomes of the job. Only a real destroy can leave it running: a replacement needs its name.
fn policy(found: &Live<FlinkDeployment>, mark: PlanMark, asked: Option<OnDestroy>) -> OnDestroy {
    let default = OnDestroy::default_for(found.job(), found.savepoint_directory().is_some());
    match (asked, mark) {
        (Some(OnDestroy::Abandon), PlanMark::Create | PlanMark::Replace) => default,
        (Some(asked), _) => asked,
        (None, _) => default,
    }
}

/// Terraform is about to destroy a running job only because an earlier apply did not see it become ready.
fn tainted_and_running(prior: &Deployment, found: &Live<FlinkDeployment>) -> Diagnostic {
    let what = if found.is_session_cluster() {
        "The session cluster is up"
    } else {
        "It does what was asked"
    };
    Diagnostic::error("Tainted deployment is running").detail(format!(
        "Terraform has marked `{}` as tainted because its creation did not end well, and would destroy it to create it anew. \
         {what} by now, so nothing was destroyed. Run `terraform untaint flink_deployment.<name>` to keep it, or \
         `terraform apply -replace=flink_deployment.<name>` to have it replaced all the same.",
        prior.id()
    ))
}

fn created_anew(prior: &Deployment, former: &str, uid: &str) -> Diagnostic {
    Diagnostic::error("Deployment was created anew").detail(format!(
        "The FlinkDeployment `{}` was deleted and created again by something else than Terraform since it was last read: its \
         uid is `{uid}`, not `{former}`. Nothing was deleted. Plan again to see what is there now.",
        prior.id()
    ))
}

/// Destroy is where the path would be lost otherwise: state forgets everything.
fn kept(prior: &Deployment, path: &str) -> Diagnostic {
    Diagnostic::warning("State of the job is kept").detail(format!(
        "`{}` was destroyed. The last state of its job is at `{path}`. To start from it, set `initial_savepoint_path` in the \
         `job` block of a new deployment.",
        prior.id()
    ))
}

fn abandoned(prior: &Deployment) -> Diagnostic {
    Diagnostic::warning("Deployment runs on without Terraform").detail(format!(
        "`on_destroy` is `abandon`: the FlinkDeployment `{}` was taken out of state and left as it is.",
        prior.id()
    ))
}

#[cfg(test)]
mod tests;
