//! What a plan of a session job needs beyond the schema. Pure.

use terraform_schema::{Diagnostic, Diagnostics, Plan, UpdateClass};

use super::model::SessionJob;
use crate::provider::DefaultNamespace;
use crate::resources::job_resource;

/// Facts that an apply may change.
const FACTS: [&str; 4] = ["ready", "job_id", "job_state", "lifecycle_state"];

/// Adds to a plan. `default` is the namespace of the provider block.
pub fn modify(plan: &mut Plan, default: &DefaultNamespace) -> Diagnostics {
    let mut warnings = job_resource::plan::modify::<SessionJob>(plan, default, &FACTS);
    for change in &mut plan.changes {
        // Overrides of single vertices are submitted with the job, as all else is.
        if change.class == Some(UpdateClass::Scaled) {
            change.class = Some(UpdateClass::Restart);
        }
    }
    warnings.extend(lost(plan));
    warnings
}

/// A job that its cluster does not know any more: the operator takes up no change of it but one.
fn lost(plan: &Plan) -> Option<Diagnostic> {
    let is = |name: &str, text: &str| plan.prior().at(name).text() == Some(text);
    let stateful = plan
        .planned()
        .at("job.upgrade_mode")
        .text()
        .is_some_and(|mode| mode != "stateless");
    let running = plan.planned().at("job.state").text() != Some("suspended");
    (is("job_state", "RECONCILING") && is("lifecycle_state", "STABLE") && stateful && running).then(|| {
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
