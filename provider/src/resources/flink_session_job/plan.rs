//! What a plan of a session job needs beyond the schema. Pure.

use flink_client::operator::JobState;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, UpdateClass};

use super::model::SessionJob;
use crate::resources::job_resource::change::{self, Kind};
use crate::resources::job_resource::{self, plan::Given};

/// Facts that an apply may change.
const FACTS: [&str; 4] = ["ready", "job_id", "job_state", "lifecycle_state"];

/// Adds to a plan.
pub fn modify(plan: &mut Plan, given: Given<'_>) -> Diagnostics {
    let mut warnings = job_resource::plan::modify::<SessionJob>(plan, given, &FACTS);
    let lost = may_be_lost(plan);
    for change in &mut plan.changes {
        // The one change that the operator takes up for a lost job: it starts the job.
        if lost && change.path.to_string() == "job.upgrade_mode" {
            change.class = Some(UpdateClass::Restart);
        }
        // Overrides of single vertices are submitted with the job, as all else is.
        if change.class == Some(UpdateClass::Scaled) {
            change.class = Some(UpdateClass::Restart);
        }
    }
    warnings.extend(stays_lost(plan));
    warnings.extend(redeployed_while_suspended(plan));
    warnings.extend(change::announce(plan, Kind::SessionJob, given));
    warnings
}

/// Whether the operator was looking for the job on its cluster when it was last read: the cluster may not know it any more.
fn may_be_lost(plan: &Plan) -> bool {
    let is = |name: &str, text: &str| plan.prior().at(name).text() == Some(text);
    is("job_state", "RECONCILING") && is("lifecycle_state", "STABLE")
}

/// A job that was suspended has no id any more, and operators up to 1.15 ask for it.
fn redeployed_while_suspended(plan: &Plan) -> Option<Diagnostic> {
    let is_suspended = plan.prior().at("job.state").get() == Seen::Known(JobState::Suspended);
    let was_deployed = !plan.prior().at("lifecycle_state").is_null();
    (is_suspended && was_deployed && plan.class() == Some(UpdateClass::Redeploy)).then(|| {
        Diagnostic::warning("Suspended job may not be redeployed")
            .detail(
                "Operators up to 1.15 fail to redeploy a session job that is suspended (FLINK-40374). Resume it first, in an \
                 apply of its own.",
            )
            .at(plan.planned().at("job.state").path())
    })
}

/// The operator takes up no change of a lost job but one.
fn stays_lost(plan: &Plan) -> Option<Diagnostic> {
    let stateful = plan
        .planned()
        .at("job.upgrade_mode")
        .text()
        .is_some_and(|mode| mode != "stateless");
    let running = plan.planned().at("job.state").text() != Some("suspended");
    (may_be_lost(plan) && stateful && running).then(|| {
        Diagnostic::warning("Job may be lost")
            .detail(
                "The operator does not find the job on its session cluster. If the cluster was restarted without high \
                 availability, the job does not come back by itself, and a change of `restart_nonce` does not bring it back \
                 either. Apply `upgrade_mode = \"stateless\"` to start it without state, or replace it with \
                 `initial_savepoint_path` set to its last savepoint or retained checkpoint.",
            )
            .at(plan.planned().at("job.upgrade_mode").path())
    })
}

#[cfg(test)]
mod tests;
