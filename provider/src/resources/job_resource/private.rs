//! What is kept with an object in Terraform's private state. No secrets: the state file holds it in the clear.

use flink_client::operator::progress::Baseline;
use terraform_plugin::Context;

/// Uid of the object that was last written or read.
pub const UID: &str = "uid";
/// Uid of the namespace that it was written to: tells "gone" from "another cluster".
pub const NAMESPACE_UID: &str = "namespace_uid";
/// Set from an import until the first write, which takes over the fields of the configuration.
pub const IMPORTED: &str = "imported";
/// What is known of nonces beyond the state: see `nonces`.
pub const NONCES: &str = "nonces";
/// What was already wrong when the object was last written.
const BASELINE: &str = "baseline";

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
