//! What is kept with an object in Terraform's private state. No secrets: the state file holds it in the clear.

use std::time::{SystemTime, UNIX_EPOCH};

use flink_client::kubernetes::Live;
use flink_client::operator::JobResource;
use flink_client::operator::progress::Baseline;
use terraform_plugin::{Context, PlanContext, Private};

/// Who is planned to take the place of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Nobody who has a job.
    Jobless,
    /// Somebody whose name or namespace is not known yet.
    Unknown,
    /// This namespace and name.
    Known(String, String),
}

/// Uid of the object that was last written or read.
pub const UID: &str = "uid";
/// Uid of the namespace that it was written to: tells "gone" from "another cluster".
pub const NAMESPACE_UID: &str = "namespace_uid";
/// Set from an import until the first write, which takes over the fields of the configuration.
pub const IMPORTED: &str = "imported";
/// What is known of nonces beyond the state: see `nonces`.
pub const NONCES: &str = "nonces";
/// What the last read found out for the plans that follow: see `observed`.
pub const OBSERVED: &str = "observed";
/// Planned for a replacement: who follows, as [`Planned`] says.
const SUCCESSOR: &str = "successor";
/// Planned in every plan of an object that exists: whether it may not be destroyed. The second plan of a replacement has no
/// prior state to look at.
const PROTECTED: &str = "protected";
/// Uid of the `FlinkStateSnapshot` by which the state was handed over to this object, until the job runs.
pub const HAND_OVER: &str = "hand_over";
/// In the place of a name that is not known yet.
const UNKNOWN: &str = "?";

/// Keys of the write-only configuration that the last write sent, as a JSON list. Never their values.
pub const WRITE_ONLY: &str = "write_only";
/// What was already wrong when the object was last written.
const BASELINE: &str = "baseline";
/// The generation that was last written.
const WRITTEN: &str = "generation";
/// When that was, as the API server says.
const WRITTEN_AT: &str = "written_at";
/// The last generation that became ready.
const READY: &str = "ready_generation";
/// What stands in the annotation [`CLAIM`] of the object, where it was taken into state by a create that found it there.
pub const CLAIMED: &str = "claim";

/// An annotation of an object that was there already when it was to be created. Whoever has it in state without knowing what
/// it says has been followed by somebody else, and leaves the object alone.
pub const CLAIM: &str = "terraform-provider-flink/claim";

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

/// Remembers which generation was written, and when.
pub fn set_written<K: JobResource, D>(live: &Live<K>, cx: &Context<'_, D>) {
    let (generation, at) = written_in(live);
    cx.set_private(WRITTEN, generation);
    cx.set_private(WRITTEN_AT, at);
}

/// Whether we have written another specification since the write that is remembered: the apply that did was killed, and
/// nobody knows of it. What others write is no such thing.
pub fn has_lost_a_write<K: JobResource, D>(live: &Live<K>, cx: &Context<'_, D>) -> bool {
    let (generation, at) = written_in(live);
    let (known, known_at) = (cx.private(WRITTEN), cx.private(WRITTEN_AT));
    known.is_some() && known_at.is_some() && known != generation && known_at != at
}

fn written_in<K: JobResource>(live: &Live<K>) -> (Option<String>, Option<String>) {
    let generation = live.metadata().generation.map(|generation| generation.to_string());
    (generation, live.written_by_us_at().map(|at| at.to_string()))
}

/// Remembers which generation became ready.
pub fn set_ready<D>(generation: Option<i64>, cx: &Context<'_, D>) {
    cx.set_private(READY, generation.map(|generation| generation.to_string()));
}

/// The generation that was last written, and the last one that became ready, where they are known and differ.
pub fn generations(private: &Private) -> Option<(&str, &str)> {
    let (written, ready) = (private.get(WRITTEN)?, private.get(READY)?);
    (written != ready).then_some((written, ready))
}

/// Remembers what a write found.
pub fn set_baseline<D>(baseline: &Baseline, cx: &Context<'_, D>) {
    let text = (*baseline != Baseline::default())
        .then(|| serde_json::to_string(baseline).ok())
        .flatten();
    cx.set_private(BASELINE, text);
}

/// What the last write found; nothing where none of ours is known.
pub fn baseline<D>(cx: &Context<'_, D>) -> Baseline {
    cx.private(BASELINE)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Forgets what a former object of the name left behind: it says nothing about this one.
pub fn forget<D>(cx: &Context<'_, D>) {
    for entry in [
        UID,
        NAMESPACE_UID,
        IMPORTED,
        NONCES,
        OBSERVED,
        SUCCESSOR,
        PROTECTED,
        HAND_OVER,
        CLAIMED,
    ] {
        cx.set_private(entry, None);
    }
    forget_progress(cx);
}

/// Forgets how far a former object of the name, or its former specification, had come.
pub fn forget_progress<D>(cx: &Context<'_, D>) {
    for entry in [WRITTEN, WRITTEN_AT, READY, BASELINE] {
        cx.set_private(entry, None);
    }
}

/// Plans who follows; with `None`, nobody.
pub fn plan_successor<D>(successor: Option<&Planned>, cx: &PlanContext<'_, D>) {
    let text = successor.map(|successor| match successor {
        Planned::Jobless => String::new(),
        Planned::Unknown => UNKNOWN.to_owned(),
        Planned::Known(namespace, name) => format!("{namespace}/{name}"),
    });
    cx.plan_private(SUCCESSOR, text);
}

/// Who was planned to follow; `None` where a plan of an older version does not say it.
pub fn successor<D>(cx: &Context<'_, D>) -> Option<Planned> {
    let text = cx.private(SUCCESSOR)?;
    Some(match text.split_once('/') {
        Some((namespace, name)) => Planned::Known(namespace.to_owned(), name.to_owned()),
        None if text.is_empty() => Planned::Jobless,
        None => Planned::Unknown,
    })
}

/// Plans to keep whether the object may not be destroyed.
pub fn plan_protection<D>(protected: bool, cx: &PlanContext<'_, D>) {
    cx.plan_private(PROTECTED, protected.then(|| "true".to_owned()));
}

/// Whether the first plan of a replacement saw an object that may not be destroyed.
pub fn is_protected<D>(cx: &PlanContext<'_, D>) -> bool {
    cx.private.contains_key(PROTECTED)
}
