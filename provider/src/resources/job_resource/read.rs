//! Read and import.

use flink_client::operator::Resource;
use flink_client::operator::progress::Baseline;
use terraform_plugin::{Context, Live, MOVED, Owned};
use terraform_schema::{Diagnostic, Diagnostics};

use super::import::namespace_of;
use super::{Identity, JobModel, live, nonces, noun, objects, private, replace, write_only};
use crate::diagnose;
use crate::provider::ProviderData;

/// The object in state, as it is now.
pub async fn known<M: JobModel>(prior: &M, cx: &Context<'_, ProviderData>) -> Result<Option<Live<M>>, Diagnostics> {
    let objects = objects::<M::Kind>(prior.namespace(), cx).await?;
    let namespace_uid = cx.private(private::NAMESPACE_UID);
    let found = objects
        .find_surely(prior.name(), namespace_uid.as_deref())
        .await
        .map_err(|error| diagnose::kubernetes(&error, &M::block()))?;
    let moved = cx.private(MOVED).is_some();
    let Some(found) = found.filter(|found| live::is_meant(prior, found, moved)) else {
        return Ok(None);
    };
    let former = prior.uid().filter(|uid| *uid != found.uid());
    let is_news = former.is_some() || private::has_lost_a_write(&found, cx);
    if is_news {
        private::forget_progress(cx);
        private::set_written(&found, cx);
    }
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    nonces::remember(&found, cx);
    if moved {
        // As after an import: the first write takes over what the former provider has set.
        cx.set_private(private::IMPORTED, Some("true".to_owned()));
        cx.set_private(MOVED, None);
    }
    M::observe(&objects, &found).await.keep(cx);
    let was_ready = prior.is_ready() && !is_news;
    let ready = was_ready || M::is_brought_about(&objects, &found, &private::baseline(cx)).await;
    let mut model = M::found(&found, ready);
    if model.restored_from().is_some() && model.restored_from() == prior.restored_from() {
        // What was handed over stands in the place of what is configured.
        model = model.beginning_with(prior.job().and_then(|job| job.initial_savepoint().map(str::to_owned)));
    }
    if let Some(former) = former {
        cx.warn(created_anew(&model, former, found.uid()));
        replace::remember(&model, &objects, cx).await;
    }
    write_only::values_in(&found, cx);
    write_only::forget(&mut model, prior, cx);
    let owned = Owned::Paths(live::owned(&found, &model));
    Ok(Some(Live { model, owned }))
}

/// An object that was made without this state.
pub async fn import<M: JobModel>(
    identity: &Identity,
    cx: &Context<'_, ProviderData>,
) -> Result<Option<Live<M>>, Diagnostics> {
    let namespace = namespace_of(identity, M::WHAT, &cx.data.namespace)?;
    let objects = objects::<M::Kind>(&namespace, cx).await?;
    let found = objects
        .find_surely(&identity.name, None)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &M::block()))?;
    let Some(found) = found else { return Ok(None) };
    cx.set_private(private::UID, Some(found.uid().to_owned()));
    nonces::remember(&found, cx);
    M::observe(&objects, &found).await.keep(cx);
    cx.set_private(private::IMPORTED, Some("true".to_owned()));
    if let Ok(Some(uid)) = objects.cluster().namespace_uid(&namespace).await {
        cx.set_private(private::NAMESPACE_UID, Some(uid));
    }
    let ready = M::is_brought_about(&objects, &found, &Baseline::default()).await;
    Ok(Some(Live {
        model: M::found(&found, ready),
        owned: Owned::All,
    }))
}

fn created_anew<M: JobModel>(model: &M, former: &str, uid: &str) -> Diagnostic {
    let (by, began) = match model.restored_from() {
        Some(path) => (
            "most likely by an apply that was broken off before it could say so",
            format!("Its job began with `{path}`, the state that the former one left for it."),
        ),
        None => (
            "by something else than Terraform",
            "Whether it holds the state of the former job, only its creator knows.".to_owned(),
        ),
    };
    Diagnostic::warning(format!("{} was created anew", noun::<M>())).detail(format!(
        "The {} `{}` was deleted and created again, {by}: its uid is `{uid}`, not `{former}`. State follows the new one. \
         {began}",
        M::Kind::KIND,
        model.id()
    ))
}
