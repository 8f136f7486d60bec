//! Why waiting for a deployment ended without success.

use flink_client::operator::resource::Resource;
use flink_client::wait::{WaitError, minutes};
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{kubernetes, sentences};

/// What a wait was for, in the words of the message.
#[derive(Clone, Copy, Debug)]
pub struct Waited<'a> {
    /// Type and id, such as `FlinkDeployment flink/orders`.
    pub object: &'a str,
    /// What others say about it, one sentence each: the job's exception, pods, events.
    pub causes: &'a [String],
}

/// A wait that ended without success. `block` is the schema of the object.
pub fn wait<K: Resource>(error: &WaitError<K>, waited: Waited<'_>, block: &Block) -> Diagnostics {
    let Waited { object, causes } = waited;
    let causes: String = causes
        .iter()
        .map(|cause| format!("\n- {}", sentences(cause, "")))
        .collect();
    let causes = if causes.is_empty() {
        causes
    } else {
        format!("\n{causes}")
    };
    match error {
        WaitError::Failed { reason, .. } => Diagnostic::error(format!("{object} did not become ready"))
            .detail(format!(
                "It was written, and then: {}{causes}\n\nCorrect the configuration and apply again. Where the cause lies outside \
                 of it, apply again when that is mended: Terraform then waits again.",
                sentences(reason, "")
            ))
            .into(),
        WaitError::TimedOut { reason, after, .. } => Diagnostic::error(format!("{object} is not ready yet"))
            .detail(format!(
                "It was written, and was not ready within {}. Last: {}{causes}\n\nApply again to go on waiting, or allow more time \
                 in the block `timeouts`.",
                minutes(*after),
                sentences(reason, "")
            ))
            .into(),
        WaitError::Stopped { reason, .. } => Diagnostic::error("Stopped on request")
            .detail(format!(
                "{object} was written; the wait for it was broken off. Last: {} Apply again to go on waiting.",
                sentences(reason, "")
            ))
            .into(),
        WaitError::Kubernetes(error) => kubernetes(error, block),
    }
}
