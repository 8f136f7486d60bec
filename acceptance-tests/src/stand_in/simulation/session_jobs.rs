//! The jobs of a session cluster without Flink: what was submitted, and how it does.
//!
//! What goes wrong is decided by the submission alone:
//! - a jar whose name contains `missing` or `does-not-exist`, in any case, cannot be fetched;
//! - an entry class of such a name is not found;
//! - a job whose id runs already is refused;
//! - a savepoint below `/proc` cannot be written;
//! - `execution.runtime-mode: BATCH`, as a setting or as the argument `--execution-mode BATCH`, makes a job that finishes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{is_bounded, is_missing, one_slash, savepoint_path};
use crate::stand_in::session_job::Submission;
use crate::stand_in::status::{Failure, RECONCILIATION};
use crate::stand_in::timing::{CANCEL, SUBMITTED};
use crate::stand_in::world::JobView;

/// The jobs of one cluster.
#[derive(Clone, Debug)]
pub struct SessionJobs {
    speed: f64,
    jobs: BTreeMap<String, Job>,
}

#[derive(Clone, Debug)]
struct Job {
    submission: Submission,
    /// When it was submitted, in milliseconds since the epoch.
    since: i64,
    /// State and time of its end, if it was asked to end.
    ended: Option<(&'static str, i64)>,
}

impl SessionJobs {
    /// None yet.
    pub fn new(speed: f64) -> Self {
        Self {
            speed,
            jobs: BTreeMap::new(),
        }
    }

    /// Runs a job, as a JobManager would that was sent its jar. The error is what the operator says of it.
    pub fn submit(&mut self, submission: Submission, now: i64) -> Result<(), Failure> {
        let job = submission.spec.job.clone().unwrap_or_default();
        let uri = job.jar_uri.unwrap_or_default();
        if is_missing(&uri) {
            return Err(not_fetched(&uri));
        }
        if let Some(class) = job.entry_class.filter(|class| is_missing(class)) {
            let message = format!("The program's entry point class '{class}' was not found in the jar file.");
            return Err(refused(&format!(
                "org.apache.flink.client.program.ProgramInvocationException: {message}"
            )));
        }
        if self.is_running(&submission.job_id, now) {
            return Err(refused(
                "org.apache.flink.runtime.rest.handler.RestHandlerException: Could not execute application.",
            ));
        }
        self.resume(submission, now);
        Ok(())
    }

    /// A job that runs already.
    pub fn resume(&mut self, submission: Submission, since: i64) {
        let job = Job {
            since,
            ended: None,
            submission,
        };
        self.jobs.insert(job.submission.job_id.clone(), job);
    }

    /// Whether a job is there that has not ended.
    pub fn is_running(&self, id: &str, now: i64) -> bool {
        let job = self.view(id, now);
        job.is_some_and(|job| !matches!(job.state.as_str(), "FINISHED" | "FAILED" | "CANCELED"))
    }

    /// A job as the JobManager shows it.
    pub fn view(&self, id: &str, now: i64) -> Option<JobView> {
        let job = self.jobs.get(id)?;
        let started = job.since + self.scaled(SUBMITTED);
        let (state, since) = match job.ended {
            Some((_, at)) if now < at => ("CANCELLING", job.since),
            Some((state, at)) => (state, at),
            None if now < started => ("CREATED", job.since),
            None if is_bounded(&job.submission.spec) => ("FINISHED", started),
            None => ("RUNNING", started),
        };
        Some(JobView {
            id: id.to_owned(),
            name: name(&job.submission),
            state: state.to_owned(),
            start_time: job.since,
            update_time: since,
            failure: None,
        })
    }

    /// Where a job's last checkpoint lies.
    pub fn checkpoint(&self, id: &str) -> Option<String> {
        let spec = &self.jobs.get(id)?.submission.spec;
        spec.setting("execution.checkpointing.interval")?;
        Some(format!("{}/{id}/chk-8", one_slash(spec.checkpoint_directory()?)))
    }

    /// Takes a savepoint; `entropy` makes its name unique. Fails where there is no such job, or no such place.
    pub fn savepoint(&self, id: &str, directory: &str, entropy: &str) -> Result<String, String> {
        self.jobs.get(id).ok_or_else(|| format!("Job {id} not found"))?;
        savepoint_path(id, directory, entropy)
    }

    /// Ends a job with a savepoint. Fails as [`SessionJobs::savepoint`].
    pub fn stop(&mut self, id: &str, directory: &str, entropy: &str, now: i64) -> Result<String, String> {
        let path = self.savepoint(id, directory, entropy)?;
        self.end(id, "FINISHED", now);
        Ok(path)
    }

    /// Ends a job without a savepoint, some time from now.
    pub fn cancel(&mut self, id: &str, now: i64) {
        self.end(id, "CANCELED", now + self.scaled(CANCEL));
    }

    fn end(&mut self, id: &str, state: &'static str, at: i64) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.ended.get_or_insert((state, at));
        }
    }

    fn scaled(&self, duration: Duration) -> i64 {
        i64::try_from(duration.div_f64(self.speed).as_millis()).unwrap_or_default()
    }
}

/// The failure of a jar that is not there.
pub fn not_fetched(uri: &str) -> Failure {
    let class = "java.io.FileNotFoundException";
    let mut failure = Failure::new(RECONCILIATION, format!("{class}: {uri}"));
    failure.causes = vec![(class.to_owned(), uri.to_owned())];
    failure
}

/// The failure of a submission that the JobManager refused, with its words.
pub fn refused(words: &str) -> Failure {
    let class = "org.apache.flink.util.FlinkRuntimeException";
    let client = "java.util.concurrent.ExecutionException: org.apache.flink.runtime.rest.util.RestClientException";
    let message = format!("{client}: [{words}]");
    let mut failure = Failure::new(RECONCILIATION, format!("{class}: {message}"));
    failure.causes = vec![(class.to_owned(), message)];
    failure
}

/// The name that the example programs give their jobs.
fn name(submission: &Submission) -> String {
    let job = submission.spec.job.clone().unwrap_or_default();
    if job.jar_uri.is_some_and(|uri| uri.ends_with("WordCount.jar")) {
        "WordCount".to_owned()
    } else {
        "CarTopSpeedWindowingExample".to_owned()
    }
}
