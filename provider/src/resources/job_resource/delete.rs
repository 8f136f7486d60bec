//! Destroy: never before the state of the job is safe.

use flink_client::kubernetes::Live;
use flink_client::operator::removal::{OnDestroy, Removed};
use flink_client::operator::{JobResource, Resource};
use terraform_plugin::{Context, PlanMark};
use terraform_schema::{Diagnostic, Diagnostics};

use super::{JobModel, live, noun, objects, private};
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Deletes the object in the way that keeps the state of its job, and waits until it is gone.
pub async fn delete<M: JobModel>(prior: &M, mark: PlanMark, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
    let objects = objects::<M::Kind>(prior.namespace(), cx).await?;
    let block = M::block();
    let found = objects
        .find_surely(prior.name(), cx.private(private::NAMESPACE_UID).as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &block))?;
    let Some(found) = found.filter(|found| live::is_meant(prior, found)) else {
        return Ok(());
    };
    if let Some(former) = prior.uid().filter(|uid| *uid != found.uid()) {
        return Err(created_anew(prior, former, found.uid()).into());
    }
    if mark == PlanMark::Create && M::is_brought_about(&objects, &found, &private::baseline(cx)).await {
        return Err(tainted_and_running(prior, &found).into());
    }
    let policy = policy(M::on_destroy(&objects, &found).await, mark, cx.data.on_destroy);
    let timeout = Timeouts::delete(prior.inputs().timeouts);
    match M::remove(&objects, &found, policy, timeout).await {
        Ok(Removed::Deleted { state: Some(path) }) => cx.warn(kept(prior, &path)),
        Ok(Removed::Deleted { state: None }) => {}
        Ok(Removed::Abandoned) => cx.warn(abandoned(prior)),
        Err(error) => return Err(diagnose::remove(&error, &block)),
    }
    Ok(())
}

/// What becomes of the job. Only a real destroy can leave it running: a replacement needs its name.
fn policy(default: OnDestroy, mark: PlanMark, asked: Option<OnDestroy>) -> OnDestroy {
    match (asked, mark) {
        (Some(OnDestroy::Abandon), PlanMark::Create | PlanMark::Replace) => default,
        (Some(asked), _) => asked,
        (None, _) => default,
    }
}

/// Terraform is about to destroy a running job only because an earlier apply did not see it become ready.
fn tainted_and_running<M: JobModel>(prior: &M, found: &Live<M::Kind>) -> Diagnostic {
    let what = if found.job().is_none() {
        "The session cluster is up"
    } else {
        "It does what was asked"
    };
    Diagnostic::error(format!("Tainted {} is running", M::WHAT)).detail(format!(
        "Terraform has marked `{}` as tainted because its creation did not end well, and would destroy it to create it anew. \
         {what} by now, so nothing was destroyed. Run `terraform untaint {type_name}.<name>` to keep it, or \
         `terraform apply -replace={type_name}.<name>` to have it replaced all the same.",
        prior.id(),
        type_name = M::NAME,
    ))
}

fn created_anew<M: JobModel>(prior: &M, former: &str, uid: &str) -> Diagnostic {
    Diagnostic::error(format!("{} was created anew", noun::<M>())).detail(format!(
        "The {} `{}` was deleted and created again by something else than Terraform since it was last read: its \
         uid is `{uid}`, not `{former}`. Nothing was deleted. Plan again to see what is there now.",
        M::Kind::KIND,
        prior.id()
    ))
}

/// Destroy is where the path would be lost otherwise: state forgets everything.
fn kept<M: JobModel>(prior: &M, path: &str) -> Diagnostic {
    Diagnostic::warning("State of the job is kept").detail(format!(
        "`{}` was destroyed. The last state of its job is at `{path}`. To start from it, set `initial_savepoint_path` in the \
         `job` block of a new {}.",
        prior.id(),
        M::WHAT
    ))
}

fn abandoned<M: JobModel>(prior: &M) -> Diagnostic {
    Diagnostic::warning(format!("{} runs on without Terraform", noun::<M>())).detail(format!(
        "`on_destroy` is `abandon`: the {} `{}` was taken out of state and left as it is.",
        M::Kind::KIND,
        prior.id()
    ))
}

#[cfg(test)]
mod tests;
