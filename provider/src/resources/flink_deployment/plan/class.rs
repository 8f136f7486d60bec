//! What a change does to this deployment, where that depends on more than the attribute that changes.

use flink_client::operator::DeploymentMode;
use flink_client::operator::checks::parse_flink_version;
use terraform_schema::{Plan, Seen, UpdateClass, Value};

use crate::resources::configuration::Configuration;

/// Narrows the classes of the changes by the deployment's mode and scheduler.
///
/// Scaling in place exists in two forms: by the number of TaskManagers, for the reactive scheduler in standalone mode;
/// and by overrides of single vertices, for the adaptive scheduler in native mode. All else restarts.
pub fn narrow(plan: &mut Plan) {
    let scales_in_place = ScalesInPlace::of(plan);
    let only_added = no_override_removed(plan);
    for change in &mut plan.changes {
        let path = change.path.to_string();
        if change.class == Some(UpdateClass::Scaled) {
            let by_overrides = path.starts_with("flink_configuration") && only_added;
            let in_place = if by_overrides {
                scales_in_place.by_overrides
            } else {
                scales_in_place.by_number
            };
            change.class = Some(if in_place {
                UpdateClass::Scaled
            } else {
                UpdateClass::Restart
            });
        }
    }
}

/// Which changes may scale in place.
struct ScalesInPlace {
    by_number: bool,
    by_overrides: bool,
}

impl ScalesInPlace {
    fn of(plan: &Plan) -> Self {
        let planned = plan.planned();
        let configuration = Configuration::of(&planned);
        let standalone = planned.at("mode").get() == Seen::Known(DeploymentMode::Standalone);
        let is = |keys: &[&str], value: &str| {
            configuration.is_opaque()
                || keys.iter().any(|key| {
                    configuration
                        .text(key)
                        .is_some_and(|text| text.trim().eq_ignore_ascii_case(value))
                })
        };
        Self {
            by_number: standalone && is(&["scheduler-mode"], "reactive") && !planned.at("job").is_null(),
            by_overrides: !standalone && is(&["jobmanager.scheduler"], "adaptive") && takes_overrides(plan),
        }
    }
}

/// Whether the operator hands overrides to a running job: from Flink 1.18 on, unless it is told not to, and not to a job
/// that it does not see.
fn takes_overrides(plan: &Plan) -> bool {
    let planned = plan.planned();
    let is_new_enough = planned
        .at("flink_version")
        .text()
        .and_then(parse_flink_version)
        .is_none_or(|version| version >= (1, 18));
    let is_off = Configuration::of(&planned).is_off("kubernetes.operator.job.upgrade.inplace-scaling.enabled");
    let is_away = matches!(
        plan.prior().at("job_state").text(),
        Some("FAILED" | "FINISHED" | "CANCELED" | "RECONCILING")
    );
    is_new_enough && !is_off && !is_away
}

/// Whether all overrides of vertices stay: one that goes away restarts the job.
fn no_override_removed(plan: &Plan) -> bool {
    let (prior, planned) = (plan.prior(), plan.planned());
    let (before, after) = (prior.at("flink_configuration"), planned.at("flink_configuration"));
    let members = |value: &Value| value.as_map().cloned().unwrap_or_default();
    let (before, after) = (members(before.value()), members(after.value()));
    before
        .keys()
        .all(|key| !key.starts_with("pipeline.jobvertex-parallelism-overrides") || after.contains_key(key))
}
