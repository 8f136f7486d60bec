//! Create and update: the job is waited for, then the object is written. Nobody waits for the snapshot here.

use flink_client::kubernetes::{KubernetesError, Live, Objects, Write};
use flink_client::operator::FlinkStateSnapshot;
use flink_client::operator::state_snapshot::target::{self, Target};
use flink_client::operator::state_snapshot::{SnapshotState, removal};
use terraform_plugin::Context;
use terraform_schema::{Computed, Diagnostic, Diagnostics};

use super::model::Snapshot;
use super::{SnapshotModel, afterwards, live, objects, order, over_rest, private};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Asks for the snapshot.
pub async fn create<M: SnapshotModel>(planned: &M, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
    private::forget(cx);
    let snapshot = planned.snapshot();
    if snapshot.job_manager_url.is_some() {
        return over_rest::create(planned, cx).await;
    }
    let objects = objects(snapshot.namespace(), cx).await?;
    let found = match objects.find(snapshot.name()).await {
        Ok(found) => found,
        Err(KubernetesError::DefinitionMissing { .. }) => return over_rest::create(planned, cx).await,
        Err(error) => return Err(diagnose::kubernetes(&error, &M::block())),
    };
    let failed = found.as_ref().filter(|found| has_failed(found));
    if let Some(failed) = failed {
        make_way::<M>(&objects, failed, snapshot).await?;
    }
    let target = if found.is_some() && failed.is_none() {
        // Ours, from an apply whose answer was lost, or somebody else's: the creation tells them apart.
        as_it_is(snapshot, cx).await
    } else {
        wait_for_job(planned, cx).await?
    };
    let planned = planned.clone().with(Snapshot {
        job_id: Some(Computed(target.and_then(|target| target.job_id))),
        ..snapshot.clone()
    });
    let created = objects.create(&order::manifest(&planned)?).await.map_err(|error| {
        if error.may_exist() {
            cx.wrote(&unsettled(&planned));
        }
        diagnose::create(&error, &M::block(), M::NAME)
    })?;
    cx.set_private(private::UID, Some(created.live.uid().to_owned()));
    let written = live::with_facts(planned, &created.live);
    cx.wrote(&written);
    if created.adopted || failed.is_some() {
        claim::<M>(&objects, &created.live, cx).await?;
    }
    if created.adopted {
        cx.warn(adopted::<M>(&created.live));
    }
    remember_namespace(&objects, cx).await;
    Ok(written)
}

/// Whether an object is an attempt of ours that came to nothing. It keeps no state, and the operator does not try again.
fn has_failed(found: &Live<FlinkStateSnapshot>) -> bool {
    let failed = matches!(found.state(), Some(SnapshotState::Failed | SnapshotState::Abandoned));
    failed && found.owned_by_us(&["spec"])
}

/// Deletes an attempt that failed, before another one is made under its name. Terraform does that by itself, but with
/// `create_before_destroy` too late.
async fn make_way<M: SnapshotModel>(
    objects: &Objects<FlinkStateSnapshot>,
    failed: &Live<FlinkStateSnapshot>,
    snapshot: &Snapshot,
) -> Result<(), Diagnostics> {
    let name = snapshot.name();
    tracing::info!(
        name,
        "waiting: the former attempt, which failed, is deleted before another one is made"
    );
    let timeout = Timeouts::delete(snapshot.timeouts.as_ref());
    let removed = removal::remove(objects, name, failed.uid(), false, timeout).await;
    removed
        .map(drop)
        .map_err(|error| diagnose::remove_snapshot(&error, &M::block()))
}

/// Makes an object ours that was there already, or that has the name of one that was. Terraform may be replacing that, and
/// destroy the former one, by the same name, after this: that destroy must not find its own object any more.
async fn claim<M: SnapshotModel>(
    objects: &Objects<FlinkStateSnapshot>,
    live: &Live<FlinkStateSnapshot>,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    let claim = private::claim(cx);
    let name = live.metadata().name.as_deref().unwrap_or_default();
    let written = objects.amend(name, live.uid(), |object, _| {
        object["metadata"]["annotations"][private::CLAIM] = claim.as_str().into();
    });
    let written = written.await.map_err(|error| diagnose::write(&error, &M::block()));
    written.map(drop)
}

