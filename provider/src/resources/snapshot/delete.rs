//! Destroy: it ends, whatever became of the job; and what could not be deleted is told.

use flink_client::kubernetes::{KubernetesError, Live};
use flink_client::operator::settle::End;
use flink_client::operator::state_snapshot::removal::{Removed, remove};
use flink_client::operator::state_snapshot::{self, FlinkStateSnapshot};
use terraform_plugin::{Context, PlanMark};
use terraform_schema::{Diagnostic, Diagnostics};

use super::{SnapshotModel, objects, over_rest, private};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Deletes the object and waits until it is gone. The files of a savepoint go only where that was asked for.
pub async fn delete<M: SnapshotModel>(
    prior: &M,
    mark: PlanMark,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    if let Some(asked) = private::over_rest(cx) {
        return over_rest::delete(prior, &asked, mark, cx).await;
    }
    let snapshot = prior.snapshot();
    // Of a tainted one, nothing private is left: not even that there is no object.
    if snapshot.job_manager_url.is_some() {
        let asked = over_rest::recall(prior, cx).await;
        return over_rest::delete(prior, &asked, mark, cx).await;
    }
    let objects = objects(snapshot.namespace(), cx).await?;
    let block = M::block();
    let namespace_uid = cx.private(private::NAMESPACE_UID);
    let uid = cx.private(private::UID);
    let found = match objects.find_surely(snapshot.name(), namespace_uid.as_deref()).await {
        Err(KubernetesError::DefinitionMissing { .. }) if uid.is_none() => {
            let asked = over_rest::recall(prior, cx).await;
            return over_rest::delete(prior, &asked, mark, cx).await;
        }
        found => found.map_err(|error| diagnose::kubernetes(&error, &block))?,
    };
    let is_meant = |found: &Live<FlinkStateSnapshot>| match &uid {
        Some(uid) => uid == found.uid(),
        None => found.owned_by_us(&["spec"]),
    };
    let Some(found) = found.filter(is_meant) else {
        return Ok(());
    };
    let annotations = found.metadata().annotations.as_ref();
    let claim = annotations.and_then(|annotations| annotations.get(private::CLAIM));
    // Of a tainted object, nothing private is left.
    if mark != PlanMark::Create && !private::is_claimed(claim.map(String::as_str), cx) {
        // It was replaced by itself: the object lives on in the state of the one that followed.
        return Ok(());
    }
    let timeout = Timeouts::delete(snapshot.timeouts.as_ref());
    if mark == PlanMark::Create && !found.is_being_deleted() {
        // Only because an apply was broken off: what may still become complete is not thrown away, and taken again.
        match state_snapshot::settle(&objects, snapshot.name(), found.uid(), None, timeout).await {
            Ok(_) => return Err(tainted_and_complete::<M>(prior).into()),
            Err(error) if matches!(error.end, End::Stopped | End::Unseen(_)) => {
                let object = format!("FlinkStateSnapshot {}", snapshot.object());
                let mask = flink_client::secret::Mask::default();
                let afterwards = Afterwards::WaitsAgain;
                return Err(diagnose::not_taken(&error, M::WHAT, &object, afterwards, &mask, &block));
            }
            Err(_) => {}
        }
    }
    let dispose = prior.savepoint().is_some_and(|savepoint| savepoint.disposes());
    let existed = prior.savepoint().is_some_and(|savepoint| savepoint.exists());
    match remove(&objects, snapshot.name(), found.uid(), dispose, timeout).await {
        Ok(Removed::Deleted) => {
            let unasked = dispose && existed && found.spec.job_reference.is_none();
            if let Some(location) = found.location().filter(|_| unasked) {
                cx.warn(files_kept(
                    location,
                    "the savepoint names no job whose JobManager could delete them",
                ));
            }
        }
        Ok(Removed::FilesKept { location, reason }) => cx.warn(files_kept(&location, &reason)),
        Err(error) => return Err(diagnose::remove_snapshot(&error, &block)),
    }
    Ok(())
}

/// Destroy is where the path would be lost: state forgets it.
pub fn files_kept(location: &str, reason: &str) -> Diagnostic {
    Diagnostic::warning("Files of the savepoint are kept").detail(format!(
        "`dispose_on_destroy` is set, but the files could not be deleted: {}. They are at `{location}`; delete them by hand \
         when nobody needs them any more.",
        reason.trim_end_matches('.')
    ))
}

/// Terraform is about to throw away a complete snapshot only because an earlier apply did not see it become complete.
pub fn tainted_and_complete<M: SnapshotModel>(prior: &M) -> Diagnostic {
    let what = M::WHAT;
    Diagnostic::error(format!("Tainted {what} is complete")).detail(format!(
        "Terraform has marked `{}` as tainted because its creation did not end well, and would destroy it to take another \
         one. It is complete by now, so nothing was destroyed. Run `terraform untaint {}.<name>` to keep it, or `terraform \
         apply -replace={}.<name>` to have another one taken all the same.",
        prior.snapshot().id.as_ref().map(String::as_str).unwrap_or_default(),
        M::NAME,
        M::NAME
    ))
}
