//! What is kept with a snapshot in Terraform's private state.

use flink_client::rest::savepoints::TriggerId;
use terraform_plugin::{Context, PlanContext};

use crate::resources::job_resource::private::CLAIMED;
pub use crate::resources::job_resource::private::{CLAIM, IMPORTED, NAMESPACE_UID, UID, claim, is_claimed};

/// Set where there is no object: the JobManager itself was asked. The id by which it was; empty for a savepoint that
/// existed already.
const TRIGGER: &str = "trigger";
/// How many attempts of a snapshot over REST have failed.
const FAILURES: &str = "failures";

/// Whether the object was imported, and not written since. Its triggers are not known then.
pub fn is_imported<D>(cx: &PlanContext<'_, D>) -> bool {
    cx.private.contains_key(IMPORTED)
}

/// Forgets what a former object left behind: it says nothing about this one.
pub fn forget<D>(cx: &Context<'_, D>) {
    for entry in [UID, NAMESPACE_UID, IMPORTED, CLAIMED, TRIGGER, FAILURES] {
        cx.set_private(entry, None);
    }
}

/// How a snapshot was asked for over REST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverRest {
    /// The id of the last attempt; `None` where nothing was asked for, because it existed already.
    pub trigger: Option<TriggerId>,
    /// How many attempts have failed before.
    pub failures: u32,
}

/// How the snapshot was asked for, where that was over REST.
pub fn over_rest<D>(cx: &Context<'_, D>) -> Option<OverRest> {
    let trigger = cx.private(TRIGGER)?;
    let failures = cx.private(FAILURES).and_then(|text| text.parse().ok());
    Some(OverRest {
        trigger: TriggerId::parse(&trigger),
        failures: failures.unwrap_or_default(),
    })
}

/// Remembers how the snapshot is asked for over REST, before it is.
pub fn set_over_rest<D>(asked: &OverRest, cx: &Context<'_, D>) {
    let trigger = asked.trigger.as_ref().map_or("", TriggerId::as_str);
    cx.set_private(TRIGGER, Some(trigger.to_owned()));
    cx.set_private(FAILURES, (asked.failures > 0).then(|| asked.failures.to_string()));
}
