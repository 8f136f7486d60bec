//! What a plan of both kinds needs beyond the schema. Pure.

use flink_client::operator::JobState;
use terraform_plugin::Private;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, UpdateClass, Value};

use super::{JobModel, WaitFailure, nonces};
use crate::provider::DefaultNamespace;

/// What a plan depends on beside the configuration and the state before.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The namespace of the provider block.
    pub namespace: &'a DefaultNamespace,
    /// The private state of the object.
    pub private: &'a Private,
}

/// Adds to every plan what both kinds have in common. `facts` are those that an apply may change.
pub fn modify<M: JobModel>(plan: &mut Plan, given: Given<'_>, facts: &[&str]) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    warnings.extend(namespace::<M>(plan, given.namespace));
    if plan.prior.is_null() {
        identify(plan);
        nonces::create(plan);
        warnings.extend(created_suspended::<M>(plan));
        return warnings;
    }
    warnings.extend(nonces::update(plan, given.private));
    if plan.prior().at("ready").get::<bool>() != Seen::Known(true) {
        // An update that writes nothing and waits: the last one did not come to an end.
        for fact in facts {
            plan.set(fact, Value::Unknown);
        }
    } else if may_only_warn(plan) {
        plan.set("ready", Value::Unknown);
    }
    warnings
}

/// Whether the wait for this change may end without success and the apply go on: `ready` is not what it was then. The other
/// facts stay as they are where a change does nothing to the job.
fn may_only_warn(plan: &Plan) -> bool {
    let writes = plan
        .changes
        .iter()
        .any(|change| change.class != Some(UpdateClass::Local));
    let wait_failure = plan.planned().at("wait_failure").get();
    writes && matches!(wait_failure, Seen::Known(WaitFailure::Warn) | Seen::Unknown)
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
