//! A deployment whose cluster really runs, and the Kubernetes objects through which it is reached.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use kube::Client;

use crate::flink::{
    Application, Cluster, ClusterState, Installation, JobInfo, MOST_TASK_MANAGERS, Rest, RestError, Volumes,
};
use crate::sandbox::Routes;

use super::spec::Spec;
use super::status::{Failure, JOB_FAILED};
use super::world::{ClusterView, Deploy, JobManager, JobView, Restore};

mod objects;

const FORMAT: &str = "CANONICAL";
/// How long a JobManager that answers may be without its job before that is shown.
const PATIENCE_WITH_MAIN: Duration = Duration::from_secs(60);

/// How the processes of a deployment are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As the operator asks for.
    Anew,
    /// The job ran before, and goes on from its newest checkpoint.
    Again,
    /// The job is over: only the JobManager is there.
    Over,
}

/// The processes of one deployment.
pub struct RealCluster {
    client: Client,
    routes: Routes,
    namespace: String,
    name: String,
    uid: String,
    installation: Installation,
    volumes: Volumes,
    directory: PathBuf,
    /// Nothing for a session cluster.
    job_id: String,
    cluster: Option<Cluster>,
    pod: Option<(String, Ipv4Addr)>,
    reachable: bool,
    since: Instant,
    /// Whether TaskManagers come as jobs need them.
    grows: bool,
}

