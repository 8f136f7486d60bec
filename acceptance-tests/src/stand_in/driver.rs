//! The cluster of one deployment: simulated, or real processes.

use std::time::Duration;

use anyhow::Result;
use tracing::warn;

use super::Options;
use super::job_managers::JobManagers;
use super::kubernetes::{Desk, is_too_late};
use super::parts::kubernetes::Objects;
use super::places::Place;
use super::real::{How, RealCluster};
use super::simulation::{Account, Simulation};
use super::spec::Spec;
use super::status::{Failure, JOB_FAILED, Status};
use super::switches::{Hold, Switches};
use super::timing::{DEPLOY, SLOTS, STOP, TEAR_DOWN};
use super::world::{ClusterView, Deploy, JobManager, Object, Outcome, Restore, Trigger};

use resume::{left_standing, running};
use start::Waiting;

mod resume;
mod start;

/// What performs the operator's orders for one deployment.
pub struct Driver {
    options: Options,
    /// Where session jobs and snapshots find the JobManager.
    job_managers: JobManagers,
    desk: Desk,
    namespace: String,
    name: String,
    simulation: Simulation,
    real: Option<RealCluster>,
    place: Place,
    waiting: Option<Waiting>,
    /// The cluster's objects, once the deployment is known.
    objects: Option<Objects>,
    /// The job that was started last.
    job_id: Option<String>,
}

impl Driver {
    /// No cluster yet.
    pub fn new(options: Options, job_managers: JobManagers, desk: Desk, namespace: &str, name: &str) -> Self {
        let simulation = Simulation::new(namespace, name, options.time_factor.recip());
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        let place = options.places.for_one(format!("{namespace}/{name}"));
        Self {
            options,
            job_managers,
            desk,
            namespace,
            name,
            simulation,
            real: None,
            place,
            waiting: None,
            objects: None,
            job_id: None,
        }
    }

    /// Begins with a deployment: reads which objects its cluster has already.
    pub async fn meet(&mut self, object: &Object, uid: &str) -> Result<()> {
        let status = object.status.as_ref();
        let deployed = status.and_then(Status::reconciled).map(|reconciled| reconciled.spec);
        self.job_id = status.and_then(|status| status.job_status.job_id.clone());
        let place = (self.namespace.as_str(), self.name.as_str());
        self.objects = Some(Objects::find(self.desk.client().clone(), place, uid, deployed).await?);
        Ok(())
    }

    /// Looks whether somebody else removed objects of the cluster. A JobManager without its Deployment is gone.
    pub async fn check(&mut self) -> Result<()> {
        let Some(objects) = &mut self.objects else {
            return Ok(());
        };
        let was_there = objects.has_job_manager();
        objects.look().await?;
        if was_there && !objects.has_job_manager() {
            self.simulation.tear_down();
            self.waiting = None;
            self.job_managers.remove(&self.namespace, &self.name);
            if let Some(mut real) = self.real.take() {
                real.tear_down().await?;
            }
        }
        Ok(())
    }

    /// Whether high availability remembers the job. Looked up where it is about to matter.
    pub async fn has_metadata(&mut self, object: &Object) -> Result<bool> {
        let status = object.status.as_ref();
        let changed = status.is_some_and(|status| status.observed_generation != Some(object.generation));
        let Some(objects) = &self.objects else { return Ok(false) };
        let highly_available = objects.deployed().is_some_and(Spec::is_highly_available);
        if changed && highly_available {
            self.check().await?;
        }
        Ok(self.objects.as_ref().is_some_and(Objects::has_metadata))
    }

