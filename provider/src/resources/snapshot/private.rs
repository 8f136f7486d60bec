//! What is kept with a snapshot in Terraform's private state.

use std::time::{SystemTime, UNIX_EPOCH};

use flink_client::rest::savepoints::TriggerId;
use terraform_plugin::{Context, PlanContext};

pub use crate::resources::job_resource::private::{IMPORTED, NAMESPACE_UID, UID};

/// Set where there is no object: the JobManager itself was asked. The id by which it was; empty for a savepoint that
/// existed already.
const TRIGGER: &str = "trigger";
/// How many attempts of a snapshot over REST have failed.
const FAILURES: &str = "failures";

/// What stands in the annotation [`CLAIM`] of the object, where it was taken into state by a create that found it there.
const CLAIMED: &str = "claim";

/// An annotation of an object that was there already when it was to be created. Whoever has it in state without knowing what
/// it says has been followed by somebody else, and leaves the object alone.
pub const CLAIM: &str = "terraform-provider-flink/claim";

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

/// Makes a claim, and remembers it.
pub fn claim<D>(cx: &Context<'_, D>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claim = format!("{:x}-{:x}", now.as_nanos(), std::process::id());
    cx.set_private(CLAIMED, Some(claim.clone()));
    claim
}

/// Whether an object that carries this claim is the one in state.
pub fn is_claimed<D>(claim: Option<&str>, cx: &Context<'_, D>) -> bool {
    claim.is_none() || claim == cx.private(CLAIMED).as_deref()
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
