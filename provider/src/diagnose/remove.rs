//! What can come of destroying a deployment or a session job.

use flink_client::kubernetes::{CreateError, KubernetesError};
use flink_client::operator::hand_over::LeaveError;
use flink_client::operator::removal::{Hang, PutBack, Refusal, RemoveError};
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
                Refusal::NoSavepointDirectory => {
                    "Set `state.savepoints.dir` in `flink_configuration` and apply that first. Where the operator's own \
                     configuration has such a directory, apply `on_destroy = \"savepoint\"`. To give the state up, set `on_destroy \
                     = \"cancel\"` in the provider block."
                }
                Refusal::SuccessorUnknown => {
                    "Apply what the name follows from first (`-target`), or set `on_destroy = \"cancel\"` in the provider block \
                     to give the state up."
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
        RemoveError::NotHandedOver { source, put_back, .. } => {
            let way_out = match (&**source, put_back) {
                (_, PutBack::Failed(_)) => "Run `terraform apply` to set the job running again.",
                (LeaveError::Kubernetes(KubernetesError::DefinitionMissing { .. }), _) => {
                    "The hand-over is a FlinkStateSnapshot, which operators have from 1.10 on; Helm does not install new \
                     definitions in an upgrade. Install it, or do it by hand: take a `flink_savepoint`, destroy the resource, and \
                     create the new one with `initial_savepoint_path`. To give the state up, set `on_destroy = \"cancel\"` in \
                     the provider block."
                }
                (LeaveError::Create(CreateError::Exists { .. }), _) => {
                    "The hand-over needs that name. Delete the object if nobody needs it any more; its savepoint stays."
                }
                (LeaveError::Kubernetes(_) | LeaveError::Create(_) | LeaveError::InTheWay(_), _) => {
                    "The hand-over is a FlinkStateSnapshot in the namespace of the new object, so the role of whoever runs \
                     Terraform needs `get`, `create`, `patch` and `delete` on `flinkstatesnapshots` there. To give the state \
                     up, set `on_destroy = \"cancel\"` in the provider block."
                }
            };
            Diagnostic::error("State cannot be handed over, nothing was deleted")
                .detail(sentences(&text, way_out))
                .into()
        }
        RemoveError::NotDeleted {
            source,
            put_back,
            state,
        } => {
            let mut problems = delete(source, block);
            let stopped = "Job was stopped for a destroy that failed";
            match put_back {
                PutBack::NotNeeded => {}
                PutBack::Done => problems.push(
                    Diagnostic::warning(stopped)
                        .detail("That was taken back: the job was told to run on, from the savepoint that was taken."),
                ),
                PutBack::Failed(why) => problems.push(Diagnostic::error(stopped).detail(format!(
                    "The job is still asked to be suspended, because that could not be taken back: {why}. Run `terraform \
                     apply` to set it running again, or destroy again."
                ))),
            }
            if let Some(path) = state {
                let detail = format!(
                    "It is at `{path}`. Should the object be gone when Terraform looks again, start from it with \
                     `initial_savepoint_path`."
                );
                problems.push(Diagnostic::warning("Last state of the job is known").detail(detail));
            }
            problems
        }
        RemoveError::StillThere { state, hang, .. } => {
            let kept = match state {
                Some(path) => format!("The last state of its job is at `{path}`. "),
                None => String::new(),
            };
            Diagnostic::error("Deletion does not end")
                .detail(sentences(
                    &text,
                    &format!(
                        "{kept}{} Then destroy again. Finalizers are never removed by Terraform, because the pods of the job \
                         would stay.",
                        way_out(hang)
                    ),
                ))
                .into()
        }
        RemoveError::Kubernetes(error) => kubernetes(error, block),
    }
}

/// What lets a deletion go on.
fn way_out(hang: &Hang) -> &'static str {
    match hang {
        Hang::SessionJobs(_) => "Delete these session jobs; those of other configurations do not go by themselves.",
        Hang::UnmanagedJobs(_) => {
            "Cancel these jobs (`flink cancel`, or the web UI): they were submitted past the operator."
        }
        Hang::Cleanup(_) | Hang::Retrying { .. } => "Mend what the operator says; its log says more.",
        Hang::ForeignFinalizer(_) => "See that the controller that has set it runs, and what it waits for.",
        Hang::Dependents => "See which pods and deployments of it are still being deleted, and why.",
        Hang::SavepointOnDeletion { .. } => {
            "Bring the job back so that the savepoint can be taken, or give that up: `kubectl patch` the object with \
             `{\"spec\":{\"flinkConfiguration\":{\"kubernetes.operator.job.savepoint-on-deletion\":\"false\"}}}`."
        }
        Hang::Cancelling => {
            "See in the JobManager's log and web UI which task does not end; a TaskManager that is deleted lets go of it."
        }
        Hang::ClusterNotReady(_) => {
            "Bring the session cluster back: with high availability the job is recovered and can be cancelled then."
        }
        Hang::ClusterGone(_) | Hang::JobGone => "Update the operator to 1.15 or newer, which lets such jobs go.",
        Hang::Namespace => {
            "Give the operator's service account its role in the namespace back until everything is gone. An operator that \
             ran in this very namespace has to be installed somewhere else first."
        }
        Hang::NotBegun => {
            "See that the operator runs, watches this namespace, and that its label selector fits the object. Where it was \
             uninstalled, install it again."
        }
        Hang::NotWatched(_) => "Look again.",
    }
}
