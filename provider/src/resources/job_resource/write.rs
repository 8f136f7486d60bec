//! Create and update: the specification goes to the API server; nobody waits here.

use flink_client::kubernetes::{CreateError, Live, Objects, Write, WriteError};
use flink_client::operator::hand_over::{self, RESTORED_FROM};
use flink_client::operator::progress::Baseline;
use flink_client::operator::{JobResource, JobState, Manifest, Resource};
use flink_client::wait::minutes;
use terraform_plugin::Context;
use terraform_schema::{Diagnostic, Diagnostics};

use super::dry_run::warned;
use super::{JobModel, live, mask, nonces, noun, objects, private, replace, write_only};
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// What is sent for a model.
pub fn manifest<M: JobModel>(model: &M) -> Result<Manifest, Diagnostics> {
    let manifest = model.manifest().map_err(|error| {
        Diagnostic::bug(format!(
            "The specification of `{}` cannot be written: {error}.",
            model.id()
        ))
    })?;
    let mut manifest = Manifest {
        labels: model.labels_sent(),
        annotations: model.metadata().annotations.cloned().unwrap_or_default(),
        ..manifest
    };
    if let Some(path) = model.restored_from() {
        // As long as the job has not begun, this is where its state is.
        manifest.annotations.insert(RESTORED_FROM.to_owned(), path.to_owned());
        manifest.spec["job"]["initialSavepointPath"] = path.into();
    }
    Ok(manifest)
}

/// Creates the object.
pub async fn create<M: JobModel>(planned: &M, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
    let objects = objects::<M::Kind>(planned.namespace(), cx).await?;
    let found = first_look(planned, &objects).await?;
    // What a former object of this name left behind says nothing about this one.
    private::forget(cx);
    let hidden = write_only::configured(planned);
    write_only::sent(hidden.keys(), cx);
    let complete = |planned: &M| {
        let mut manifest = manifest(planned)?;
        write_only::add(&mut manifest, &hidden);
        Ok::<_, Diagnostics>(manifest)
    };
    let mut planned = replace::begin(planned, &objects, cx).await?;
    let mut created = objects.create_beside(&complete(&planned)?, found).await;
    if let Err(CreateError::Exists { ours: true, .. }) = &created
        && let Some(restored) = restored_before(&planned, &objects).await
    {
        planned = restored;
        created = objects.create(&complete(&planned)?).await;
    }
    let planned = &planned;
    let created = created.map_err(|error| {
        if error.may_exist() {
            cx.wrote(&unsettled(planned));
        }
        diagnose::create(&error, &M::block(), M::NAME)
    })?;
    let written = written(planned, &created.live, cx);
    cx.wrote(&written);
    for warning in &created.warnings {
        cx.warn(warned(planned, &mask(planned, None).apply(warning)));
    }
    if created.adopted {
        claim::<M>(&objects, &created.live, cx).await?;
        cx.warn(adopted(planned));
    }
    remember_namespace(&objects, cx).await;
    Ok(written)
}

/// What there is of the name. The cluster, and the operator's definitions in it, may be coming up in the same apply: nothing is
/// written before they are there.
async fn first_look<M: JobModel>(
    planned: &M,
    objects: &Objects<M::Kind>,
) -> Result<Option<Live<M::Kind>>, Diagnostics> {
    let patience = Timeouts::coming_up(planned.arguments().timeouts.as_ref());
    let found = objects.find_once_served(planned.name(), patience).await;
    found.map_err(|error| {
        let waited = error.may_come_up().then(|| {
            format!(
                " It was waited for for {}, and nothing was written; where it takes longer to come up, set `timeouts.create`.",
                minutes(patience)
            )
        });
        diagnose::kubernetes(&error, &M::block())
            .into_iter()
            .map(|problem| Diagnostic {
                detail: problem.detail + waited.as_deref().unwrap_or_default(),
                ..problem
            })
            .collect()
    })
}

/// The model as an earlier apply may have created it: one that lost its answer after the hand-over was cleared.
async fn restored_before<M: JobModel>(planned: &M, objects: &Objects<M::Kind>) -> Option<M> {
    let live = objects.find(planned.name()).await.ok().flatten()?;
    let from = live::restored_from(live.job()?, live.metadata().annotations.as_ref())?;
    (planned.restored_from() != Some(&from)).then(|| planned.clone().restored(Some(from)))
}

