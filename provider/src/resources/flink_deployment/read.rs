//! Read and import.

use flink_client::kubernetes::Live as LiveObject;
use flink_client::operator::FlinkDeployment;
use flink_client::operator::progress::{Baseline, progress};
use flink_client::wait::Progress;
use terraform_plugin::{Context, Live, Owned};
use terraform_schema::{Diagnostic, Diagnostics, Model};

use super::import::namespace_of;
use super::model::{Deployment, Identity};
use super::{live, objects, private};
use crate::diagnose;
use crate::provider::ProviderData;

/// The deployment in state, as it is now.
pub async fn known(
    prior: &Deployment,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Live<Deployment>>, Diagnostics> {
    let objects = objects(prior.namespace(), cx).await?;
    let namespace_uid = cx.private(private::NAMESPACE_UID);
    let found = objects
        .find_surely(&prior.name, namespace_uid.as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &Deployment::block()))?;
    let Some(found) = found.filter(|found| live::is_meant(prior, found)) else {
        return Ok(None);
    };
    if let Some(former) = prior.uid.as_ref().filter(|uid| *uid != found.uid()) {
        cx.warn(created_anew(prior, former, found.uid()));
    }
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    let ready = prior.is_ready() || is_ready(&found, &private::baseline(cx));
    let model = live::model(&found, ready);
    let owned = Owned::Paths(live::owned(&found, &model));
    Ok(Some(Live { model, owned }))
}

/// A deployment that was made without this state.
pub async fn import(
    identity: &Identity,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Live<Deployment>>, Diagnostics> {
    let namespace = namespace_of(identity, &cx.data.namespace)?;
    let objects = objects(&namespace, cx).await?;
    let found = objects
        .find_surely(&identity.name, None)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &Deployment::block()))?;
    let Some(found) = found else { return Ok(None) };
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    cx.set_private(private::IMPORTED, Some("true".to_owned()));
    if let Ok(Some(uid)) = objects.cluster().namespace_uid(&namespace).await {
        cx.set_private(private::NAMESPACE_UID, Some(uid));
    }
    let ready = is_ready(&found, &Baseline::default());
    Ok(Some(Live {
        model: live::model(&found, ready),
        owned: Owned::All,
    }))
}

/// Whether the operator has brought about what the object asks for.
pub fn is_ready(found: &LiveObject<FlinkDeployment>, baseline: &Baseline) -> bool {
    match progress(&found.object, baseline) {
        Progress::Ready | Progress::Settling { .. } => true,
        Progress::Waiting(_) | Progress::Failing { .. } | Progress::Failed(_) => false,
    }
}

fn created_anew(prior: &Deployment, former: &str, uid: &str) -> Diagnostic {
    Diagnostic::warning("Deployment was created anew").detail(format!(
        "The FlinkDeployment `{}` was deleted and created again by something else than Terraform: its uid is `{uid}`, not \
         `{former}`. State follows the new one; whether it holds the state of the former job, only its creator knows.",
        prior.id()
    ))
}
