//! What tests ask the stand-in to do otherwise. The list is in the documentation of [`super`].

use std::collections::BTreeMap;

use super::simulation::Mishap;

const PREFIX: &str = "sandbox.terraform-provider-flink/";

/// The switches that are set for one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches(BTreeMap<String, String>);

/// A moment in which the stand-in can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The JobManager starts.
    Deploying,
    /// The job ends for an upgrade or a suspension.
    Suspending,
    /// The finalizer is about to be removed.
    Deleting,
}

impl Switches {
    /// Reads the labels of a namespace and the annotations of an object in it.
    pub fn of(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Self {
        let ours = labels.iter().chain(annotations);
        let ours = ours.filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_owned(), value.clone())));
        Self(ours.collect())
    }

    /// Whether no real Flink is wanted.
    pub fn status_only(&self) -> bool {
        self.is("flink", "none")
    }

    /// Whether there is no operator.
    pub fn operator_down(&self) -> bool {
        self.is("operator", "down")
    }

    /// Whether stops with savepoint fail.
    pub fn savepoint_fails(&self) -> bool {
        self.is("savepoint", "fail")
    }

    /// Whether this moment lasts.
    pub fn holds(&self, moment: Hold) -> bool {
        let name = match moment {
            Hold::Deploying => "deploying",
            Hold::Suspending => "suspending",
            Hold::Deleting => "deleting",
        };
        self.is("hold", name)
    }

    /// Whether jars are refused as by an operator 1.15 that was not told otherwise.
    pub fn strict_artifacts(&self) -> bool {
        self.is("artifacts", "strict")
    }

    /// Whether the start of each job and each savepoint is told in events.
    pub fn keeps_journal(&self) -> bool {
        self.is("journal", "on")
    }

    /// Jobs that a session cluster runs without an object of their own.
    pub fn unmanaged_jobs(&self) -> impl Iterator<Item = String> {
        let ids = self.0.get("unmanaged-jobs").map(String::as_str).unwrap_or_default();
        ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// What goes wrong when a status-only cluster starts.
    pub fn mishap(&self) -> Mishap {
        Mishap {
            mount: self.is("start", "mount-error"),
            slow: self.is("start", "slow"),
        }
    }

    /// The state that a status-only job is in.
    pub fn job(&self) -> Option<&str> {
        self.0.get("job").map(String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|found| found == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_count_before_labels() {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let switches = Switches::of(
            &map(&[("flink", "none"), ("hold", "deleting")]),
            &map(&[("hold", "deploying")]),
        );
        assert!(switches.status_only());
        assert!(switches.holds(Hold::Deploying) && !switches.holds(Hold::Deleting));
        assert!(!switches.operator_down() && !switches.savepoint_fails());
        let foreign = BTreeMap::from([("example.com/flink".to_owned(), "none".to_owned())]);
        assert_eq!(Switches::of(&foreign, &foreign), Switches::default());
    }
}
