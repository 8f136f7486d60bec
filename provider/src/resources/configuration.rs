//! Rules about `flink_configuration` and `flink_configuration_wo`: secrets, what keys mean for each other, and in the files
//! beside, which of them the operator refuses. The keys are known even where values are not, so everything here looks at what
//! can be seen.
//!
//! The operator looks at its own default configuration with that of the object laid over it. So what is missing here may be
//! there, and is warned of; what is here counts, and is refused.

mod autoscaler;
mod cluster;

use flink_client::secret::is_sensitive;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Seen, View};

use super::job_resource::write_only;

/// The attribute.
const ATTRIBUTE: &str = "flink_configuration";

/// Settings whose names only sound like a secret.
const HARMLESS_PREFIXES: [&str; 4] = [
    "security.delegation.token",
    "security.kerberos",
    "kubernetes.secrets",
    "kubernetes.env.secretKeyRef",
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

    /// The value of an option: its key, and then its older ones. The first that is there counts, whatever it holds.
    pub fn option(&self, keys: &[&str]) -> View<'a> {
        let mut places = keys.iter().map(|key| self.key(key));
        let found = places.find(|place| !place.is_null());
        found.unwrap_or_else(|| self.key(keys.first().copied().unwrap_or_default()))
    }

    /// Whether a directory is there, by the keys of its option.
    pub fn directory(&self, keys: &[&str; 2]) -> Directory {
        if self.is_opaque() {
            return Directory::Possible;
        }
        match self.option(keys).get::<String>() {
            Seen::Unknown => Directory::Possible,
            Seen::Known(text) if !text.trim().is_empty() => Directory::Possible,
            // Nothing that lies under it shows through.
            Seen::Known(_) if !self.key(keys[0]).is_null() => Directory::Blank,
            Seen::Known(_) | Seen::Null => Directory::NotSet,
        }
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
        self.text(key).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether a switch is known to be off.
    pub fn is_off(&self, key: &str) -> bool {
        self.text(key).is_some_and(|text| text.eq_ignore_ascii_case("false"))
    }

    /// Whether checkpoints have a directory, as far as can be seen. The operator's default configuration may have one.
    pub fn may_have_checkpoint_directory(&self) -> bool {
        self.directory(&CHECKPOINTS) == Directory::Possible
    }

    /// Whether savepoints have a directory, as far as can be seen.
    pub fn may_have_savepoint_directory(&self) -> bool {
        self.directory(&SAVEPOINTS) == Directory::Possible
    }

    /// Whether high availability is on, as far as can be seen.
    pub fn high_availability(&self) -> HighAvailability {
        if self.is_opaque() {
            return HighAvailability::Possible;
        }
        let kind = self.option(&["high-availability.type", "high-availability", "recovery.mode"]);
        match kind.get::<String>() {
            Seen::Unknown => HighAvailability::Possible,
            Seen::Known(text) if text.eq_ignore_ascii_case("none") => HighAvailability::Off,
            Seen::Known(_) => HighAvailability::On,
            Seen::Null => HighAvailability::NotSet,
        }
    }

    /// Checks the configuration for itself.
    pub fn problems(&self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let members = |of: &View<'a>| of.value().as_map().into_iter().flatten();
        let clear = members(&self.clear).map(|(key, value)| (key, value, self.clear.key(key).path(), true));
        let hidden = members(&self.hidden).map(|(key, value)| (key, value, self.hidden.key(key).path(), false));
        for (key, value, at, is_clear) in clear.chain(hidden) {
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
        problems.extend(autoscaler::problems(self));
        problems
    }

    /// Checks what counts for a cluster, and not for a job on one.
    pub fn problems_of_a_cluster(&self) -> Diagnostics {
        cluster::problems(self)
    }

    /// What a session job does to its connection with the cluster.
    pub fn problems_of_a_session_job(&self) -> Diagnostics {
        cluster::misdirected(self)
    }

    /// A switch that the operator reads: on or off, `None` where it is not there or not known yet. What is neither `true` nor
    /// `false` fails whoever reads it.
    fn switch(&self, keys: &[&str]) -> Result<Option<bool>, Box<Diagnostic>> {
        let place = self.option(keys);
        match place.text() {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(Box::new(
                Diagnostic::error("Neither true nor false")
                    .detail(format!(
                        "The operator cannot read `{text}`: it must be `true` or `false`."
                    ))
                    .at(place.path()),
            )),
        }
    }
}

/// Keys of the directory for checkpoints, of Flink 2 and Flink 1.
pub const CHECKPOINTS: [&str; 2] = ["execution.checkpointing.dir", "state.checkpoints.dir"];

/// Keys of the directory for savepoints, of Flink 2 and Flink 1.
pub const SAVEPOINTS: [&str; 2] = ["execution.checkpointing.savepoint-dir", "state.savepoints.dir"];

/// What a configuration says about a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// It is there, or may be.
    Possible,
    /// It is set to nothing, whatever the operator's default configuration has.
    Blank,
    /// Nothing is said; the operator's default configuration decides.
    NotSet,
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
