//! What actions write into objects that somebody else manages: counters, which make the operator act whenever they change to
//! another number.
//!
//! They are written under a field manager of their own, by force and nothing beside them, so that whoever manages the object
//! goes on managing all else. A later write of the object leaves a counter alone that it does not count up itself.

use serde_json::{Value, json};

use super::objects::{Live, Objects};
use super::write::WriteError;
use crate::operator::JobResource;

/// The name under which the writes of actions are recorded in `managedFields`.
pub const ACTION_MANAGER: &str = "terraform-provider-flink-action";

/// A counter in a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// `restartNonce`: the job, or the session cluster, is started anew.
    Restart,
    /// `job.autoscalerResetNonce`: the autoscaler forgets what it has measured and decided.
    AutoscalerReset,
}

impl Counter {
    const ALL: [Self; 2] = [Self::Restart, Self::AutoscalerReset];

    /// Its place in the specification.
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Restart => &["restartNonce"],
            Self::AutoscalerReset => &["job", "autoscalerResetNonce"],
        }
    }

    fn of(self, spec: &Value) -> Option<i64> {
        let value = self.path().iter().try_fold(spec, |value, name| value.get(name));
        value.and_then(Value::as_i64)
    }

    fn set(self, spec: &mut Value, number: i64) {
        let place = self.path().iter().fold(spec, |value, name| &mut value[*name]);
        *place = json!(number);
    }
}

impl<K: JobResource> Objects<K> {
    /// Counts a counter up in the object that was just seen: to the number after the one that it has, and after `done`, the last
    /// one that the operator acted on. Once, also where the answer is lost and it is written again.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn count_up(&self, seen: &Live<K>, counter: Counter, done: Option<i64>) -> Result<Live<K>, WriteError> {
        let name = seen.metadata().name.as_deref().unwrap_or_default();
        let last = counter.of(&seen.json["spec"]).max(done).unwrap_or(0);
        // After the greatest of all numbers any other one does.
        let next = last.checked_add(1).unwrap_or(1);
        let count = |object: &mut Value, live: &Live<K>| {
            let present = counter.of(&live.json["spec"]).filter(|present| *present > next);
            counter.set(&mut object["spec"], present.unwrap_or(next));
        };
        self.amend(name, seen.uid(), count).await
    }
}

/// Leaves the counters to an action that it has counted up meanwhile: sent as they are, where `object` does not change them from
/// what they were in `prior`.
pub(super) fn keep_counters<K: crate::operator::resource::Resource>(object: &mut Value, prior: &Value, live: &Live<K>) {
    for counter in Counter::ALL {
        let path = [&["spec"], counter.path()].concat();
        let planned = counter.of(&object["spec"]);
        let unchanged = planned.is_some() && planned == counter.of(prior);
        if let Some(present) = counter.of(&live.json["spec"])
            && unchanged
            && live.owned_by_action(&path)
        {
            counter.set(&mut object["spec"], present);
        }
    }
}
