//! Create and update: the specification goes to the API server; nobody waits here.

use flink_client::kubernetes::{Live, Objects, Write, WriteError};
use flink_client::operator::progress::Baseline;
use flink_client::operator::{FlinkDeployment, Manifest};
use terraform_plugin::Context;
use terraform_schema::{Computed, Diagnostic, Diagnostics, Model};

use super::model::Deployment;
use super::{live, objects, private};
use crate::diagnose;
use crate::provider::ProviderData;

/// What is sent for a model.
pub fn manifest(model: &Deployment) -> Result<Manifest, Diagnostics> {
    let manifest = Manifest::new(&model.name, &model.spec).map_err(|error| {
        Diagnostic::bug(format!(
            "The specification of `{}` cannot be written: {error}.",
            model.id()
        ))
    })?;
    Ok(Manifest {
        labels: model.labels.clone().unwrap_or_default(),
        annotations: model.annotations.clone().unwrap_or_default(),
        ..manifest
    })
}

/// Creates the object.
pub async fn create(planned: &Deployment, cx: &Context<'_, ProviderData>) -> Result<Deployment, Diagnostics> {
    let objects = objects(planned.namespace(), cx).await?;
    let manifest = manifest(planned)?;
    // What a former object of this name left behind says nothing about this one.
    for entry in [private::UID, private::NAMESPACE_UID, private::IMPORTED] {
        cx.set_private(entry, None);
    }
    let created = objects.create(&manifest).await.map_err(|error| {
        if error.may_exist() {
            cx.wrote(&unsettled(planned));
        }
        diagnose::create(&error, &Deployment::block(), Deployment::NAME)
    })?;
    let written = written(planned, &created.live, cx);
    cx.wrote(&written);
    if created.adopted {
        cx.warn(adopted(planned));
    }
    remember_namespace(&objects, cx).await;
    Ok(written)
}

/// Changes the object in place, where there is anything to change in it.
pub async fn update(
    planned: &Deployment,
    prior: &Deployment,
    cx: &Context<'_, ProviderData>,
) -> Result<Deployment, Diagnostics> {
    let objects = objects(planned.namespace(), cx).await?;
    let (before, after) = (manifest(prior)?, manifest(planned)?);
    let block = Deployment::block();
    if before == after {
        return unchanged(planned, prior, &objects, cx).await;
    }
    let uid = prior
        .uid
        .as_ref()
        .cloned()
        .or_else(|| cx.private(private::UID))
        .unwrap_or_default();
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
        force: planned.force_conflicts == Some(true),
    };
    let live = objects.write(&after, how).await.map_err(failed)?;
    cx.set_private(private::IMPORTED, None);
    if cx.private(private::NAMESPACE_UID).is_none() {
        remember_namespace(&objects, cx).await;
    }
    Ok(written(planned, &live, cx))
}

/// Nothing is written: only Terraform's own settings change, or the last change has still to be waited for.
async fn unchanged(
    planned: &Deployment,
    prior: &Deployment,
    objects: &Objects<FlinkDeployment>,
    cx: &Context<'_, ProviderData>,
) -> Result<Deployment, Diagnostics> {
    let found = objects
        .find_surely(&planned.name, cx.private(private::NAMESPACE_UID).as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &Deployment::block()))?;
    let live = found.ok_or_else(|| {
        Diagnostic::error("Object is gone").detail(format!(
            "The FlinkDeployment `{}` was deleted since it was planned. Plan again: Terraform will create it.",
            planned.id()
        ))
    })?;
    Ok(Deployment {
        ready: prior.ready.clone(),
        ..live::with_facts(planned.clone(), &live)
    })
}

/// The model of what was written: not ready yet.
fn written(planned: &Deployment, live: &Live<FlinkDeployment>, cx: &Context<'_, ProviderData>) -> Deployment {
    cx.set_private(private::UID, Some(live.uid().to_owned()));
    private::set_baseline(&Baseline::of(&live.object), cx);
    Deployment {
        ready: Computed::from(false),
        ..live::with_facts(planned.clone(), live)
    }
}

/// The model where it is not known whether a write took place: the next read tells.
fn unsettled(model: &Deployment) -> Deployment {
    Deployment {
        ready: Computed::from(false),
        id: Computed::from(model.id()),
        ..model.clone()
    }
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
async fn remember_namespace(objects: &Objects<FlinkDeployment>, cx: &Context<'_, ProviderData>) {
    match objects.cluster().namespace_uid(objects.namespace()).await {
        Ok(uid) => cx.set_private(private::NAMESPACE_UID, uid),
        Err(error) => tracing::debug!(%error, "the uid of the namespace is not kept"),
    }
}

fn adopted(planned: &Deployment) -> Diagnostic {
    Diagnostic::warning("Deployment was there already").detail(format!(
        "The FlinkDeployment `{}` exists, was written by this provider, is exactly what is planned, and nobody has touched it \
         since: most likely an earlier apply lost its answer. It was taken into state.",
        planned.id()
    ))
}
