//! One session job: it is read, the operator decides, and what it decided is done on its cluster.

use std::time::Duration;

use anyhow::Result;
use kube::ResourceExt;
use kube::api::DynamicObject;
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::flink::Volumes;
use crate::stand_in::artifacts::look_up;
use crate::stand_in::job_managers::JobManager;
use crate::stand_in::journal::{Happened, Origin};
use crate::stand_in::kubernetes::{Desk, Kind, is_too_late, parse, parse_session_job};
use crate::stand_in::operator::session_job::step;
use crate::stand_in::real::newest_checkpoint;
use crate::stand_in::session_job::{
    Artifacts, Effect, Host, Memory, Outcome, SessionJobObject, Situation, Step, Submission, Target,
};
use crate::stand_in::spec::{JobState, Spec};
use crate::stand_in::status::{Failure, JOB_FAILED, JobManagerStatus, ReconciliationState};
use crate::stand_in::switches::{Hold, Switches};
use crate::stand_in::timing::{PROGRESS, STOP};
use crate::stand_in::watched::{Seen, Watched};
use crate::stand_in::world::{JobView, Restore};

use super::{Surroundings, now, pause_after, random_hex, sleep, tell, wait_while_held, write_event};

/// What takes care of one session job, from its first version until the stand-in ends.
pub struct Actor {
    surroundings: Surroundings,
    namespace: String,
    name: String,
    desk: Desk,
    watched: Watched,
    /// Tells of changes of deployments.
    others: watch::Receiver<()>,
    /// Its cluster, as it was at the last look.
    cluster: Option<Target>,
    /// The object that the memory belongs to.
    uid: Option<String>,
    memory: Memory,
    outcome: Option<Outcome>,
    /// Whether the job ran before this program did, and is not found again yet.
    left: bool,
}

impl Actor {
    /// For the session job `namespace/name`. `seen` is what the watch brought last.
    pub fn new(surroundings: Surroundings, (namespace, name): (&str, &str), seen: Seen) -> Self {
        Self {
            desk: Desk::new(surroundings.client.clone(), Kind::SessionJob, namespace, name),
            watched: Watched::new(namespace, seen, surroundings.namespaces.clone()),
            others: surroundings.catalogue.changes(),
            surroundings,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            cluster: None,
            uid: None,
            memory: Memory::default(),
            outcome: None,
            left: false,
        }
    }

    /// Works until it is dropped.
    pub async fn run(mut self) {
        loop {
            let pause = pause_after(self.turn().await, &self.namespace, &self.name);
            if self.rest(pause).await.is_err() {
                return;
            }
        }
    }

