//! Why a savepoint or checkpoint was not taken, or does not go.

use flink_client::operator::settle::End;
use flink_client::operator::state_snapshot::NotTaken;
use flink_client::operator::state_snapshot::removal::RemoveError;
use flink_client::operator::state_snapshot::target::NoTarget;
use flink_client::rest::snapshots::SnapshotError;
use flink_client::secret::Mask;
use flink_client::wait::minutes;
use terraform_schema::{AttributePath, Block, Diagnostic, Diagnostics};

use super::{Afterwards, delete, kubernetes, rest, sentences, write};

/// What to do about a snapshot that failed.
fn mended(afterwards: Afterwards) -> &'static str {
    match afterwards {
        Afterwards::WaitsAgain | Afterwards::Tainted => {
            "Mend the cause and apply again: Terraform then takes another one in its place."
        }
        Afterwards::Acted => "Mend the cause and invoke the action again: it takes another one.",
    }
}

/// The job cannot be asked. `what` is what was to be taken, `argument` names the job in the configuration.
pub fn no_target(error: &NoTarget, what: &str, argument: &str, afterwards: Afterwards) -> Diagnostics {
    let text = error.to_string();
    let (summary, next) = match error {
        NoTarget::Missing { .. } => (
            "No such job".to_owned(),
            format!(
                "Nothing was asked for. Check its name and namespace; if the same configuration creates it, let the {what} \
                 refer to its attributes or wait for it with `depends_on`."
            ),
        ),
        NoTarget::DoesNotRun { .. } => (
            format!("No {what} of a job that does not run"),
            "Nothing was asked for. Bring the job back first.".to_owned(),
        ),
        NoTarget::TimedOut { .. } => (
            "Job does not run yet".to_owned(),
            format!(
                "Nothing was asked for. {} to go on waiting, or allow more time in the block `timeouts`.",
                afterwards.again()
            ),
        ),
        NoTarget::Stopped { .. } => (
            "Stopped on request".to_owned(),
            "Nothing was asked for. Run Terraform again to go on from here.".to_owned(),
        ),
        NoTarget::Kubernetes(error) => return kubernetes(error, &Block::default()),
    };
    Diagnostic::error(summary)
        .detail(sentences(&text, &next))
        .at(AttributePath::of([argument]))
        .into()
}

/// A snapshot object that is not complete. `object` names it; `mask` hides the secrets of its job; `block` is its schema.
pub fn not_taken(
    error: &NotTaken,
    what: &str,
    object: &str,
    afterwards: Afterwards,
    mask: &Mask,
    block: &Block,
) -> Diagnostics {
    let reason = sentences(&mask.apply(&error.reason), "");
    let causes: String = error
        .causes
        .iter()
        .map(|cause| format!("\n- {}", sentences(&mask.apply(cause), "")))
        .collect();
    let causes = if causes.is_empty() {
        causes
    } else {
        format!("\n{causes}")
    };
    match &error.end {
        End::Failed => Diagnostic::error(format!("The {what} was not taken"))
            .detail(format!("{object} was written, and then: {reason}{causes}\n\n{}",
                mended(afterwards)
            ))
            .into(),
        End::TimedOut { after } => Diagnostic::error(format!("The {what} is not complete yet"))
            .detail(format!(
                "{object} was written, and was not complete within {}. Last: {reason}{causes}\n\n{}, or allow more time in \
                 the block `timeouts`.",
                minutes(*after),
                go_on(afterwards)
            ))
            .into(),
        End::Stopped => Diagnostic::error("Stopped on request")
            .detail(format!(
                "{object} was written; the wait for it was broken off. Last: {reason} {}.",
                go_on(afterwards)
            ))
            .into(),
        End::Unseen(error) => kubernetes(error, block),
    }
}

/// What to do to go on waiting for the same snapshot.
fn go_on(afterwards: Afterwards) -> &'static str {
    match afterwards {
        Afterwards::WaitsAgain => "Apply again to go on waiting",
        Afterwards::Acted => "It may still be completed: invoking the action again takes another one",
        Afterwards::Tainted => {
            "Terraform marks what failed while it was being created as tainted: run `terraform untaint` on it and apply \
             again to go on waiting for it"
        }
    }
}

/// A snapshot over REST that is not complete.
pub fn taken_over_rest(error: &SnapshotError, what: &str, afterwards: Afterwards, mask: &Mask) -> Diagnostics {
    let text = mask.apply(&error.to_string());
    let (summary, next) = match error {
        SnapshotError::NoJob { .. } => (
            "No such job".to_owned(),
            "It may have been started anew meanwhile, with another id. Check `job_id`, or leave it out.".to_owned(),
        ),
        SnapshotError::Ended { .. } => (
            format!("No {what} of a job that does not run"),
            "Nothing was asked for. Start the job first.".to_owned(),
        ),
        SnapshotError::Failed { .. } => {
            (format!("The {what} was not taken"), mended(afterwards).to_owned())
        },
        SnapshotError::Forgotten { .. } => (
            format!("What became of the {what} is not known"),
            "A JobManager forgets when it is started anew, and after some minutes (`rest.async.store-duration`). The files \
             may be in the directory all the same. Take another one."
                .to_owned(),
        ),
        SnapshotError::TimedOut { .. } => (
            format!("The {what} is not complete yet"),
            format!("{}, or allow more time in the block `timeouts`.", go_on(afterwards)),
        ),
        SnapshotError::Stopped { .. } => ("Stopped on request".to_owned(), format!("{}.", go_on(afterwards))),
        SnapshotError::Rest(error) => return rest(error),
    };
    Diagnostic::error(summary).detail(sentences(&text, &next)).into()
}

/// A snapshot object that does not go. `block` is its schema.
pub fn remove_snapshot(error: &RemoveError, block: &Block) -> Diagnostics {
    match error {
        RemoveError::StillThere { namespace, name, .. } => Diagnostic::error("Deletion does not end")
            .detail(sentences(
                &error.to_string(),
                &format!(
                    "Mend what holds it up and destroy again. Terraform never removes finalizers: where only that helps, do \
                     it by hand with `kubectl patch flinkstatesnapshot {name} -n {namespace} --type=merge -p \
                     '{{\"metadata\":{{\"finalizers\":null}}}}'`; the files of a savepoint stay then."
                ),
            ))
            .into(),
        RemoveError::NotReleased { source, .. } => write(source, block),
        RemoveError::Delete(error) => delete(error, block),
        RemoveError::Kubernetes(error) => kubernetes(error, block),
    }
}
