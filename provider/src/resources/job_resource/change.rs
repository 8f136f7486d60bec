//! The computed attribute `change`: what a plan does to the job or cluster, in words, and what to warn of or refuse with it.
//! Decided by the operator's rules for differences, from the configuration, the state before and what the last read noted
//! ([`Observed`]). Pure.

mod effect;
mod loss;
mod words;

use terraform_schema::plan::Action;
use terraform_schema::{AttributePath, Diagnostics, Plan, Step, UpdateClass, Value};

use super::observed::Observed;
use super::plan::Given;
use effect::Effect;

/// The attribute.
const CHANGE: &str = "change";

/// What is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A deployment with a job of its own.
    Application,
    /// A deployment for session jobs.
    SessionCluster,
    /// A job on a session cluster.
    SessionJob,
}

impl Kind {
    /// What a planned `flink_deployment` is.
    pub fn of_deployment(plan: &Plan) -> Self {
        if plan.planned().at("job").is_null() {
            Self::SessionCluster
        } else {
            Self::Application
        }
    }
}

/// Plans `change`, and says what is lost or stops. The last step of a plan: all classes are decided.
pub fn announce(plan: &mut Plan, kind: Kind, given: Given<'_>) -> Diagnostics {
    if plan.prior.is_null() || plan.is_replace() {
        plan.set(CHANGE, Value::Null);
        return Diagnostics::new();
    }
    if plan.action() != Action::Update {
        // What it was before: null, unless nobody has read the object since the last apply.
        return Diagnostics::new();
    }
    if is_undecided(plan) {
        plan.set(CHANGE, Value::Unknown);
        return Diagnostics::new();
    }
    let observed = Observed::of(given.private);
    let effect = Effect::of(plan, &observed, kind);
    let text = words::text(plan, &effect, &observed);
    let said = loss::said(plan, &effect, &observed, kind);
    plan.set(CHANGE, Value::string(text));
    said
}

/// Whether something that decides about the effect is not known yet.
fn is_undecided(plan: &Plan) -> bool {
    let redeploys = plan.class() == Some(UpdateClass::Redeploy);
    (redeploys && plan.planned().at("job.initial_savepoint_path").is_unknown())
        || plan
            .changes
            .iter()
            .filter(|change| change.class != Some(UpdateClass::Local))
            .any(|change| !value_at(&plan.planned, &change.path).is_wholly_known())
}

/// The value at a path; null where there is none.
fn value_at<'v>(value: &'v Value, path: &AttributePath) -> &'v Value {
    path.steps().iter().fold(value, |value, step| match step {
        Step::Name(name) | Step::Key(name) => value.member(name),
        Step::Index(index) => value
            .as_elements()
            .zip(usize::try_from(*index).ok())
            .and_then(|(elements, index)| elements.get(index))
            .unwrap_or(&Value::Null),
    })
}

#[cfg(test)]
mod tests;