impl RealCluster {
    /// Nothing runs yet. `volumes` is the root of what jobs write, `directory` the cluster's own.
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, with everything that a cluster belongs to"
    )]
    pub fn new(
        client: Client,
        routes: Routes,
        namespace: &str,
        name: &str,
        uid: &str,
        installation: Installation,
        volumes: &Path,
        directory: PathBuf,
    ) -> Self {
        Self {
            client,
            routes,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            installation,
            volumes: Volumes::new(volumes),
            directory,
            job_id: String::new(),
            cluster: None,
            pod: None,
            reachable: false,
            since: Instant::now(),
            grows: false,
        }
    }

    /// Starts the processes and makes the objects.
    pub async fn deploy(&mut self, deploy: Deploy, how: How) -> Result<()> {
        self.since = Instant::now();
        self.job_id = deploy.job_id.clone().unwrap_or_default();
        self.grows = deploy.job_id.is_none() && deploy.spec.fixed_task_managers().is_none();
        let newest = || self.newest_checkpoint(&deploy.spec);
        let restore = match &deploy.restore {
            _ if how == How::Again && newest().is_some() => newest(),
            Restore::Nothing => None,
            Restore::From(path) => Some(path.clone()),
            Restore::LastState => newest(),
        };
        let application = Application {
            over: how == How::Over,
            ..application(&self.name, &deploy.spec, &self.job_id, restore)
        };
        let (installation, volumes) = (self.installation.clone(), self.volumes.clone());
        let cluster = Cluster::start(installation, volumes, &self.directory, application).await?;
        let port = cluster.port();
        self.cluster = Some(cluster);
        self.create_objects(&deploy.spec, port).await
    }

    /// Whether it works for a job, or would if it could.
    pub fn is_at_work(&self) -> bool {
        self.cluster.as_ref().is_some_and(Cluster::is_at_work)
    }

    /// Whether the REST service leads to the JobManager, as far as was last seen.
    pub fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// The REST API, if it answered when it was last looked at.
    pub fn rest(&self) -> Option<Rest> {
        let cluster = self.cluster.as_ref().filter(|_| self.reachable)?;
        Some(cluster.rest())
    }

    /// What an operator finds.
    pub async fn view(&mut self) -> Result<ClusterView> {
        let Some(cluster) = &mut self.cluster else {
            return Ok(ClusterView::default());
        };
        let state = cluster.state().await?;
        let rest = cluster.rest();
        self.set_reachable(state == ClusterState::Answering).await;
        match state {
            ClusterState::Starting => Ok(ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            }),
            ClusterState::CrashLoop { back_off } => {
                let message = format!(
                    "[flink-main-container] back-off {back_off}s restarting failed container=flink-main-container pod={}_{}",
                    self.name, self.namespace
                );
                let job_manager = JobManager::Failing {
                    reason: "CrashLoopBackOff".to_owned(),
                    message,
                };
                Ok(ClusterView {
                    job_manager,
                    ..ClusterView::default()
                })
            }
            ClusterState::Answering if self.job_id.is_empty() => {
                // It can answer no longer by now. Then it is looked at again.
                let jobs = rest.jobs().await.unwrap_or_default();
                if let Ok(true) = self.wants_slots(rest, &jobs).await {
                    self.grow().await?;
                }
                Ok(look_at_session(rest, jobs).await)
            }
            ClusterState::Answering => Ok(self.look(rest).await),
        }
    }

    /// Takes a savepoint and ends the job; its TaskManagers are not needed any more.
    pub async fn stop(&mut self, directory: &str, drain: bool) -> Result<String, String> {
        let Some(cluster) = &mut self.cluster else {
            return Err("The cluster is gone.".to_owned());
        };
        let stopped = cluster.rest().stop(&self.job_id, directory, drain, FORMAT).await;
        let path = stopped.map_err(|error| error.to_string())?;
        cluster.release().await;
        Ok(path)
    }

    /// Asks for the job to be cancelled. That it cannot be is no error: it will be killed.
    pub async fn cancel(&self) {
        if let Some(cluster) = &self.cluster {
            let _ = cluster.rest().cancel(&self.job_id).await;
        }
    }

    /// Takes a savepoint beside the job.
    pub async fn savepoint(&self, directory: &str) -> Result<String, String> {
        let cluster = self.cluster.as_ref().ok_or("The cluster is gone.")?;
        cluster
            .rest()
            .savepoint(&self.job_id, directory, FORMAT)
            .await
            .map_err(|error| error.to_string())
    }

    /// Takes a checkpoint beside the job. Returns where it lies, or nothing where Flink does not tell.
    pub async fn checkpoint(&self) -> Result<String, String> {
        let cluster = self.cluster.as_ref().ok_or("The cluster is gone.")?;
        let rest = cluster.rest();
        rest.checkpoint(&self.job_id).await.map_err(|error| error.to_string())?;
        Ok(rest
            .last_checkpoint(&self.job_id)
            .await
            .ok()
            .flatten()
            .unwrap_or_default())
    }

    /// Runs another number of TaskManagers.
    pub async fn scale(&mut self, task_managers: u32) -> Result<()> {
        match &mut self.cluster {
            Some(cluster) => cluster.scale(task_managers).await,
            None => Ok(()),
        }
    }

    /// Ends the processes and removes the objects.
    pub async fn tear_down(&mut self) -> Result<()> {
        let objects = self.delete_objects().await;
        if let Some(cluster) = self.cluster.take() {
            cluster.end().await;
        }
        objects
    }

    async fn look(&self, rest: Rest) -> ClusterView {
        let jobs = rest.jobs().await.unwrap_or_default();
        let job = jobs.into_iter().find(|job| job.id == self.job_id);
        // In a standalone cluster REST answers before the program's main method has submitted its job.
        if job.is_none() && self.since.elapsed() < PATIENCE_WITH_MAIN {
            return ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            };
        }
        // Not asked for while the job starts: Flink would keep the refusal for some seconds, for everybody.
        let ended = job
            .as_ref()
            .filter(|job| matches!(job.state.as_str(), "FAILED" | "CANCELED"));
        let checkpoint = match ended {
            Some(job) => rest.last_checkpoint(&job.id).await.ok().flatten(),
            None => None,
        };
        let job = match job {
            Some(job) => Some(view(rest, job).await),
            None => None,
        };
        ClusterView {
            job_manager: JobManager::Up,
            job,
            checkpoint,
            info: info(rest).await,
            unmanaged_jobs: Vec::new(),
        }
    }

    /// Whether a job waits for a TaskManager, and none is on its way. A native session cluster starts one then.
    async fn wants_slots(&self, rest: Rest, jobs: &[JobInfo]) -> Result<bool, RestError> {
        let Some(cluster) = self.cluster.as_ref().filter(|_| self.grows) else {
            return Ok(false);
        };
        let waits = |job: &JobInfo| !is_over(&job.state) && job.tasks.running + job.tasks.finished < job.tasks.total;
        if !jobs.iter().any(waits) || cluster.task_managers() >= MOST_TASK_MANAGERS as usize {
            return Ok(false);
        }
        let slots = rest.slots().await?;
        Ok(slots.available == 0 && slots.task_managers >= cluster.task_managers())
    }

    async fn grow(&mut self) -> Result<()> {
        let Some(cluster) = &mut self.cluster else {
            return Ok(());
        };
        let more = u32::try_from(cluster.task_managers() + 1).unwrap_or(1);
        cluster.scale(more).await
    }

    /// The newest checkpoint of the job on disk, as high availability would remember it.
    pub fn newest_checkpoint(&self, spec: &Spec) -> Option<String> {
        newest_checkpoint(&self.volumes, spec, &self.job_id)
    }
}

