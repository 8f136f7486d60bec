//! Rules about `flink_configuration` and `flink_configuration_wo`: keys that belong to the operator, secrets, and what keys mean for each other. The
//! keys are known even where values are not, so everything here looks at what can be seen.

use flink_client::secret::is_sensitive;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Number, Seen, View};

use super::job_resource::write_only;

/// The attribute.
const ATTRIBUTE: &str = "flink_configuration";

/// Keys that the operator sets itself and refuses from users, each with what to use instead.
const FORBIDDEN: [(&str, &str); 3] = [
    ("kubernetes.namespace", "Set `namespace` instead."),
    ("kubernetes.cluster-id", "It is the `name` of the deployment."),
    (
        "high-availability.cluster-id",
        "It follows from the `name` of the deployment.",
    ),
];

/// Settings whose names only sound like a secret.
const HARMLESS_PREFIXES: [&str; 4] = [
    "security.delegation.token",
    "security.kerberos",
    "kubernetes.secrets",
    "kubernetes.env.secretKeyRef",
];

/// Options of the autoscaler with the numbers that the operator allows.
const AUTOSCALER_RANGES: [(&str, &str, &str); 11] = [
    ("scale-down.max-factor", "0", ""),
    ("scale-up.max-factor", "0", ""),
    ("utilization.target", "0", "1"),
    ("utilization.max", "0", "1"),
    ("utilization.min", "0", "1"),
    ("target.utilization.boundary", "0", ""),
    ("memory.gc-pressure.threshold", "0", "1"),
    ("memory.heap-usage.threshold", "0", "1"),
    ("memory.tuning.overhead", "0", "1"),
    ("scaling.effectiveness.threshold", "0", "1"),
    ("observed-scalability.coefficient-min", "0.01", "1"),
];

/// What can be seen of a configuration: in the clear, and in a configuration of a resource also what is write-only.
#[derive(Clone, Debug)]
pub struct Configuration<'a> {
    clear: View<'a>,
    hidden: View<'a>,
}

impl<'a> Configuration<'a> {
    /// The `flink_configuration` of a resource.
    pub fn of(resource: &View<'a>) -> Self {
        Self {
            clear: resource.at(ATTRIBUTE),
            hidden: resource.at(write_only::ATTRIBUTE),
        }
    }

    /// Whether nothing at all can be said about which keys there are.
    pub fn is_opaque(&self) -> bool {
        self.clear.value().is_unknown() || self.hidden.value().is_unknown()
    }

