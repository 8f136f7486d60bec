//! What a plan needs beyond the schema: the namespace, the name, when a new snapshot is taken, and when the last one has
//! still to be waited for. Pure.

use flink_client::operator::SnapshotState;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Plan, Value};

use super::{SnapshotModel, order};
use crate::provider::DefaultNamespace;

/// What becomes known when the snapshot is complete.
const FACTS: [&str; 4] = ["location", "state", "triggered_at", "completed_at"];

/// Adds to a plan. `default` is the namespace of the provider block; `imported` says whether the object
/// was imported and not written since.
pub fn modify<M: SnapshotModel>(plan: &mut Plan, default: &DefaultNamespace, imported: bool) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    if plan.prior.is_null() {
        create(plan, default, M::WHAT);
        return warnings;
    }
    warnings.extend(moved_default(plan, default, M::WHAT));
    // An imported object does not say by which triggers it was taken: the configuration does from now on.
    if plan.changes_at("triggers") && !imported {
        plan.requires_replace.push(AttributePath::of(["triggers"]));
    }
    if plan.prior().at("state").text() != Some(SnapshotState::Completed.as_str()) {
        // An update that writes nothing and waits: the last apply did not come to an end.
        for fact in FACTS {
            plan.set(fact, Value::Unknown);
        }
    }
    warnings
}

fn create(plan: &mut Plan, default: &DefaultNamespace, what: &str) {
    let url = plan.planned().at("job_manager_url");
    let (at_url, way_unknown) = (!url.is_null(), url.is_unknown());
    if way_unknown {
        return;
    }
    if at_url {
        for argument in ["name", "namespace"] {
            if plan.config().at(argument).is_null() {
                plan.set(argument, Value::Null);
            }
        }
        return;
    }
    if plan.config().at("namespace").is_null()
        && let DefaultNamespace::Known(name) = default
    {
        plan.set("namespace", Value::string(name));
    }
    if plan.config().at("name").is_null()
        && let Some(name) = order::name(&plan.planned(), what)
    {
        plan.set("name", Value::string(name));
    }
    let text = |name: &str| plan.planned().at(name).text().map(str::to_owned);
    if let (Some(namespace), Some(name)) = (text("namespace"), text("name")) {
        plan.set("id", Value::string(format!("{namespace}/{name}")));
    }
}

/// A snapshot stays in its namespace when the provider's changes.
fn moved_default(plan: &Plan, default: &DefaultNamespace, what: &str) -> Option<Diagnostic> {
    let config = plan.config().at("namespace");
    let prior = plan.prior();
    let prior = prior.at("namespace").text()?;
    match default {
        DefaultNamespace::Known(name) if config.is_null() && prior != name => Some(
            Diagnostic::warning(format!("The {what} stays in its namespace"))
                .detail(format!(
                    "`namespace` is not set, and the provider's namespace is `{name}` now. The {what} is in `{prior}` and \
                     stays there. Set `namespace = \"{prior}\"` to say so, or `namespace = \"{name}\"` to have another one \
                     taken there."
                ))
                .at(config.path()),
        ),
        DefaultNamespace::Known(_) | DefaultNamespace::Unknown => None,
    }
}

#[cfg(test)]
mod tests;