    /// Finds again what ran before this program did: a status says so.
    pub async fn resume(&mut self, object: &Object, uid: &str, switches: &Switches, now: i64) -> Result<()> {
        let Some(status) = &object.status else { return Ok(()) };
        if let Some(deploy) = left_standing(status)
            && let Some(installation) = self.real_flink(&deploy, switches, true)
        {
            return self.start(installation, deploy, uid, How::Over).await;
        }
        let Some(deploy) = running(object, status) else {
            return Ok(());
        };
        // What a session cluster shows as the state of its job is left over from its last upgrade.
        let ended = object.spec.job.is_some() && status.is_terminal();
        if let Some(installation) = self.real_flink(&deploy, switches, true)
            && !ended
        {
            return self.start_in_turn(installation, deploy, uid, How::Again).await;
        }
        // Old enough that nothing is seen of its start.
        self.simulation.resume(deploy, now - self.milliseconds(SLOTS));
        match status.job_state() {
            "FINISHED" => self.simulation.end("FINISHED", now),
            "CANCELED" => self.simulation.end("CANCELED", now),
            _ => {}
        }
        Ok(())
    }

    /// What an operator finds.
    pub async fn view(&mut self, switches: &Switches, now: i64) -> Result<ClusterView> {
        if let Err(error) = self.start_waiting().await {
            warn!("{}/{}: {error:#}", self.namespace, self.name);
        }
        let mut view = match &mut self.real {
            Some(real) => {
                let mut view = real.view().await?;
                // What the JobManager says of itself counts before what only the spec tells.
                let mut info = self.simulation.view(now).info;
                info.append(&mut view.info);
                view.info = info;
                view
            }
            None if self.waiting.is_some() => ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            },
            None => self.simulation.view(now),
        };
        self.show_job_manager(&view);
        if let Some(objects) = &mut self.objects
            && let Err(error) = objects.follow(&view).await
            && !is_too_late(&error)
        {
            return Err(error);
        }
        view.unmanaged_jobs.extend(switches.unmanaged_jobs());
        if let (None, Some(state), Some(job)) = (&self.real, switches.job(), &mut view.job) {
            job.state = state.to_owned();
            let failing = matches!(state, "FAILED" | "RESTARTING" | "FAILING");
            job.failure =
                failing.then(|| Failure::new(JOB_FAILED, "java.lang.RuntimeException: as the test asked for"));
        }
        if switches.holds(Hold::Deploying) && view.job_manager == JobManager::Up {
            view = ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            };
        }
        Ok(view)
    }

    /// Lets session jobs and snapshots find the JobManager that was just looked at.
    fn show_job_manager(&self, view: &ClusterView) {
        let (namespace, name) = (&self.namespace, &self.name);
        match self.real.as_ref().map(RealCluster::rest) {
            Some(Some(rest)) => self.job_managers.answer(namespace, name, rest),
            None if view.job_manager == JobManager::Up => {
                self.job_managers
                    .simulate(namespace, name, self.options.time_factor.recip());
            }
            Some(None) | None => self.job_managers.remove(namespace, name),
        }
    }

    /// Starts a cluster. The inner error is Kubernetes' refusal of its objects.
    pub async fn deploy(&mut self, mut deploy: Deploy, uid: &str, switches: &Switches) -> Result<Result<(), String>> {
        self.job_id.clone_from(&deploy.job_id);
        if let Some(objects) = &mut self.objects {
            if deploy.restore == Restore::LastState
                && let Some(id) = &deploy.job_id
                && let Some(path) = objects.remembered(id).await?
            {
                deploy.restore = Restore::From(path);
            }
            if let Err(message) = objects.submit(&deploy.spec).await? {
                return Ok(Err(message));
            }
        }
        let account = self.desk.account(deploy.spec.service_account.as_deref()).await?;
        if let Some(installation) = self.real_flink(&deploy, switches, account == Account::Usable) {
            return self.start_in_turn(installation, deploy, uid, How::Anew).await.map(Ok);
        }
        self.take(DEPLOY).await;
        let now = super::actor::now();
        self.simulation.deploy(deploy, account, switches.mishap(), now);
        Ok(Ok(()))
    }

    /// Takes the cluster down. Its place is kept for the next one, until [`Driver::make_room`]. With its metadata the job
    /// can go on from its last checkpoint.
    pub async fn tear_down(&mut self, keep_metadata: bool) -> Result<()> {
        let mut checkpoint = self.simulation.view(super::actor::now()).checkpoint;
        let deployed = self.objects.as_ref().and_then(Objects::deployed).cloned();
        self.job_managers.remove(&self.namespace, &self.name);
        match (self.waiting.take(), self.real.take()) {
            (Some(_), _) => {}
            (None, Some(mut real)) => {
                real.tear_down().await?;
                checkpoint = deployed.and_then(|spec| real.newest_checkpoint(&spec));
            }
            (None, None) => {
                self.simulation.tear_down();
                self.take(TEAR_DOWN).await;
            }
        }
        let Some(objects) = &mut self.objects else {
            return Ok(());
        };
        if let (true, Some(job), Some(path)) = (keep_metadata, &self.job_id, &checkpoint) {
            objects.remember(job, path).await?;
        }
        objects.tear_down(keep_metadata).await
    }

    /// Makes the autoscaler's ConfigMap.
    pub async fn autoscale(&mut self) -> Result<()> {
        match &mut self.objects {
            Some(objects) => objects.autoscale().await,
            None => Ok(()),
        }
    }

    /// Takes a savepoint and ends the job.
    pub async fn stop(&mut self, directory: &str, drain: bool, entropy: &str, switches: &Switches) -> Outcome {
        if switches.savepoint_fails() {
            return Outcome::Stopped(Err("Savepoint Error".to_owned()));
        }
        Outcome::Stopped(match &mut self.real {
            Some(real) => real.stop(directory, drain).await,
            None => {
                self.take(STOP).await;
                self.simulation.stop(directory, entropy, super::actor::now())
            }
        })
    }

    /// Asks for the job to be cancelled.
    pub async fn cancel(&mut self, now: i64) {
        match &self.real {
            Some(real) => real.cancel().await,
            None => self.simulation.cancel(now),
        }
    }

    /// Takes a savepoint or a checkpoint beside the job.
    pub async fn trigger(&self, trigger: &Trigger, entropy: &str) -> Result<String, String> {
        match (&self.real, trigger) {
            (Some(real), Trigger::Savepoint(directory)) => real.savepoint(directory).await,
            (Some(real), Trigger::Checkpoint) => real.checkpoint().await,
            (None, Trigger::Savepoint(directory)) => self.simulation.savepoint(directory, entropy),
            (None, Trigger::Checkpoint) => Ok(String::new()),
        }
    }

    /// Changes the number of TaskManagers in place.
    pub async fn scale(&mut self, task_managers: i64) -> Result<()> {
        self.simulation.scale(task_managers);
        match &mut self.real {
            Some(real) => real.scale(u32::try_from(task_managers).unwrap_or(1)).await,
            None => Ok(()),
        }
    }

    /// Why the cluster does not start yet. Said once.
    pub fn what_it_waits_for(&mut self) -> Option<String> {
        let waiting = self.waiting.as_mut().filter(|waiting| !waiting.told)?;
        waiting.told = true;
        Some(self.options.places.describe())
    }

    /// Whether a JobManager was started that does not answer yet.
    pub fn is_starting(&self) -> bool {
        self.real.as_ref().is_some_and(|real| !real.is_reachable())
    }

    /// Nothing more is to be done for now: without a job at work no place is needed.
    pub fn make_room(&mut self) {
        let at_work = self.real.as_ref().is_some_and(RealCluster::is_at_work);
        if !at_work && self.waiting.is_none() {
            self.place.leave();
        }
    }

    /// Forgets a deployment that is gone.
    pub async fn forget(&mut self) {
        self.objects = None;
        self.job_managers.remove(&self.namespace, &self.name);
        self.simulation.tear_down();
        self.waiting = None;
        if let Some(mut real) = self.real.take()
            && let Err(error) = real.tear_down().await
        {
            warn!("{}/{}: {error:#}", self.namespace, self.name);
        }
        self.place.leave();
    }

    /// Lets as much time pass as this takes.
    pub async fn take(&self, duration: Duration) {
        tokio::time::sleep(duration.mul_f64(self.options.time_factor)).await;
    }

    fn milliseconds(&self, duration: Duration) -> i64 {
        i64::try_from(duration.mul_f64(self.options.time_factor).as_millis()).unwrap_or_default()
    }
}
