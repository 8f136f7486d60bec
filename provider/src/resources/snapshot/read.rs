//! Read and import.

use flink_client::kubernetes::KubernetesError;
use terraform_plugin::{Context, Live, Owned};
use terraform_schema::{Computed, Diagnostic, Diagnostics};

use super::model::{Identity, Snapshot};
use super::{SnapshotModel, live, objects, over_rest, private, write};
use crate::data_sources::namespace;
use crate::diagnose;
use crate::provider::ProviderData;

/// The snapshot in state, as it is now.
pub async fn known<M: SnapshotModel>(
    prior: &M,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Live<M>>, Diagnostics> {
    if let Some(asked) = private::over_rest(cx) {
        return Ok(Some(all_ours(over_rest::read(prior, &asked, cx).await)));
    }
    let snapshot = prior.snapshot();
    if snapshot.job_manager_url.is_some() {
        return Ok(Some(recalled(prior, cx).await));
    }
    let objects = objects(snapshot.namespace(), cx).await?;
    let namespace_uid = cx.private(private::NAMESPACE_UID);
    let former = cx.private(private::UID);
    let found = match objects.find_surely(snapshot.name(), namespace_uid.as_deref()).await {
        // Where there are no objects, this one was taken without: what is private went with a taint.
        Err(KubernetesError::DefinitionMissing { .. }) if former.is_none() => {
            return Ok(Some(recalled(prior, cx).await));
        }
        found => found.map_err(|error| diagnose::kubernetes(&error, &M::block()))?,
    };
    // Where a create lost its answer, no uid is known: the object is ours only if our field manager has written it.
    let Some(found) = found.filter(|found| former.is_some() || found.owned_by_us(&["spec"])) else {
        return Ok(None);
    };
    if former.is_some_and(|former| former != found.uid()) {
        cx.warn(created_anew(snapshot, M::WHAT));
    }
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    Ok(Some(all_ours(live::model(&found, snapshot))))
}

/// A snapshot without an object of which nothing private is left.
async fn recalled<M: SnapshotModel>(prior: &M, cx: &Context<'_, ProviderData>) -> Live<M> {
    let asked = over_rest::recall(prior, cx).await;
    private::set_over_rest(&asked, cx);
    all_ours(over_rest::read(prior, &asked, cx).await)
}

/// A snapshot that was made without this state.
pub async fn import<M: SnapshotModel>(
    identity: &Identity,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Live<M>>, Diagnostics> {
    let set = identity.namespace.clone().map(Computed::from);
    let namespace = namespace::chosen(set.as_ref(), &cx.data.namespace)?;
    let objects = objects(&namespace, cx).await?;
    let found = objects
        .find_surely(&identity.name, None)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &M::block()))?;
    let Some(found) = found else { return Ok(None) };
    let model: M = live::model(&found, &Snapshot::default());
    if model.savepoint().is_some() != found.spec.savepoint.is_some() {
        let other = if M::WHAT == "savepoint" {
            "flink_checkpoint"
        } else {
            "flink_savepoint"
        };
        return Err(Diagnostic::error(format!("Not a {}", M::WHAT))
            .detail(format!(
                "The FlinkStateSnapshot `{namespace}/{}` is none: import it as a `{other}`.",
                identity.name
            ))
            .into());
    }
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    cx.set_private(private::IMPORTED, Some("true".to_owned()));
    write::remember_namespace(&objects, cx).await;
    Ok(Some(all_ours(model)))
}

/// The operator looks at a snapshot once: whatever others write into its specification afterwards is drift.
fn all_ours<M>(model: M) -> Live<M> {
    Live {
        model,
        owned: Owned::All,
    }
}

fn created_anew(snapshot: &Snapshot, what: &str) -> Diagnostic {
    Diagnostic::warning(format!("The {what} is another one")).detail(format!(
        "The FlinkStateSnapshot `{}` was deleted and created again by something else than Terraform. State follows the new \
         one.",
        snapshot.object()
    ))
}
