//! What a plan asks the API server about a change in place: whether it would take it. The only request of a plan that looks like
//! a write; it keeps nothing. New objects are planned without it, because they are planned without any cluster.

use flink_client::kubernetes::Write;
use flink_client::operator::Resource;
use terraform_plugin::Context;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Value};

use super::write::manifest;
use super::{JobModel, mask, objects, private, write_only};
use crate::diagnose;
use crate::provider::ProviderData;

/// Tries a planned change. Refuses it where the API server does; who cannot be asked, or may not be, refuses nothing.
pub async fn dry_run<M: JobModel>(plan: &Plan, cx: &Context<'_, ProviderData>) -> Diagnostics {
    if plan.prior.is_null() || plan.is_replace() || !is_known(&plan.config) {
        return Diagnostics::new();
    }
    match tried::<M>(plan, cx).await {
        Ok(()) => Diagnostics::new(),
        Err(refusal) => refusal,
    }
}

/// Whether everything that would be sent is known. Write-only values are not sent.
fn is_known(config: &Value) -> bool {
    let members = config.as_map().into_iter().flatten();
    members
        .filter(|(name, _)| *name != write_only::ATTRIBUTE)
        .all(|(_, value)| value.is_wholly_known())
}

async fn tried<M: JobModel>(plan: &Plan, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
    let (prior, planned) = (M::from_value(&plan.prior)?, M::from_value(&plan.planned)?);
    let (before, after) = (manifest(&prior)?, manifest(&planned)?);
    if before == after {
        return Ok(());
    }
    if write_only::is_changed(&planned, &prior) || cx.private(private::WRITE_ONLY).is_some() {
        // No plan sends these values, and without them it would be another object that is tried.
        tracing::debug!("not tried: the object has write-only configuration");
        return Ok(());
    }
    let uid = prior.uid().map(str::to_owned).or_else(|| cx.private(private::UID));
    let (Some(uid), Ok(objects)) = (uid, objects::<M::Kind>(planned.namespace(), cx).await) else {
        return Ok(());
    };
    let how = Write {
        uid: &uid,
        prior: Some(&before),
        force: planned.arguments().force_conflicts == Some(true),
    };
    let mask = mask(&planned, None);
    match objects.dry_run(&after, how).await {
        Ok(warnings) => {
            for warning in warnings {
                cx.warn(warned(&planned, &mask.apply(&warning)));
            }
            Ok(())
        }
        Err(error) if error.is_verdict() => Err(diagnose::dry_run(&error, &M::block())
            .into_iter()
            .map(|problem| Diagnostic {
                detail: mask.apply(&problem.detail),
                ..problem
            })
            .collect()),
        Err(error) => {
            tracing::info!(
                kind = M::Kind::KIND,
                id = planned.id(),
                "the change is planned without having been tried: {error}"
            );
            Ok(())
        }
    }
}

/// What the API server, or an admission webhook, warns of.
pub fn warned<M: JobModel>(model: &M, warning: &str) -> Diagnostic {
    Diagnostic::warning("Kubernetes warns").detail(format!(
        "Of the {} `{}` the API server says: {warning}",
        M::Kind::KIND,
        model.id()
    ))
}
