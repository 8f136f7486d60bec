//! Destroy: never before the state of the job is safe.

use flink_client::kubernetes::Live;
use flink_client::operator::hand_over::{self, Successor};
use flink_client::operator::removal::{OnDestroy, Refusal, Removal, RemoveError, Removed, Step, first_step};
use flink_client::operator::{JobResource, Resource, UpgradeMode};
use terraform_plugin::{Context, MOVED, PlanMark};
use terraform_schema::{Diagnostic, Diagnostics};

use super::{JobModel, live, noun, objects, private, replace, write_only};
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
    let moved = cx.private(MOVED).is_some();
    let Some(found) = found.filter(|found| live::is_meant(prior, found, moved)) else {
        return Ok(());
    };
    write_only::values_in(&found, cx);
    if let Some(former) = prior.uid().filter(|uid| *uid != found.uid()) {
        return Err(created_anew(prior, former, found.uid()).into());
    }
    let annotations = found.metadata().annotations.as_ref();
    let claim = annotations.and_then(|annotations| annotations.get(private::CLAIM));
    // Of a tainted object, nothing private is left.
    if mark != PlanMark::Create && !private::is_claimed(claim.map(String::as_str), cx) {
        // It was replaced by itself: the object lives on in the state of the one that followed.
        return Ok(());
    }
    if prior.arguments().deletion_protection == Some(true) {
        return Err(protected(prior).into());
    }
    if mark == PlanMark::Create && M::is_brought_about(&objects, &found, &private::baseline(cx)).await {
        return Err(tainted_and_running(prior, &found).into());
    }
    let how = removal(prior, &found, M::on_destroy(&objects, &found).await, mark, cx);
    let how = how.map_err(|refusal| {
        let error = RemoveError::WouldLoseState {
            namespace: prior.namespace().to_owned(),
            name: prior.name().to_owned(),
            refusal,
        };
        diagnose::remove(&error, &block)
    })?;
    let timeout = Timeouts::delete(prior.arguments().timeouts.as_ref());
    match M::remove(&objects, &found, &how, timeout).await {
        Ok(Removed::Deleted {
            state: Some(path),
            handed_over: true,
        }) => cx.warn(handed_over(prior, &how.successor, &path)),
        Ok(Removed::Deleted { state, handed_over: _ }) => {
            if how.successor == Successor::Nobody {
                replace::clear(prior, cx).await;
            }
            if let Some(path) = state {
                cx.warn(kept(prior, &path));
            }
        }
        Ok(Removed::Abandoned) => cx.warn(abandoned(prior)),
        Err(error) => return Err(diagnose::remove(&error, &block)),
    }
    Ok(())
}

/// How the object is removed. `default` is what its upgrade mode suggests.
fn removal<M: JobModel>(
    prior: &M,
    found: &Live<M::Kind>,
    default: OnDestroy,
    mark: PlanMark,
    cx: &Context<'_, ProviderData>,
) -> Result<Removal, Refusal> {
    let arguments = prior.arguments();
    let said = said([cx.data.on_destroy, arguments.on_destroy], mark);
    let successor = replace::heir(prior, mark, cx);
    let mut policy = said.unwrap_or(default);
    let keeps_state = found.job().and_then(|job| job.upgrade_mode) == Some(UpgradeMode::LastState);
    if said.is_none() && policy == OnDestroy::Cancel && keeps_state && successor != Successor::Nobody {
        // A destroy for good leaves its checkpoints where they are. A replacement is to go on with one.
        policy = OnDestroy::Savepoint;
        if first_step(&found.object, policy) == Step::Suspend {
            return Err(Refusal::NoSavepointDirectory);
        }
    }
    Ok(Removal {
        policy,
        drain: arguments.drain_on_destroy == Some(true),
        successor,
    })
}

/// What somebody has said about the job, the first one first. Only a real destroy can leave it running: a replacement needs
/// its name.
fn said(asked: [Option<OnDestroy>; 2], mark: PlanMark) -> Option<OnDestroy> {
    let can_be_done =
        |asked: &OnDestroy| *asked != OnDestroy::Abandon || !matches!(mark, PlanMark::Create | PlanMark::Replace);
    asked.into_iter().flatten().find(can_be_done)
}

/// Terraform plans the replacement of a tainted object without asking whether it may be destroyed.
fn protected<M: JobModel>(prior: &M) -> Diagnostic {
    Diagnostic::error(format!("{} is protected", noun::<M>())).detail(format!(
        "The {} `{}` would be destroyed, and `deletion_protection` is `true`, so it was not. If Terraform has marked it as \
         tainted, run `terraform untaint {}.<name>`: the next apply changes it in place. If it is to go, apply \
         `deletion_protection = false` first.",
        M::WHAT,
        prior.id(),
        M::NAME
    ))
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

/// Destroy is where the path would be lost otherwise: state forgets everything. The summary names the object, because
/// Terraform shows of warnings with the same summary only the first one whole.
fn kept<M: JobModel>(prior: &M, path: &str) -> Diagnostic {
    Diagnostic::warning(format!("State of the job of {} is kept", prior.id())).detail(format!(
        "`{}` was destroyed. The last state of its job is at `{path}`. To start from it, set `initial_savepoint_path` in the \
         `job` block of a new {}.",
        prior.id(),
        M::WHAT
    ))
}

/// The one that follows may not come, or not at once.
fn handed_over<M: JobModel>(prior: &M, successor: &Successor, path: &str) -> Diagnostic {
    let (namespace, name) = match successor {
        Successor::Object { namespace, name, .. } => (namespace.as_str(), name.as_str()),
        Successor::Nobody | Successor::Unknown => (prior.namespace(), prior.name()),
    };
    Diagnostic::warning(format!("State of the job of {} is handed over", prior.id())).detail(format!(
        "`{}` was destroyed to be replaced. The last state of its job is at `{path}`, and waits in the FlinkStateSnapshot \
         `{namespace}/{}` for `{namespace}/{name}`, which begins with it if it is created within a day, in this apply or a \
         later one.",
        prior.id(),
        hand_over::name_for::<M::Kind>(name),
    ))
}

fn abandoned<M: JobModel>(prior: &M) -> Diagnostic {
    Diagnostic::warning(format!("{} {} runs on without Terraform", noun::<M>(), prior.id())).detail(format!(
        "`on_destroy` is `abandon`: the {} `{}` was taken out of state and left as it is.",
        M::Kind::KIND,
        prior.id()
    ))
}

#[cfg(test)]
mod tests;