    /// The place of a key.
    pub fn key(&self, key: &str) -> View<'a> {
        let hidden = self.hidden.key(key);
        if hidden.is_null() { self.clear.key(key) } else { hidden }
    }

    /// The known text of a key.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.key(key).text()
    }

    /// Whether one of the keys is there (or may be), with something that is or may be more than white space.
    pub fn may_have(&self, keys: &[&str]) -> bool {
        self.is_opaque()
            || keys.iter().any(|key| match self.key(key).get::<String>() {
                Seen::Unknown => true,
                Seen::Known(text) => !text.trim().is_empty(),
                Seen::Null => false,
            })
    }

    /// Whether a switch is known to be on.
    pub fn is_on(&self, key: &str) -> bool {
        self.text(key)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    /// Whether a switch is known to be off.
    pub fn is_off(&self, key: &str) -> bool {
        self.text(key)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("false"))
    }

    /// Whether checkpoints have a directory, as far as can be seen. The operator's default configuration may have one.
    pub fn may_have_checkpoint_directory(&self) -> bool {
        self.may_have(&["execution.checkpointing.dir", "state.checkpoints.dir"])
    }

    /// Whether savepoints have a directory, as far as can be seen.
    pub fn may_have_savepoint_directory(&self) -> bool {
        self.may_have(&["execution.checkpointing.savepoint-dir", "state.savepoints.dir"])
    }

    /// Whether high availability is on, as far as can be seen.
    pub fn high_availability(&self) -> HighAvailability {
        let keys = ["high-availability.type", "high-availability"];
        if self.is_opaque() {
            return HighAvailability::Possible;
        }
        for key in keys {
            match self.key(key).get::<String>() {
                Seen::Unknown => return HighAvailability::Possible,
                Seen::Known(text) if text.trim().eq_ignore_ascii_case("none") => return HighAvailability::Off,
                Seen::Known(_) => return HighAvailability::On,
                Seen::Null => {}
            }
        }
        HighAvailability::NotSet
    }

    /// Checks the configuration for itself.
    pub fn problems(&self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let members = |of: &View<'a>| of.value().as_map().into_iter().flatten();
        let clear = members(&self.clear).map(|(key, value)| (key, value, self.clear.key(key).path(), true));
        let hidden = members(&self.hidden).map(|(key, value)| (key, value, self.hidden.key(key).path(), false));
        for (key, value, at, is_clear) in clear.chain(hidden) {
            if let Some((_, instead)) = FORBIDDEN.iter().find(|(forbidden, _)| forbidden == key) {
                problems.push(
                    Diagnostic::error("Configuration key belongs to the operator")
                        .detail(format!(
                            "The operator sets `{key}` itself and refuses a deployment that sets it. {instead}"
                        ))
                        .at(at.clone()),
                );
            }
            if key.trim() != key || key.is_empty() {
                problems.push(
                    Diagnostic::error("Not a configuration key")
                        .detail(format!(
                            "`{key}` begins or ends with white space, or is empty: Flink would never look at it."
                        ))
                        .at(at.clone()),
                );
            }
            if value.is_null() {
                problems.push(missing_value(key, at.clone()));
            } else if is_clear && looks_secret(key) {
                problems.push(secret_in_the_clear(key, at));
            }
        }
        problems.extend(self.switches());
        problems.extend(self.autoscaler());
        problems
    }

    /// Switches that need another one.
    fn switches(&self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let health_check = "kubernetes.operator.cluster.health-check.enabled";
        let recovery = "kubernetes.operator.jm-deployment-recovery.enabled";
        if self.is_on(health_check) && self.is_off(recovery) {
            problems.push(
                Diagnostic::error("Health check without recovery")
                    .detail(format!(
                        "The operator refuses `{health_check}` where `{recovery}` is `false`: an unhealthy cluster could not \
                         be restarted. Remove one of the two."
                    ))
                    .at(self.key(health_check).path()),
            );
        }
        let rollback = "kubernetes.operator.deployment.rollback.enabled";
        if self.is_on(rollback) {
            problems.extend(
                self.high_availability()
                    .needed_by("Rolling back a failed upgrade", &self.key(rollback)),
            );
        }
        problems
    }

    /// Numbers of the autoscaler, where it is on.
    fn autoscaler(&self) -> Diagnostics {
        let prefixes = ["job.autoscaler.", "kubernetes.operator.job.autoscaler."];
        if !prefixes.iter().any(|prefix| self.is_on(&format!("{prefix}enabled"))) {
            return Diagnostics::new();
        }
        let mut problems = Diagnostics::new();
        for prefix in prefixes {
            for (option, min, max) in AUTOSCALER_RANGES {
                let key = format!("{prefix}{option}");
                let Some(text) = self.text(&key) else { continue };
                let bound = |text: &str| text.parse::<Number>().ok();
                let inside = bound(text.trim()).is_some_and(|number| {
                    bound(min).is_none_or(|min| number >= min) && bound(max).is_none_or(|max| number <= max)
                });
                if !inside {
                    let allowed = if max.is_empty() {
                        format!("a number of at least {min}")
                    } else {
                        format!("a number from {min} to {max}")
                    };
                    problems.push(
                        Diagnostic::error("Number out of range")
                            .detail(format!(
                                "The operator refuses `{text}` for `{key}`: it must be {allowed}."
                            ))
                            .at(self.key(&key).path()),
                    );
                }
            }
        }
        problems
    }
}

/// What a configuration says about high availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighAvailability {
    /// It is on.
    On,
    /// It is turned off in so many words.
    Off,
    /// Nothing is said; the operator's default configuration decides.
    NotSet,
    /// Not known yet.
    Possible,
}

impl HighAvailability {
    /// What to say where something needs it: an error where it is off, a warning where only the operator's defaults can
    /// have turned it on.
    pub fn needed_by(self, what: &str, at: &View<'_>) -> Option<Diagnostic> {
        let refused = format!("{what} needs high availability, and the operator refuses the deployment without it.");
        match self {
            Self::On | Self::Possible => None,
            Self::Off => Some(
                Diagnostic::error("High availability needed")
                    .detail(format!(
                        "{refused} `{ATTRIBUTE}` turns it off: set `high-availability.type` to `kubernetes`."
                    ))
                    .at(at.path()),
            ),
            Self::NotSet => Some(
                Diagnostic::warning("High availability needed")
                    .detail(format!(
                        "{refused} `{ATTRIBUTE}` does not set `high-availability.type`, so this works only where the \
                         operator's default configuration does."
                    ))
                    .at(at.path()),
            ),
        }
    }
}

/// Whether the value of a key is a secret: by Flink's own rule, without the settings that only sound like one.
pub fn looks_secret(key: &str) -> bool {
    let lower = key.to_lowercase();
    is_sensitive(key)
        && !HARMLESS_PREFIXES
            .iter()
            .any(|prefix| lower.starts_with(&prefix.to_lowercase()))
}

fn secret_in_the_clear(key: &str, at: AttributePath) -> Diagnostic {
    Diagnostic::warning("Secret in the configuration")
        .detail(format!(
            "The key `{key}` looks as if it held a secret. Its value stands in the clear in Terraform's state, in the \
             custom resource and in the configuration of the pods. Better let the pods read it from a Kubernetes secret through \
             `pod_template` (an environment variable or a mounted file), or use an identity of the pods. To keep it out of \
             Terraform's state at least, set it in `flink_configuration_wo`."
        ))
        .at(at)
}

fn missing_value(key: &str, at: AttributePath) -> Diagnostic {
    Diagnostic::error("Configuration value missing")
        .detail(format!(
            "`{key}` is null. Leave the key out of the map to use Flink's default, for example with \
             `{{ for k, v in local.settings : k => v if v != null }}`."
        ))
        .at(at)
}

#[cfg(test)]
mod tests;
