//! What can come of destroying a deployment or a session job.

use flink_client::operator::removal::{PutBack, Refusal, RemoveError};
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{delete, kubernetes, sentences};

/// A removal that did not take place, or did not end. `block` is the schema of the object.
pub fn remove(error: &RemoveError, block: &Block) -> Diagnostics {
    let text = error.to_string();
    match error {
        RemoveError::WouldLoseState { refusal, .. } => {
            let next = match refusal {
                Refusal::EndedWithoutCheckpoint(_) => {
                    "Bring the job back first, or set `on_destroy = \"cancel\"` in the provider block to give its state up."
                }
                Refusal::Lost | Refusal::ClusterAway(_) => {
                    "Bring its session cluster back first, or set `on_destroy = \"cancel\"` in the provider block to give the \
                     state of the job up."
                }
                Refusal::Jobs(_) => {
                    return Diagnostic::error("Jobs run on the session cluster")
                        .detail(sentences(
                            &text,
                            "Destroy them first; a `flink_session_job` that takes its `deployment_name` from the resource of \
                             the cluster is always destroyed before it. Cancel a job that was submitted past the operator \
                             (`flink cancel`, or the web UI). With \
                             `kubernetes.operator.session.deletion.block-on-session-jobs` set to `false` in \
                             `flink_configuration`, the cluster is deleted together with its jobs and what they know.",
                        ))
                        .into();
                }
                Refusal::SuspendedWithoutPath => {
                    "Resume the job first and destroy it then, or set `on_destroy = \"cancel\"` in the provider block to give \
                     its state up."
                }
            };
            Diagnostic::error("Destroying it would lose the state of the job")
                .detail(sentences(&text, next))
                .into()
        }
        RemoveError::NotSaved { put_back, .. } => {
            let next = match put_back {
                PutBack::NotNeeded | PutBack::Done => {
                    "Mend what keeps the job from taking a savepoint and destroy again, or set `on_destroy = \"cancel\"` in the \
                     provider block to give its state up."
                }
                PutBack::Failed(_) => {
                    "Run `terraform apply` to set the job running again, or destroy again once the savepoint can be taken."
                }
            };
            Diagnostic::error("No savepoint, nothing was deleted")
                .detail(sentences(&text, next))
                .into()
        }
        RemoveError::StillThere { state, .. } => {
            let kept = match state {
                Some(path) => format!("The last state of its job is at `{path}`. "),
                None => String::new(),
            };
            Diagnostic::error("Deletion does not end")
                .detail(sentences(
                    &text,
                    &format!(
                        "{kept}Mend what holds it up and destroy again; finalizers are never removed by Terraform, because the \
                         pods of the job would stay."
                    ),
                ))
                .into()
        }
        RemoveError::Delete(error) => delete(error, block),
        RemoveError::Kubernetes(error) => kubernetes(error, block),
    }
}
