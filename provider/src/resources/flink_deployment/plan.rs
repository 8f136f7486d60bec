//! What a plan needs beyond the schema: the namespace, the id, what a change really does, and what to warn of. Pure.

mod class;

use flink_client::operator::{JobState, UpgradeMode};
use terraform_schema::plan::Action;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, Value};

use crate::provider::DefaultNamespace;

/// Facts that an apply may change.
const FACTS: [&str; 5] = ["ready", "job_id", "job_state", "lifecycle_state", "job_manager_status"];

/// Adds to a plan. `default` is the namespace of the provider block.
pub fn modify(plan: &mut Plan, default: &DefaultNamespace) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    warnings.extend(namespace(plan, default));
    if plan.prior.is_null() {
        identify(plan);
        warnings.extend(created_suspended(plan));
        return warnings;
    }
    class::narrow(plan);
    if plan.prior().at("ready").get::<bool>() != Seen::Known(true) {
        // An update that writes nothing and waits: the last one did not come to an end.
        for fact in FACTS {
            plan.set(fact, Value::Unknown);
        }
    }
    warnings.extend(rolled_back(plan));
    warnings.extend(redeployed(plan));
    warnings.extend(flink_version_while_suspended(plan));
    warnings
}

/// Plans the namespace: the configuration's, else where the object is, else the provider's.
fn namespace(plan: &mut Plan, default: &DefaultNamespace) -> Option<Diagnostic> {
    if !plan.config().at("namespace").is_null() {
        return None;
    }
    let prior = plan.prior().at("namespace").text().map(str::to_owned);
    match (prior, default) {
        (None, DefaultNamespace::Known(name)) => plan.set("namespace", Value::string(name)),
        (None, DefaultNamespace::Unknown) => plan.set("namespace", Value::Unknown),
        (Some(prior), DefaultNamespace::Known(name)) if prior != *name => {
            return Some(
                Diagnostic::warning("Deployment stays in its namespace")
                    .detail(format!(
                        "`namespace` is not set, and the provider's namespace is `{name}` now. The deployment is in \
                         `{prior}` and stays there. Set `namespace = \"{prior}\"` to say so, or `namespace = \"{name}\"` to \
                         have it replaced."
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
    let (name, namespace) = (text("name"), text("namespace"));
    if let Some(name) = &name {
        plan.set("rest_service", Value::string(format!("{name}-rest")));
        if let Some(namespace) = &namespace {
            plan.set("id", Value::string(format!("{namespace}/{name}")));
        }
    }
}

/// An object that is created suspended shows no status at all, which surprises.
fn created_suspended(plan: &Plan) -> Option<Diagnostic> {
    let state = plan.planned().at("job.state");
    (state.get() == Seen::Known(JobState::Suspended)).then(|| {
        Diagnostic::warning("Job is created suspended")
            .detail(
                "Nothing is started and the operator reports no state until `job.state` becomes `running`. The apply ends as \
                 soon as the operator has seen the deployment.",
            )
            .at(state.path())
    })
}

/// Says what runs after a rollback, in every plan until another specification is applied.
fn rolled_back(plan: &Plan) -> Option<Diagnostic> {
    if plan.prior().at("lifecycle_state").text() != Some("ROLLED_BACK") {
        return None;
    }
    let unchanged = plan.action() != Action::Update || plan.changes.is_empty();
    let next = if unchanged {
        "Applying the same specification again fails at once: change it, or take the last change back."
    } else {
        "This plan replaces the specification that failed."
    };
    Some(Diagnostic::warning("Deployment was rolled back").detail(format!(
        "The last specification did not become ready and the operator has gone back to the one before, which runs now. The \
         FlinkDeployment object still holds the one that failed. {next}"
    )))
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

/// The operator refuses another Flink version while the state is only in the high-availability data of the old one.
fn flink_version_while_suspended(plan: &Plan) -> Option<Diagnostic> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let suspended = prior.at("job.state").get() == Seen::Known(JobState::Suspended);
    let by_last_state = prior.at("job.upgrade_mode").get() == Seen::Known(UpgradeMode::LastState);
    let stays_stateful = match planned.at("job.upgrade_mode").get::<UpgradeMode>() {
        Seen::Known(mode) => mode != UpgradeMode::Stateless,
        Seen::Null => false,
        Seen::Unknown => true,
    };
    (suspended && by_last_state && stays_stateful && plan.changes_at("flink_version")).then(|| {
        Diagnostic::warning("Flink version changes while the job is suspended")
            .detail(
                "The job was suspended with the upgrade mode `last-state`: its state is tied to the Flink version it ran on, \
                 and the operator refuses another version. Resume the job first and change the version then, or start it \
                 without state (`upgrade_mode = \"stateless\"`).",
            )
            .at(planned.at("flink_version").path())
    })
}

#[cfg(test)]
mod tests;
