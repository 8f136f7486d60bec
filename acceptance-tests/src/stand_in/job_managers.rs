//! The JobManagers that run now, where session jobs and snapshots find them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::flink::{Operation, Rest, RestError, Run};

use super::artifacts::fetch;
use super::real;
use super::session_job::Submission;
use super::simulation::session_jobs::{SessionJobs, refused};
use super::simulation::take;
use super::snapshot::{Progress, Request, Subject};
use super::status::Failure;
use super::world::{JobView, Restore};

/// All of them, by the places of their deployments.
#[derive(Clone, Debug, Default)]
pub struct JobManagers(Arc<Mutex<BTreeMap<(String, String), JobManager>>>);

/// One of them.
#[derive(Clone, Debug)]
pub enum JobManager {
    /// No Flink runs.
    Simulated(Arc<Mutex<SessionJobs>>),
    /// A process that answers.
    Real(Rest),
}

/// In which format savepoints are taken that nobody gave one.
const FORMAT: &str = "CANONICAL";

impl JobManagers {
    /// That of a deployment, if it runs.
    pub fn get(&self, namespace: &str, deployment: &str) -> Option<JobManager> {
        self.lock().get(&(namespace.to_owned(), deployment.to_owned())).cloned()
    }

    /// A simulated one is started. One that is there already keeps its jobs.
    pub fn simulate(&self, namespace: &str, deployment: &str, speed: f64) {
        let mut all = self.lock();
        let place = all.entry((namespace.to_owned(), deployment.to_owned()));
        let jobs = || JobManager::Simulated(Arc::new(Mutex::new(SessionJobs::new(speed))));
        place.or_insert_with(jobs);
    }

    /// A process answers.
    pub fn answer(&self, namespace: &str, deployment: &str, rest: Rest) {
        let place = (namespace.to_owned(), deployment.to_owned());
        self.lock().insert(place, JobManager::Real(rest));
    }

    /// None runs any more, or it does not answer.
    pub fn remove(&self, namespace: &str, deployment: &str) {
        self.lock().remove(&(namespace.to_owned(), deployment.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), JobManager>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(jobs: &Mutex<SessionJobs>) -> MutexGuard<'_, SessionJobs> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

impl JobManager {
    /// A job, and, of one that ended badly, where its last checkpoint lies. Fails where the JobManager does not answer.
    pub async fn job(&self, id: &str, now: i64) -> Result<Option<(JobView, Option<String>)>, RestError> {
        match self {
            Self::Simulated(jobs) => {
                let jobs = lock(jobs);
                Ok(jobs.view(id, now).map(|job| (job, jobs.checkpoint(id))))
            }
            Self::Real(rest) => {
                let Some(job) = rest.jobs().await?.into_iter().find(|job| job.id == id) else {
                    return Ok(None);
                };
                // Not asked for while the job starts: Flink would keep the refusal for some seconds, for everybody.
                let checkpoint = match job.state.as_str() {
                    "FAILED" | "CANCELED" => rest.last_checkpoint(id).await.ok().flatten(),
                    _ => None,
                };
                Ok(Some((real::view(*rest, job).await, checkpoint)))
            }
        }
    }

    /// Runs a job: its jar is fetched, sent and run, as the operator does.
    pub async fn submit(&self, submission: Submission, now: i64) -> Result<(), Failure> {
        match self {
            Self::Simulated(jobs) => lock(jobs).submit(submission, now),
            Self::Real(rest) => {
                let job = submission.spec.job.clone().unwrap_or_default();
                let uri = job.jar_uri.unwrap_or_default();
                let content = fetch(&uri).await?;
                let name = uri.rsplit('/').next().unwrap_or("job.jar").to_owned();
                let run = Run {
                    entry_class: job.entry_class,
                    program_args_list: job.args,
                    parallelism: u32::try_from(job.parallelism.max(1)).unwrap_or(1),
                    job_id: submission.job_id,
                    savepoint_path: match submission.restore {
                        Restore::From(path) => Some(path),
                        Restore::Nothing | Restore::LastState => None,
                    },
                    allow_non_restored_state: job.allow_non_restored_state == Some(true),
                    flink_configuration: submission.own_settings,
                };
                let done = async {
                    let jar = rest.upload(&name, &content).await?;
                    let ran = rest.run(&jar, &run).await;
                    // The operator leaves none behind.
                    let _ = rest.remove(&jar).await;
                    ran
                };
                done.await
                    .map_err(|error| refused(error.details().unwrap_or(&error.to_string())))
            }
        }
    }

    /// Finds a simulated job again that ran before this program did.
    pub fn resume(&self, submission: Submission, since: i64) {
        if let Self::Simulated(jobs) = self {
            lock(jobs).resume(submission, since);
        }
    }

    /// Asks for a job to be cancelled. That it cannot be is no error: it is looked at again.
    pub async fn cancel(&self, id: &str, now: i64) {
        match self {
            Self::Simulated(jobs) => lock(jobs).cancel(id, now),
            Self::Real(rest) => {
                let _ = rest.cancel(id).await;
            }
        }
    }

    /// Takes a savepoint of a job and ends it; `entropy` makes the name of a simulated one unique.
    pub async fn stop(
        &self,
        id: &str,
        (directory, drain): (&str, bool),
        entropy: &str,
        now: i64,
    ) -> Result<String, String> {
        match self {
            Self::Simulated(jobs) => lock(jobs).stop(id, directory, entropy, now),
            Self::Real(rest) => {
                let stopped = rest.stop(id, directory, drain, FORMAT).await;
                stopped.map_err(|error| error.to_string())
            }
        }
    }

    /// Asks for a savepoint or a checkpoint.
    pub async fn begin(&self, request: &Request) -> Result<(), String> {
        let Self::Real(rest) = self else { return Ok(()) };
        let (job, trigger) = (&request.job_id, &request.trigger_id);
        let begun = match &request.savepoint {
            Some((directory, format)) => rest.begin_savepoint(job, trigger, (directory, format)).await,
            None => rest.begin_checkpoint(job, trigger).await,
        };
        begun.map_err(|error| error.to_string())
    }

    /// Looks at what was asked for. That the JobManager does not answer now is no end.
    pub async fn progress(&self, request: &Request, subject: &Subject) -> Progress {
        let Self::Real(rest) = self else {
            return take(request, subject);
        };
        let (job, trigger) = (&request.job_id, &request.trigger_id);
        let operation = match &request.savepoint {
            Some(_) => rest.savepoint_operation(job, trigger).await,
            None => rest.checkpoint_operation(job, trigger).await,
        };
        match operation {
            Ok(Operation::Working) | Err(RestError::Unreachable(_)) => Progress::Working,
            Ok(Operation::Failed(message)) => Progress::Failed(message),
            Ok(Operation::Done(Some(location))) => Progress::Taken(location),
            // Flink does not tell where: it is the last one.
            Ok(Operation::Done(None)) => {
                let last = rest.last_checkpoint(job).await.ok().flatten();
                Progress::Taken(last.unwrap_or_default())
            }
            Err(error @ (RestError::Refused { .. } | RestError::Failed(_) | RestError::Unexpected(_))) => {
                Progress::Failed(error.to_string())
            }
        }
    }

    /// Asks for a savepoint to be deleted.
    pub async fn dispose(&self, savepoint: &str) -> Result<(), RestError> {
        match self {
            Self::Simulated(_) => Ok(()),
            Self::Real(rest) => rest.dispose(savepoint).await,
        }
    }
}