/// Makes an object ours that was there already. With `create_before_destroy` Terraform may be replacing it, and destroy the
/// former one, which is the very same, after this: that destroy must not find its own object any more.
async fn claim<M: JobModel>(
    objects: &Objects<M::Kind>,
    live: &Live<M::Kind>,
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

/// Changes the object in place, where there is anything to change in it.
pub async fn update<M: JobModel>(planned: &M, prior: &M, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
    let objects = objects::<M::Kind>(planned.namespace(), cx).await?;
    let (mut before, mut after) = (manifest(prior)?, manifest(planned)?);
    let block = M::block();
    let renews = write_only::is_changed(planned, prior);
    if before == after && !renews {
        return unchanged(planned, prior, &objects, cx).await;
    }
    let sent_before = write_only::sent_before::<M>(&objects, planned.name(), cx).await?;
    let hidden = if renews {
        write_only::configured(planned)
    } else {
        sent_before.clone()
    };
    write_only::add(&mut before, &sent_before);
    write_only::add(&mut after, &hidden);
    write_only::about_to_send(hidden.keys(), cx);
    let uid = prior
        .uid()
        .map(str::to_owned)
        .or_else(|| cx.private(private::UID))
        .unwrap_or_default();
    nonces::firing(planned, prior, cx);
    let failed = |error: WriteError| {
        if outcome_unknown(&error) {
            cx.wrote(&unsettled(prior));
        }
        diagnose::write(&error, &block)
    };
    if cx.private(private::IMPORTED).is_some() {
        objects.take_over(&before, &uid).await.map_err(failed)?;
    }
    let how = Write {
        uid: &uid,
        prior: Some(&before),
        force: planned.arguments().force_conflicts == Some(true),
    };
    let live = objects.write(&after, how).await.map_err(failed)?;
    nonces::fired(cx);
    cx.set_private(private::IMPORTED, None);
    write_only::sent(hidden.keys(), cx);
    if cx.private(private::NAMESPACE_UID).is_none() {
        remember_namespace(&objects, cx).await;
    }
    let is_suspended = |model: &M| model.job().is_some_and(|job| job.state == Some(JobState::Suspended));
    if is_suspended(prior) && !is_suspended(planned) {
        // Where a replacement was given up after it had stopped the job: what it left is old from now on.
        hand_over::withdraw::<M::Kind>(objects.cluster(), objects.namespace(), planned.name(), &uid).await;
    }
    Ok(written(planned, &live, cx))
}

/// Nothing is written: only Terraform's own settings change, or the last change has still to be waited for.
async fn unchanged<M: JobModel>(
    planned: &M,
    prior: &M,
    objects: &Objects<M::Kind>,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let found = objects
        .find_surely(planned.name(), cx.private(private::NAMESPACE_UID).as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &M::block()))?;
    let live = found.ok_or_else(|| {
        Diagnostic::error("Object is gone").detail(format!(
            "The {} `{}` was deleted since it was planned. Plan again: Terraform will create it.",
            M::Kind::KIND,
            planned.id()
        ))
    })?;
    Ok(planned.clone().with_facts(&live).settled(prior.is_ready()))
}

/// The model of what was written: not ready yet.
fn written<M: JobModel>(planned: &M, live: &Live<M::Kind>, cx: &Context<'_, ProviderData>) -> M {
    cx.set_private(private::UID, Some(live.uid().to_owned()));
    private::set_baseline(&Baseline::of(&live.object), cx);
    private::set_written(live, cx);
    planned.clone().with_facts(live).settled(false)
}

/// The model where it is not known whether a write took place: the next read tells.
fn unsettled<M: JobModel>(model: &M) -> M {
    model.clone().settled(false)
}

fn outcome_unknown(error: &WriteError) -> bool {
    match error {
        WriteError::Unsettled { .. } => true,
        WriteError::Kubernetes(error) => error.outcome_unknown(),
        WriteError::Gone { .. }
        | WriteError::Replaced { .. }
        | WriteError::BeingDeleted { .. }
        | WriteError::Conflict { .. }
        | WriteError::UnknownFields { .. }
        | WriteError::Contended { .. } => false,
    }
}

/// Keeps the uid of the namespace. A role may not allow to read it; then a later "not found" has to do without.
async fn remember_namespace<K: JobResource>(objects: &Objects<K>, cx: &Context<'_, ProviderData>) {
    match objects.cluster().namespace_uid(objects.namespace()).await {
        Ok(uid) => cx.set_private(private::NAMESPACE_UID, uid),
        Err(error) => tracing::debug!(%error, "the uid of the namespace is not kept"),
    }
}

fn adopted<M: JobModel>(planned: &M) -> Diagnostic {
    Diagnostic::warning(format!("{} was there already", noun::<M>())).detail(format!(
        "The {} `{}` exists, was written by this provider, is exactly what is planned, and nobody has touched it \
         since: most likely an earlier apply lost its answer. It was taken into state. If this apply was to replace it \
         (`create_before_destroy`), nothing was replaced: the new object would have had the same name.",
        M::Kind::KIND,
        planned.id()
    ))
}
