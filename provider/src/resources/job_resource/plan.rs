//! What a plan of both kinds needs beyond the schema. Pure.

use flink_client::operator::JobState;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, UpdateClass, Value};

use super::JobModel;
use crate::provider::DefaultNamespace;

/// Numbers (and a path) that do something only when they change to another one.
const NONCES: [&str; 6] = [
    "restart_nonce",
    "job.savepoint_trigger_nonce",
    "job.checkpoint_trigger_nonce",
    "job.savepoint_redeploy_nonce",
    "job.autoscaler_reset_nonce",
    "job.initial_savepoint_path",
];

/// Adds to every plan what both kinds have in common. `default` is the namespace of the provider block, `facts` are those
/// that an apply may change.
pub fn modify<M: JobModel>(plan: &mut Plan, default: &DefaultNamespace, facts: &[&str]) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    warnings.extend(namespace::<M>(plan, default));
    if plan.prior.is_null() {
        identify(plan);
        warnings.extend(created_suspended::<M>(plan));
        return warnings;
    }
    removed_nonces(plan);
    if plan.prior().at("ready").get::<bool>() != Seen::Known(true) {
        // An update that writes nothing and waits: the last one did not come to an end.
        for fact in facts {
            plan.set(fact, Value::Unknown);
        }
    }
    warnings.extend(redeployed(plan));
    warnings
}

/// Plans the namespace: the configuration's, else where the object is, else the provider's.
fn namespace<M: JobModel>(plan: &mut Plan, default: &DefaultNamespace) -> Option<Diagnostic> {
    if !plan.config().at("namespace").is_null() {
        return None;
    }
    let prior = plan.prior().at("namespace").text().map(str::to_owned);
    match (prior, default) {
        (None, DefaultNamespace::Known(name)) => plan.set("namespace", Value::string(name)),
        (None, DefaultNamespace::Unknown) => plan.set("namespace", Value::Unknown),
        (Some(prior), DefaultNamespace::Known(name)) if prior != *name => {
            return Some(
                Diagnostic::warning(format!("{} stays in its namespace", super::noun::<M>()))
                    .detail(format!(
                        "`namespace` is not set, and the provider's namespace is `{name}` now. The {} is in `{prior}` and \
                         stays there. Set `namespace = \"{prior}\"` to say so, or `namespace = \"{name}\"` to have it \
                         replaced.",
                        M::WHAT
                    ))
                    .at(plan.config().at("namespace").path()),
            );
        }
        (Some(_), DefaultNamespace::Known(_) | DefaultNamespace::Unknown) => {}
    }
    None
}

/// Plans what follows from name and namespace.
fn identify(plan: &mut Plan) {
    let text = |name: &str| plan.planned().at(name).text().map(str::to_owned);
    if let (Some(name), Some(namespace)) = (text("name"), text("namespace")) {
        plan.set("id", Value::string(format!("{namespace}/{name}")));
    }
}

/// An object that is created suspended shows no status at all, which surprises.
fn created_suspended<M: JobModel>(plan: &Plan) -> Option<Diagnostic> {
    let state = plan.planned().at("job.state");
    (state.get() == Seen::Known(JobState::Suspended)).then(|| {
        Diagnostic::warning("Job is created suspended")
            .detail(format!(
                "Nothing is started and the operator reports no state until `job.state` becomes `running`. The apply ends as \
                 soon as the operator has seen the {}.",
                M::WHAT
            ))
            .at(state.path())
    })
}

/// A nonce that goes away does nothing.
fn removed_nonces(plan: &mut Plan) {
    let removed: Vec<&str> = NONCES
        .into_iter()
        .filter(|nonce| plan.planned().at(nonce).is_null())
        .collect();
    for change in &mut plan.changes {
        if removed.contains(&change.path.to_string().as_str()) {
            change.class = Some(UpdateClass::Ignored);
        }
    }
}

/// A redeployment needs a place to start from.
fn redeployed(plan: &Plan) -> Option<Diagnostic> {
    let nonce = plan.planned().at("job.savepoint_redeploy_nonce");
    if nonce.is_null() || !plan.changes_at("job.savepoint_redeploy_nonce") {
        return None;
    }
    match plan.planned().at("job.initial_savepoint_path").get::<String>() {
        Seen::Unknown => None,
        Seen::Known(path) if !path.trim().is_empty() => Some(
            Diagnostic::warning("Present state of the job is discarded")
                .detail(format!(
                    "`savepoint_redeploy_nonce` changes: the job is stopped without a savepoint and starts from `{path}`."
                ))
                .at(nonce.path()),
        ),
        Seen::Known(_) | Seen::Null => Some(
            Diagnostic::error("No savepoint to redeploy from")
                .detail(
                    "`savepoint_redeploy_nonce` changes, and the operator refuses that without `initial_savepoint_path`, the \
                     savepoint or retained checkpoint that the job is to start from.",
                )
                .at(nonce.path()),
        ),
    }
}