/// Waits until the job runs; `None` where nothing is taken.
async fn wait_for_job<M: SnapshotModel>(
    planned: &M,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Target>, Diagnostics> {
    let snapshot = planned.snapshot();
    let Some(job) = snapshot
        .job()
        .filter(|_| !planned.savepoint().is_some_and(|savepoint| savepoint.exists()))
    else {
        return Ok(None);
    };
    let cluster = cx.data.cluster(&cx.stop).await?;
    let timeout = Timeouts::create(snapshot.timeouts.as_ref());
    let target = target::running(&cluster, snapshot.namespace(), &job, timeout).await;
    target.map(Some).map_err(|error| {
        diagnose::no_target(
            &error,
            M::WHAT,
            argument(snapshot),
            afterwards(cx, Afterwards::WaitsAgain),
        )
    })
}

/// The argument that names the job.
pub fn argument(snapshot: &Snapshot) -> &'static str {
    if snapshot.deployment_name.is_some() {
        "deployment_name"
    } else {
        "session_job_name"
    }
}

/// The job as it is now, where it can be looked at.
pub async fn as_it_is(snapshot: &Snapshot, cx: &Context<'_, ProviderData>) -> Option<Target> {
    let cluster = cx.data.cluster(&cx.stop).await.ok()?;
    let found = target::find(&cluster, snapshot.namespace(), &snapshot.job()?).await;
    found.unwrap_or_else(|error| {
        tracing::debug!(%error, "the job of the snapshot cannot be looked at");
        None
    })
}

/// Changes the object in place, where there is anything to change in it.
pub async fn update<M: SnapshotModel>(
    planned: &M,
    prior: &M,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let planned = with_facts_of(planned, prior);
    if private::over_rest(cx).is_some() {
        return Ok(planned);
    }
    let objects = objects(planned.snapshot().namespace(), cx).await?;
    let (before, after) = (order::manifest(prior)?, order::manifest(&planned)?);
    let block = M::block();
    let name = planned.snapshot().name();
    let live = if before == after {
        let namespace_uid = cx.private(private::NAMESPACE_UID);
        let found = objects.find_surely(name, namespace_uid.as_deref()).await;
        let found = found.map_err(|error| diagnose::kubernetes(&error, &block))?;
        found.ok_or_else(|| gone(planned.snapshot(), M::WHAT))?
    } else {
        let uid = cx.private(private::UID).unwrap_or_default();
        if cx.private(private::IMPORTED).is_some() {
            let taken = objects.take_over(&before, &uid).await;
            taken.map_err(|error| diagnose::write(&error, &block))?;
        }
        let how = Write {
            uid: &uid,
            prior: Some(&before),
            force: false,
        };
        let written = objects.write(&after, how).await;
        written.map_err(|error| diagnose::write(&error, &block))?
    };
    cx.set_private(private::IMPORTED, None);
    Ok(live::with_facts(planned, &live))
}

/// The planned model with the facts of the prior one, where the plan left them open.
fn with_facts_of<M: SnapshotModel>(planned: &M, prior: &M) -> M {
    let (new, old) = (planned.snapshot().clone(), prior.snapshot().clone());
    planned.clone().with(Snapshot {
        name: old.name,
        namespace: old.namespace,
        id: old.id,
        job_id: old.job_id,
        location: old.location,
        state: old.state,
        triggered_at: old.triggered_at,
        completed_at: old.completed_at,
        ..new
    })
}

/// The model where it is not known whether the object was written: the next read tells.
fn unsettled<M: SnapshotModel>(model: &M) -> M {
    let snapshot = model.snapshot().clone();
    let id = snapshot.object();
    model.clone().with(Snapshot {
        id: Computed::from(id),
        ..snapshot
    })
}

/// Keeps the uid of the namespace. A role may not allow to read it; then a later "not found" has to do without.
pub async fn remember_namespace(objects: &Objects<FlinkStateSnapshot>, cx: &Context<'_, ProviderData>) {
    match objects.cluster().namespace_uid(objects.namespace()).await {
        Ok(uid) => cx.set_private(private::NAMESPACE_UID, uid),
        Err(error) => tracing::debug!(%error, "the uid of the namespace is not kept"),
    }
}

fn gone(snapshot: &Snapshot, what: &str) -> Diagnostic {
    Diagnostic::error("Object is gone").detail(format!(
        "The FlinkStateSnapshot `{}` was deleted since it was planned. Plan again: Terraform will take another {what}.",
        snapshot.object()
    ))
}

fn adopted<M: SnapshotModel>(live: &Live<FlinkStateSnapshot>) -> Diagnostic {
    let metadata = live.metadata();
    let since = metadata
        .creation_timestamp
        .as_ref()
        .map(|time| time.0.to_string())
        .unwrap_or_default();
    Diagnostic::warning(format!("The {} was there already", M::WHAT)).detail(format!(
        "The FlinkStateSnapshot `{}/{}` exists since {since}, was written by this provider, is exactly what is planned, and \
         nobody has touched it since: most likely an earlier apply lost its answer. It was taken into state, and no second \
         {} was taken. For a newer one, change `triggers`.",
        metadata.namespace.as_deref().unwrap_or_default(),
        metadata.name.as_deref().unwrap_or_default(),
        M::WHAT
    ))
}