    /// Waits until it is time for another look, or until somebody changed the job or its cluster.
    async fn rest(&mut self, pause: Option<Duration>) -> Result<(), watch::error::RecvError> {
        let mut asleep = std::pin::pin!(sleep(pause));
        loop {
            tokio::select! {
                () = &mut asleep => return Ok(()),
                changed = self.watched.changed() => return changed,
                changed = self.others.changed() => {
                    changed?;
                    let cluster = self.watched.current().and_then(|object| self.target(&object));
                    if cluster != self.cluster {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The deployment that a session job names, as far as it can be read.
    fn target(&self, object: &DynamicObject) -> Option<Target> {
        let name = object.data["spec"]["deploymentName"].as_str()?;
        let deployment = self
            .surroundings
            .catalogue
            .get(Kind::Deployment, &self.namespace, name)?;
        let deployment = parse(&deployment).ok()?;
        let status = deployment.status.as_ref();
        Some(Target {
            spec: deployment.spec,
            ready: status.is_some_and(|status| status.job_manager_deployment_status == JobManagerStatus::Ready),
        })
    }

    /// Looks once. Returns when to look again, if nothing changes before.
    async fn turn(&mut self) -> Result<Option<Duration>> {
        let Some(object) = self.watched.current() else {
            self.uid = None;
            return Ok(None);
        };
        let Some(switches) = self.watched.switches(&object) else {
            return Ok(None);
        };
        if switches.operator_down() {
            return Ok(None);
        }
        let parsed = match parse_session_job(&object) {
            Ok(parsed) => parsed,
            Err(error) => {
                // So does the real one: it cannot read the object, and says so in its log only.
                warn!("{}/{} is ignored: {error:#}", self.namespace, self.name);
                return Ok(None);
            }
        };
        self.others.mark_unchanged();
        let mut cluster = self.target(&object);
        self.cluster.clone_from(&cluster);
        self.take_over(&object, &parsed);
        let job_manager = self
            .surroundings
            .job_managers
            .get(&self.namespace, &parsed.spec.deployment_name);
        let found = self.find_again(&parsed, cluster.as_ref(), job_manager.as_ref()).await;
        let seen = match (
            &job_manager,
            parsed
                .status
                .as_ref()
                .and_then(|status| status.job_status.job_id.clone()),
        ) {
            (Some(job_manager), Some(id)) if found => {
                job_manager.job(&id, now()).await.map_err(|error| debug!("{error}"))
            }
            (Some(_), None) => Ok(None),
            _ => Err(()),
        };
        // It was ready when its status was written, but cannot be asked now.
        let mute = seen.is_err() && cluster.as_ref().is_some_and(|cluster| cluster.ready);
        if let Some(cluster) = cluster.as_mut().filter(|_| mute) {
            cluster.ready = false;
            if parsed.deleting {
                return Ok(Some(self.scaled(PROGRESS)));
            }
        }
        let (job, checkpoint) = seen.ok().flatten().unzip();
        let job = job.map(|job| as_asked(job, job_manager.as_ref(), &switches));
        let artifacts = if switches.strict_artifacts() {
            Artifacts::strict()
        } else {
            Artifacts::open()
        };
        let host = self.host(&parsed, &artifacts).await;
        let outcome = self.outcome.take();
        let situation = Situation {
            object: &parsed,
            cluster: cluster.as_ref(),
            job: job.as_ref(),
            checkpoint: checkpoint.as_ref().and_then(Option::as_deref),
            outcome: outcome.as_ref(),
            artifacts: &artifacts,
            host,
            now: now(),
            fresh_job_id: random_hex(),
        };
        let Step { effects, again } = step(&situation, &mut self.memory);
        for effect in effects {
            self.perform(effect, job_manager.as_ref()).await?;
        }
        let again = if mute { again.or(Some(PROGRESS)) } else { again };
        Ok(again.map(|again| self.scaled(again)))
    }

    async fn host(&self, object: &SessionJobObject, artifacts: &Artifacts) -> Host {
        let uri = object.spec.job.as_ref().and_then(|job| job.jar_uri.as_deref());
        match uri.filter(|_| artifacts.restricted_hosts_refused) {
            Some(uri) => look_up(uri).await,
            None => Host::Public,
        }
    }

    /// An object that is new to us: its job may have been run before this program started.
    fn take_over(&mut self, object: &DynamicObject, parsed: &SessionJobObject) {
        let uid = object.uid();
        if self.uid == uid {
            return;
        }
        self.memory = Memory::default();
        self.outcome = None;
        self.left = running(parsed, &Spec::default()).is_some();
        self.uid = uid;
    }

    /// Looks for a job that ran before this program did. Says whether the cluster knows by now what it should know.
    async fn find_again(
        &mut self,
        object: &SessionJobObject,
        cluster: Option<&Target>,
        job_manager: Option<&JobManager>,
    ) -> bool {
        if !self.left {
            return true;
        }
        let (Some(cluster), Some(job_manager)) = (cluster, job_manager) else {
            return false;
        };
        if let Some(submission) = running(object, &cluster.spec) {
            match job_manager {
                JobManager::Simulated(_) => job_manager.resume(submission, 0),
                JobManager::Real(_) => match job_manager.job(&submission.job_id, now()).await {
                    Err(_) => return false,
                    Ok(Some(_)) => {}
                    Ok(None) => self.run_again(submission, job_manager).await,
                },
            }
        }
        self.left = false;
        true
    }

    /// The job goes on from its newest checkpoint.
    async fn run_again(&self, mut submission: Submission, job_manager: &JobManager) {
        let volumes = Volumes::new(&self.surroundings.options.state_dir.join("volumes"));
        if let Some(path) = newest_checkpoint(&volumes, &submission.spec, &submission.job_id) {
            submission.restore = Restore::From(path);
        }
        if let Err(failure) = job_manager.submit(submission, now()).await {
            let (namespace, name) = (&self.namespace, &self.name);
            warn!("{namespace}/{name} does not go on: {}", failure.message);
        }
    }

    async fn perform(&mut self, effect: Effect, job_manager: Option<&JobManager>) -> Result<()> {
        let Some(object) = self.watched.current() else {
            return Ok(());
        };
        if object.uid() != self.uid {
            // Deleted and created again in between: this was about the old one.
            return Ok(());
        }
        let gone = || "The cluster is gone.".to_owned();
        match effect {
            Effect::AddFinalizer => self.watched.wrote(self.desk.set_finalizer(&object, true).await?),
            Effect::RemoveFinalizer => {
                wait_while_held(&mut self.watched, Hold::Deleting).await;
                self.watched.wrote(self.desk.set_finalizer(&object, false).await?);
            }
            Effect::Status(status) => self.watched.wrote(self.desk.write_status(&object, &*status).await?),
            Effect::Event(event) => write_event(&self.desk, &object, &event).await,
            Effect::Submit(submission) => {
                let from = Origin::from(&submission.restore);
                let submitted = match job_manager {
                    Some(job_manager) => job_manager.submit(*submission, now()).await,
                    None => Err(Failure::new(crate::stand_in::status::RECONCILIATION, gone())),
                };
                if submitted.is_ok() {
                    let switches = self.watched.switches_now();
                    tell(&self.desk, &object, &switches, Happened::Started { from }).await;
                }
                self.outcome = Some(Outcome::Submitted(submitted));
            }
            Effect::Cancel(id) => {
                wait_while_held(&mut self.watched, Hold::Suspending).await;
                if let Some(job_manager) = job_manager {
                    job_manager.cancel(&id, now()).await;
                }
            }
            Effect::Stop { job, directory, drain } => {
                wait_while_held(&mut self.watched, Hold::Suspending).await;
                let stopped = match job_manager {
                    _ if self.watched.switches_now().savepoint_fails() => Err("Savepoint Error".to_owned()),
                    None => Err(gone()),
                    Some(job_manager) => {
                        if matches!(job_manager, JobManager::Simulated(_)) {
                            tokio::time::sleep(self.scaled(STOP)).await;
                        }
                        job_manager.stop(&job, (&directory, drain), &random_hex(), now()).await
                    }
                };
                if let Ok(savepoint) = &stopped {
                    let (switches, savepoint) = (self.watched.switches_now(), savepoint.clone());
                    tell(&self.desk, &object, &switches, Happened::Stopped { savepoint }).await;
                }
                self.outcome = Some(Outcome::Stopped(stopped));
            }
            Effect::Snapshot(snapshot) => match self.desk.create_snapshot(&snapshot).await {
                // Nothing is created in a namespace that is being deleted; the deletion must go on.
                Err(error) if is_too_late(&error) => {}
                done => done?,
            },
        }
        Ok(())
    }

    fn scaled(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.surroundings.options.time_factor)
    }
}

/// A status-only job in the state that a test asks for.
fn as_asked(mut job: JobView, job_manager: Option<&JobManager>, switches: &Switches) -> JobView {
    if let (Some(JobManager::Simulated(_)), Some(state)) = (job_manager, switches.job()) {
        job.state = state.to_owned();
        let failing = matches!(state, "FAILED" | "RESTARTING" | "FAILING");
        job.failure = failing.then(|| Failure::new(JOB_FAILED, "java.lang.RuntimeException: as the test asked for"));
    }
    job
}

/// What runs, if the status says that something does.
fn running(object: &SessionJobObject, cluster: &Spec) -> Option<Submission> {
    let status = object.status.as_ref()?;
    let reconciled = status.reconciled()?;
    let deployed = status.reconciliation_status.state == ReconciliationState::Deployed
        && reconciled.spec.job_state() == Some(JobState::Running);
    let ends = status.job_state() == "CANCELLING";
    let lost = status.error.as_deref() == Some(crate::stand_in::session_job::JOB_NOT_FOUND);
    if status.is_terminal() || lost || !(deployed || ends) {
        return None;
    }
    let path = status.job_status.upgrade_savepoint_path.clone();
    Some(Submission {
        job_id: status.job_status.job_id.clone()?,
        spec: reconciled.spec.on(cluster),
        own_settings: reconciled.spec.flink_configuration.clone(),
        restore: path.map_or(Restore::Nothing, Restore::From),
    })
}
