//! What a plan of a deployment needs beyond the schema: what a change really does, and what to warn of. Pure.

mod class;

use flink_client::operator::{JobState, UpgradeMode};
use terraform_plugin::Private;
use terraform_schema::plan::Action;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, Value};

use super::model::Deployment;
use crate::resources::job_resource::change::{self, Kind};
use crate::resources::job_resource::observed::Observed;
use crate::resources::job_resource::{self, plan::Given};

/// Facts that an apply may change.
const FACTS: [&str; 5] = ["ready", "job_id", "job_state", "lifecycle_state", "job_manager_status"];

/// Adds to a plan.
pub fn modify(plan: &mut Plan, given: Given<'_>) -> Diagnostics {
    let mut warnings = job_resource::plan::modify::<Deployment>(plan, given, &FACTS);
    if plan.prior.is_null() {
        let name = plan.planned().at("name").text().map(|name| format!("{name}-rest"));
        if let Some(service) = name {
            plan.set("rest_service", Value::string(service));
        }
        let kind = Kind::of_deployment(plan);
        warnings.extend(change::announce(plan, kind, given));
        return warnings;
    }
    class::narrow(plan);
    warnings.extend(rolled_back(plan, given.private));
    warnings.extend(flink_version_while_suspended(plan, given.private));
    let kind = Kind::of_deployment(plan);
    warnings.extend(change::announce(plan, kind, given));
    warnings
}

/// Says what runs after a rollback, in every plan until another specification is applied.
fn rolled_back(plan: &Plan, private: &Private) -> Option<Diagnostic> {
    if plan.prior().at("lifecycle_state").text() != Some("ROLLED_BACK") {
        return None;
    }
    let unchanged = plan.action() != Action::Update || plan.changes.is_empty();
    let next = if unchanged {
        "Applying the same specification again fails at once: change it, or take the last change back."
    } else {
        "This plan replaces the specification that failed."
    };
    let runs = match job_resource::private::generations(private) {
        Some((written, ready)) => format!(
            "Generation {written} of the FlinkDeployment did not become ready, and the operator has gone back to generation \
             {ready}, which runs now. The object still holds generation {written}."
        ),
        None => {
            "The last specification did not become ready and the operator has gone back to the one before, which runs \
                 now. The FlinkDeployment object still holds the one that failed."
                .to_owned()
        }
    };
    Some(Diagnostic::warning("Deployment was rolled back").detail(format!("{runs} {next}")))
}

/// The operator refuses another Flink version while the state is only in the high-availability data of the old one. How it has
/// suspended the job, it says itself: the upgrade mode of the configuration may not have been possible.
fn flink_version_while_suspended(plan: &Plan, private: &Private) -> Option<Diagnostic> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let suspended = prior.at("job.state").get() == Seen::Known(JobState::Suspended);
    let stays_stateful = match planned.at("job.upgrade_mode").get::<UpgradeMode>() {
        Seen::Known(mode) => mode != UpgradeMode::Stateless,
        Seen::Null => false,
        Seen::Unknown => true,
    };
    if !suspended || !stays_stateful || !plan.changes_at("flink_version") {
        return None;
    }
    let problem: fn(String) -> Diagnostic = match Observed::of(private).suspended_with.as_deref() {
        Some("last-state") if !planned.at("job.upgrade_mode").is_unknown() => Diagnostic::error,
        Some("last-state") => Diagnostic::warning,
        Some(_) => return None,
        None if prior.at("job.upgrade_mode").get() == Seen::Known(UpgradeMode::LastState) => Diagnostic::warning,
        None => return None,
    };
    Some(
        problem("Flink version changes while the job is suspended".to_owned())
            .detail(
                "The job was suspended with the upgrade mode `last-state`: its state is tied to the Flink version it ran on, \
                 and the operator refuses another version. Resume the job first and change the version then, or start it \
                 without state (`upgrade_mode = \"stateless\"`).",
            )
            .at(planned.at("flink_version").path()),
    )
}

#[cfg(test)]
mod tests;