/// A session cluster: its jobs are other objects' concern, or nobody's.
async fn look_at_session(rest: Rest, jobs: Vec<JobInfo>) -> ClusterView {
    let at_work = jobs.into_iter().filter(|job| !is_over(&job.state));
    ClusterView {
        job_manager: JobManager::Up,
        info: info(rest).await,
        unmanaged_jobs: at_work.map(|job| job.id).collect(),
        ..ClusterView::default()
    }
}

fn is_over(state: &str) -> bool {
    matches!(state, "FINISHED" | "FAILED" | "CANCELED")
}

/// What a JobManager says of itself.
async fn info(rest: Rest) -> BTreeMap<String, String> {
    let config = rest.config().await.unwrap_or_default();
    let info = ["flink-version", "flink-revision"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), config.get(key)?.as_str()?.to_owned())));
    info.collect()
}

/// The newest checkpoint of a job on disk.
pub fn newest_checkpoint(volumes: &Volumes, spec: &Spec, job_id: &str) -> Option<String> {
    let directory = spec.checkpoint_directory().filter(|_| !job_id.is_empty())?;
    let inside = directory.strip_prefix("file:")?.trim_start_matches('/');
    let folder = volumes.path(inside).join(job_id);
    let checkpoints = fs::read_dir(folder).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let number: u64 = name.strip_prefix("chk-")?.parse().ok()?;
        entry.path().join("_metadata").exists().then_some((number, name))
    });
    let (_, name) = checkpoints.max()?;
    Some(format!("file:/{inside}/{job_id}/{name}"))
}

fn application(name: &str, spec: &Spec, job_id: &str, restore: Option<String>) -> Application {
    let job = spec.job.clone().unwrap_or_default();
    let mut configuration = spec.flink_configuration.clone();
    if job.upgrade_mode == super::spec::UpgradeMode::LastState {
        configuration
            .entry("execution.checkpointing.interval".to_owned())
            .or_insert_with(|| "5min".to_owned());
    }
    Application {
        name: name.to_owned(),
        job_id: job_id.to_owned(),
        configuration,
        jar_uri: job.jar_uri,
        entry_class: job.entry_class,
        args: job.args,
        parallelism: u32::try_from(spec.parallelism()).unwrap_or(1),
        task_managers: spec.fixed_task_managers().and_then(|count| u32::try_from(count).ok()),
        restore,
        allow_non_restored_state: job.allow_non_restored_state == Some(true),
        session: spec.job.is_none(),
        over: false,
    }
}

/// A job, and why it fails.
pub async fn view(rest: Rest, job: JobInfo) -> JobView {
    let failing = matches!(job.state.as_str(), "FAILED" | "FAILING" | "RESTARTING");
    let failure = if failing {
        rest.failure(&job.id).await.ok().flatten()
    } else {
        None
    };
    // As the operator counts it: a job runs when all of its tasks do.
    let waiting = job.state == "RUNNING" && job.tasks.running + job.tasks.finished < job.tasks.total;
    JobView {
        state: if waiting { "CREATED".to_owned() } else { job.state },
        id: job.id,
        name: job.name,
        start_time: job.start_time,
        update_time: job.last_modification,
        failure: failure.map(|stack| exception(&stack)),
    }
}

/// An exception and its causes, from a Java stack.
fn exception(stack: &str) -> Failure {
    let mut lines = stack.lines();
    let mut failure = Failure::new(JOB_FAILED, lines.next().unwrap_or_default());
    let causes = lines.filter_map(|line| line.strip_prefix("Caused by: "));
    failure.causes = causes
        .take(2)
        .map(|cause| (JOB_FAILED.to_owned(), cause.to_owned()))
        .collect();
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_in_a_stack() {
        let stack = "a.JobException: Recovery is suppressed\n\tat a.B.c(B.java:1)\nCaused by: b.Wrong: no disk\n\tat x\nCaused by: c.D";
        let failure = exception(stack);
        assert_eq!(failure.message, "a.JobException: Recovery is suppressed");
        let causes: Vec<_> = failure.causes.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(causes, ["b.Wrong: no disk", "c.D"]);
    }
}
