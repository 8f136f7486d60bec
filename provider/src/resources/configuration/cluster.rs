//! Keys that say something about a cluster.

use terraform_schema::{Diagnostic, Diagnostics};

use super::Configuration;

/// Keys that the operator sets itself and refuses from users, each with what to use instead.
const FORBIDDEN: [(&str, &str); 3] = [
    ("kubernetes.namespace", "Set `namespace` instead."),
    ("kubernetes.cluster-id", "It is the `name` of the deployment."),
    (
        "high-availability.cluster-id",
        "It follows from the `name` of the deployment.",
    ),
];

/// What the operator refuses of a deployment.
pub(super) fn problems(configuration: &Configuration<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (key, instead) in FORBIDDEN {
        for place in [configuration.clear.key(key), configuration.hidden.key(key)] {
            if configuration.is_there(&place) {
                problems.push(
                    Diagnostic::error("Configuration key belongs to the operator")
                        .detail(format!(
                            "The operator sets `{key}` itself and refuses a deployment that sets it. {instead}"
                        ))
                        .at(place.path()),
                );
            }
        }
    }
    if let Err(problem) = switches(configuration, &mut problems) {
        problems.push(*problem);
    }
    problems
}

/// Switches that need another one.
fn switches(configuration: &Configuration<'_>, problems: &mut Diagnostics) -> Result<(), Box<Diagnostic>> {
    let rollback = "kubernetes.operator.deployment.rollback.enabled";
    if configuration.switch(&[rollback])? == Some(true) {
        problems.extend(
            configuration
                .high_availability()
                .needed_by("Rolling back a failed upgrade", &configuration.key(rollback)),
        );
    }
    let health_check = "kubernetes.operator.cluster.health-check.enabled";
    let recovery = "kubernetes.operator.jm-deployment-recovery.enabled";
    if configuration.switch(&[health_check])? == Some(true) && configuration.switch(&[recovery])? == Some(false) {
        problems.push(
            Diagnostic::error("Health check without recovery")
                .detail(format!(
                    "The operator refuses `{health_check}` where `{recovery}` is `false`: an unhealthy cluster could not be \
                     restarted. Remove one of the two."
                ))
                .at(configuration.key(health_check).path()),
        );
    }
    Ok(())
}

/// Of a session job the operator does not refuse them, and looks for the job's cluster where they say.
pub(super) fn misdirected(configuration: &Configuration<'_>) -> Diagnostics {
    let keys = FORBIDDEN.map(|(key, _)| configuration.key(key));
    let set = keys.into_iter().filter(|place| configuration.is_there(place));
    set.map(|place| {
        Diagnostic::warning("Configuration key of a cluster")
            .detail(
                "The operator finds the cluster of a session job by this key, and would look for another one than \
                 `deployment_name` says. Remove it.",
            )
            .at(place.path())
    })
    .collect()
}

impl Configuration<'_> {
    /// Whether a key is there, with whatever value; of a configuration that is not known yet nothing is.
    fn is_there(&self, place: &terraform_schema::View<'_>) -> bool {
        !self.is_opaque() && !place.is_null()
    }
}
