//! What is kept with a snapshot in Terraform's private state.

use flink_client::rest::savepoints::TriggerId;
use terraform_plugin::{Context, PlanContext, PlanMark};

/// Uid of the object.
pub const UID: &str = "uid";
/// Uid of the namespace that it was written to: tells "gone" from "another cluster".
pub const NAMESPACE_UID: &str = "namespace_uid";
/// Set from an import until the first write.
pub const IMPORTED: &str = "imported";
/// Set where there is no object: the JobManager itself was asked. The id by which it was; empty for a savepoint that
/// existed already.
const TRIGGER: &str = "trigger";
/// How many attempts of a snapshot over REST have failed.
const FAILURES: &str = "failures";

/// What a plan has to know of the object that was there before.
#[derive(Clone, Debug, Default)]
pub struct Former {
    /// What told the object that is being replaced from all others; empty for one that replaces nothing. A new one
    /// that is asked for in the very same way is another one all the same.
    pub replaced: String,
    /// Whether it was imported, and not written since.
    pub imported: bool,
}

impl Former {
    /// What a plan knows.
    pub fn of<D>(cx: &PlanContext<'_, D>) -> Self {
        let of = |name: &str| cx.private.get(name).cloned();
        Self {
            replaced: if cx.mark == PlanMark::Replace {
                of(TRIGGER).or_else(|| of(UID)).unwrap_or_default()
            } else {
                String::new()
            },
            imported: of(IMPORTED).is_some(),
        }
    }
}

/// Forgets the object that a new one replaces, and returns what told it from others.
pub fn forget<D>(cx: &Context<'_, D>) -> String {
    let former = cx.private(TRIGGER).or_else(|| cx.private(UID));
    for entry in [UID, NAMESPACE_UID, IMPORTED, TRIGGER, FAILURES] {
        cx.set_private(entry, None);
    }
    former.unwrap_or_default()
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
