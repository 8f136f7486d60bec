//! Why an object does not do what was asked.

use flink_client::operator::settle::{End, NotReady};
use flink_client::secret::Mask;
use flink_client::wait::minutes;
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{kubernetes, sentences};

/// What Terraform will do with an object whose wait failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays as it is, and the next apply waits again.
    WaitsAgain,
    /// It was being created: Terraform marks it as tainted, and would replace it in the next apply.
    Tainted,
}

impl Afterwards {
    /// What to do to go on waiting for the same deployment.
    fn go_on(self) -> &'static str {
        match self {
            Self::WaitsAgain => "Apply again to go on waiting",
            Self::Tainted => {
                "Terraform marks what failed while it was being created as tainted: run `terraform untaint` on it and \
                 apply again to go on waiting"
            }
        }
    }

    /// What an apply does once the cause is mended.
    fn mended(self) -> &'static str {
        match self {
            Self::WaitsAgain => {
                "Correct the configuration and apply again. Where the cause lies outside of it, apply again when that is \
                 mended: Terraform then waits again."
            }
            Self::Tainted => {
                "Correct the configuration, or what else is the cause, and apply again. Terraform has marked it as \
                 tainted and will replace it then; run `terraform untaint` on it before, to have it changed in place."
            }
        }
    }
}

/// A wait that ended without success. `object` names what was waited for, such as `FlinkDeployment flink/orders`;
/// `mask` hides its secrets; `block` is its schema.
pub fn not_ready<K>(
    error: &NotReady<K>,
    object: &str,
    afterwards: Afterwards,
    mask: &Mask,
    block: &Block,
) -> Diagnostics {
    let reason = mask.apply(&error.reason);
    let causes = causes(error, &reason, mask);
    let reason = sentences(&reason, "");
    match &error.end {
        End::Failed => Diagnostic::error(format!("{object} did not become ready"))
            .detail(format!(
                "It was written, and then: {reason}{causes}\n\n{}",
                afterwards.mended()
            ))
            .into(),
        End::TimedOut { after } => Diagnostic::error(format!("{object} is not ready yet"))
            .detail(format!(
                "It was written, and was not ready within {}. Last: {reason}{causes}\n\n{}, or allow more time in the \
                 block `timeouts`.",
                minutes(*after),
                afterwards.go_on()
            ))
            .into(),
        End::Stopped => Diagnostic::error("Stopped on request")
            .detail(format!(
                "{object} was written; the wait for it was broken off. Last: {reason} {}.",
                afterwards.go_on()
            ))
            .into(),
        End::Unseen(error) => kubernetes(error, block),
    }
}

/// What others say, one line each, without what the reason says already.
fn causes<K>(error: &NotReady<K>, reason: &str, mask: &Mask) -> String {
    let said = |cause: &String| cause.split_once(": ").is_some_and(|(_, said)| reason.contains(said));
    let causes = error.causes.sentences(mask).into_iter().filter(|cause| !said(cause));
    let lines: String = causes.map(|cause| format!("\n- {}", sentences(&cause, ""))).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
