//! Where savepoints and checkpoints lie that nobody takes.

use crate::stand_in::snapshot::{Progress, Request, Subject};

/// `file:///a` as Flink prints it: `file:/a`.
pub fn one_slash(location: &str) -> String {
    location.strip_prefix("file:").map_or_else(
        || location.trim_end_matches('/').to_owned(),
        |path| format!("file:/{}", path.trim_matches('/')),
    )
}

/// Where a savepoint of the job lies. Nothing can be written below `/proc`.
pub fn savepoint_path(id: &str, directory: &str, entropy: &str) -> Result<String, String> {
    let directory = one_slash(directory);
    if directory.starts_with("file:/proc") {
        return Err(
            "java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: An \
             Exception occurred while triggering the checkpoint. IO-problem detected."
                .to_owned(),
        );
    }
    let part = |text: &str, length| text.chars().take(length).collect::<String>();
    Ok(format!("{directory}/savepoint-{}-{}", part(id, 6), part(entropy, 12)))
}

/// What a JobManager makes of a request for a savepoint or a checkpoint.
pub fn take(request: &Request, subject: &Subject) -> Progress {
    let (job, trigger) = (&request.job_id, &request.trigger_id);
    let taken = match &request.savepoint {
        Some((directory, _)) => savepoint_path(job, directory, trigger),
        None => {
            let directory = subject.checkpoint_directory.as_deref().map(one_slash);
            Ok(directory.map_or(String::new(), |directory| format!("{directory}/{job}/chk-8")))
        }
    };
    taken.map_or_else(Progress::Failed, Progress::Taken)
}
