//! Write-only configuration: its values go to the object with every write, and are stored nowhere by Terraform.
//!
//! Private state keeps the keys, not the values, so that a read can tell them from what is configured in the clear. New values
//! are sent when the version changes. Every other write sends the values that the object has: a plan that does not say that
//! they change must not restart the job with others.

use std::collections::{BTreeMap, BTreeSet};

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::{JobResource, Manifest};
use serde_json::Value as Json;
use terraform_plugin::{Context, Private};
use terraform_schema::{Diagnostic, Diagnostics, Plan, View, WriteOnly};

use super::{JobModel, private};
use crate::diagnose;
use crate::provider::ProviderData;

/// The attribute with the values.
pub const ATTRIBUTE: &str = "flink_configuration_wo";

/// The attribute whose change sends them.
pub const VERSION: &str = "flink_configuration_wo_version";

/// What a user writes.
pub type Configuration = Option<WriteOnly<BTreeMap<String, String>>>;

/// The values to send, known only while a change is applied.
pub fn configured<M: JobModel>(planned: &M) -> BTreeMap<String, String> {
    let values = planned.arguments().flink_configuration_wo.as_ref();
    values.and_then(|values| values.0.clone()).unwrap_or_default()
}

/// Whether new values are to be sent.
pub fn is_changed<M: JobModel>(planned: &M, prior: &M) -> bool {
    planned.arguments().flink_configuration_wo_version != prior.arguments().flink_configuration_wo_version
}

/// The keys that the last write sent.
fn keys(private: Option<&str>) -> BTreeSet<String> {
    private
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The values that the object has at the keys that the last write sent. Asks nobody where there are none.
///
/// # Errors
/// The object cannot be looked at.
pub async fn sent_before<M: JobModel>(
    objects: &Objects<M::Kind>,
    name: &str,
    cx: &Context<'_, ProviderData>,
) -> Result<BTreeMap<String, String>, Diagnostics> {
    if keys(cx.private(private::WRITE_ONLY).as_deref()).is_empty() {
        return Ok(BTreeMap::new());
    }
    let live = objects
        .find(name)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &M::block()))?;
    Ok(live.map(|live| values_in(&live, cx)).unwrap_or_default())
}

/// The values that an object has at the keys that the last write sent, kept out of all texts from here on.
pub fn values_in<K: JobResource>(live: &Live<K>, cx: &Context<'_, ProviderData>) -> BTreeMap<String, String> {
    let keys = keys(cx.private(private::WRITE_ONLY).as_deref());
    let found = live.flink_configuration().into_iter().flat_map(|found| found.iter());
    let found: BTreeMap<String, String> = found
        .filter(|(key, _)| keys.contains(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    terraform_plugin::hide(found.values().map(String::as_str));
    found
}

/// Adds values to what is sent. What is configured in the clear stays.
pub fn add(manifest: &mut Manifest, values: &BTreeMap<String, String>) {
    if values.is_empty() {
        return;
    }
    let configuration = &mut manifest.spec["flinkConfiguration"];
    if configuration.is_null() {
        *configuration = Json::Object(serde_json::Map::new());
    }
    if let Some(configuration) = configuration.as_object_mut() {
        for (key, value) in values {
            configuration
                .entry(key.clone())
                .or_insert_with(|| Json::String(value.clone()));
        }
    }
}

/// Keeps the keys of the values that are about to be sent; those of before as well, until it is known that the write took
/// place.
pub fn about_to_send<'k>(keys_sent: impl Iterator<Item = &'k String>, cx: &Context<'_, ProviderData>) {
    let mut all = keys(cx.private(private::WRITE_ONLY).as_deref());
    all.extend(keys_sent.cloned());
    keep(&all, cx);
}

/// Keeps the keys of the values that were sent.
pub fn sent<'k>(keys_sent: impl Iterator<Item = &'k String>, cx: &Context<'_, ProviderData>) {
    keep(&keys_sent.cloned().collect(), cx);
}

fn keep(keys: &BTreeSet<String>, cx: &Context<'_, ProviderData>) {
    let text = (!keys.is_empty()).then(|| Json::from_iter(keys.iter().map(String::as_str)).to_string());
    cx.set_private(private::WRITE_ONLY, text);
}

/// Takes the values out of what was found: they are in no state. A key that state has in the clear stays.
pub fn forget<M: JobModel>(found: &mut M, prior: &M, cx: &Context<'_, ProviderData>) {
    let keys = keys(cx.private(private::WRITE_ONLY).as_deref());
    let is_clear = |key: &String| prior.flink_configuration().is_some_and(|prior| prior.contains_key(key));
    let configuration = found.flink_configuration_mut();
    if let Some(all) = configuration {
        all.0.retain(|key, _| !keys.contains(key) || is_clear(key));
        if all.0.is_empty() && prior.flink_configuration().is_none() {
            *configuration = None;
        }
    }
}

/// Checks a configuration.
pub fn problems(config: &View<'_>) -> Diagnostics {
    let (hidden, version) = (config.at(ATTRIBUTE), config.at(VERSION));
    let mut problems = Diagnostics::new();
    if !hidden.is_null() && version.is_null() {
        problems.push(
            Diagnostic::error("Version missing")
                .detail(format!(
                    "Terraform does not store `{ATTRIBUTE}`, so it cannot see when its values change. Set `{VERSION}`, for \
                     example to 1, and raise it whenever new values are to be sent."
                ))
                .at(hidden.path()),
        );
    }
    for (key, _) in hidden.value().as_map().into_iter().flatten() {
        if !config.at("flink_configuration").key(key).is_null() {
            problems.push(
                Diagnostic::error("Configuration key set twice")
                    .detail(format!(
                        "`{key}` is in `flink_configuration` and in `{ATTRIBUTE}`. Keep it in one of them."
                    ))
                    .at(hidden.key(key).path()),
            );
        }
    }
    problems
}

/// Keys that come or go without a new version: nothing is sent then, which is said.
pub fn unsent(plan: &Plan, private: &Private) -> Option<Diagnostic> {
    if plan.prior.is_null() || plan.changes_at(VERSION) {
        return None;
    }
    let config = plan.config();
    let hidden = config.at(ATTRIBUTE);
    if hidden.is_unknown() {
        return None;
    }
    let configured: BTreeSet<String> = hidden
        .value()
        .as_map()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.clone())
        .collect();
    let sent = keys(private.get(private::WRITE_ONLY).map(String::as_str));
    let different: Vec<String> = configured
        .symmetric_difference(&sent)
        .map(|key| format!("`{key}`"))
        .collect();
    (!different.is_empty()).then(|| {
        Diagnostic::warning("Write-only configuration is not sent")
            .detail(format!(
                "`{ATTRIBUTE}` has other keys than those that were sent ({}). It is sent when `{VERSION}` changes: raise it.",
                different.join(", ")
            ))
            .at(hidden.path())
    })
}

#[cfg(test)]
mod tests;
