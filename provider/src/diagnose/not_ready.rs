//! Why a deployment does not do what was asked.

use flink_client::operator::settle::{End, NotReady};
use flink_client::secret::Mask;
use flink_client::wait::minutes;
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{kubernetes, sentences};

/// A wait that ended without success. `object` names what was waited for, such as `FlinkDeployment flink/orders`;
/// `mask` hides its secrets; `block` is its schema.
pub fn not_ready(error: &NotReady, object: &str, mask: &Mask, block: &Block) -> Diagnostics {
    let reason = mask.apply(&error.reason);
    let causes = causes(error, &reason, mask);
    let reason = sentences(&reason, "");
    match &error.end {
        End::Failed => Diagnostic::error(format!("{object} did not become ready"))
            .detail(format!(
                "It was written, and then: {reason}{causes}\n\nCorrect the configuration and apply again. Where the cause lies \
                 outside of it, apply again when that is mended: Terraform then waits again."
            ))
            .into(),
        End::TimedOut { after } => Diagnostic::error(format!("{object} is not ready yet"))
            .detail(format!(
                "It was written, and was not ready within {}. Last: {reason}{causes}\n\nApply again to go on waiting, or allow \
                 more time in the block `timeouts`.",
                minutes(*after)
            ))
            .into(),
        End::Stopped => Diagnostic::error("Stopped on request")
            .detail(format!(
                "{object} was written; the wait for it was broken off. Last: {reason} Apply again to go on waiting."
            ))
            .into(),
        End::Unseen(error) => kubernetes(error, block),
    }
}

/// What others say, one line each, without what the reason says already.
fn causes(error: &NotReady, reason: &str, mask: &Mask) -> String {
    let said = |cause: &String| cause.split_once(": ").is_some_and(|(_, said)| reason.contains(said));
    let causes = error.causes.sentences(mask).into_iter().filter(|cause| !said(cause));
    let lines: String = causes.map(|cause| format!("\n- {}", sentences(&cause, ""))).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
