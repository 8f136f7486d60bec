//! One `FlinkStateSnapshot`: it is read, the operator decides, and what it decided is done.

use std::time::Duration;

use anyhow::Result;
use kube::ResourceExt;
use tracing::{debug, warn};

use crate::stand_in::job_managers::JobManager;
use crate::stand_in::journal::Happened;
use crate::stand_in::kubernetes::{Desk, Kind, parse, parse_session_job, parse_snapshot};
use crate::stand_in::operator::snapshot::{request, step};
use crate::stand_in::snapshot::{
    Effect, JobReference, Progress, Request, Situation, SnapshotObject, SnapshotState, Step, Subject,
};
use crate::stand_in::spec::Spec;
use crate::stand_in::switches::Hold;
use crate::stand_in::watched::{Seen, Watched};

use super::{Surroundings, now, pause_after, random_hex, sleep, tell, wait_while_held, write_event};

/// What takes care of one snapshot, from its first version until the stand-in ends.
pub struct Actor {
    surroundings: Surroundings,
    namespace: String,
    name: String,
    desk: Desk,
    watched: Watched,
    /// The object that the rest belongs to.
    uid: Option<String>,
    /// What the JobManager was asked for, or why it could not be.
    asked: Option<Result<Request, String>>,
}

/// The object of a job, and the deployment on whose JobManager it runs.
struct Found {
    subject: Subject,
    deployment: String,
}

impl Actor {
    /// For the snapshot `namespace/name`. `seen` is what the watch brought last.
    pub fn new(surroundings: Surroundings, (namespace, name): (&str, &str), seen: Seen) -> Self {
        Self {
            desk: Desk::new(surroundings.client.clone(), Kind::Snapshot, namespace, name),
            watched: Watched::new(namespace, seen, surroundings.namespaces.clone()),
            surroundings,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: None,
            asked: None,
        }
    }

    /// Works until it is dropped.
    pub async fn run(mut self) {
        loop {
            let pause = pause_after(self.turn().await, &self.namespace, &self.name);
            let rested = tokio::select! {
                () = sleep(pause) => Ok(()),
                changed = self.watched.changed() => changed,
            };
            if rested.is_err() {
                return;
            }
        }
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
        let parsed = match parse_snapshot(&object) {
            Ok(parsed) => parsed,
            Err(error) => {
                // So does the real one: it cannot read the object, and says so in its log only.
                warn!("{}/{} is ignored: {error:#}", self.namespace, self.name);
                return Ok(None);
            }
        };
        if self.uid != object.uid() {
            self.uid = object.uid();
            self.asked = None;
        }
        let found = parsed.spec.job_reference.as_ref().and_then(|job| self.find(job));
        let job_manager = found
            .as_ref()
            .and_then(|found| self.surroundings.job_managers.get(&self.namespace, &found.deployment));
        let subject = found.map(|found| found.subject);
        let failing = switches.savepoint_fails();
        let progress = self
            .progress(&parsed, subject.as_ref(), job_manager.as_ref(), failing)
            .await;
        let situation = Situation {
            object: &parsed,
            subject: subject.as_ref(),
            progress: progress.as_ref(),
            now: now(),
            speed: self.surroundings.options.time_factor.recip(),
            fresh_trigger_id: random_hex(),
        };
        let Step { effects, again } = step(&situation);
        for effect in effects {
            self.perform(effect, job_manager.as_ref()).await?;
        }
        Ok(again.map(|again| again.mul_f64(self.surroundings.options.time_factor)))
    }

    /// The object of a job, as far as it is there and can be read.
    fn find(&self, job: &JobReference) -> Option<Found> {
        let get = |kind, name: &str| self.surroundings.catalogue.get(kind, &self.namespace, name);
        if job.kind != Kind::SessionJob.name() {
            let deployment = parse(&*get(Kind::Deployment, &job.name)?).ok()?;
            let status = deployment.status.as_ref().map(|status| &status.job_status);
            return Some(Found {
                subject: Subject::new(&deployment.spec, status, deployment.deleting),
                deployment: deployment.name,
            });
        }
        let job = parse_session_job(&*get(Kind::SessionJob, &job.name)?).ok()?;
        let cluster = get(Kind::Deployment, &job.spec.deployment_name).and_then(|cluster| parse(&cluster).ok());
        let settings = job.spec.on(&cluster.map_or_else(Spec::default, |cluster| cluster.spec));
        let status = job.status.as_ref().map(|status| &status.job_status);
        Some(Found {
            subject: Subject::new(&settings, status, job.deleting),
            deployment: job.spec.deployment_name,
        })
    }

    /// How the JobManager is doing with what the status says that it was asked for.
    async fn progress(
        &self,
        object: &SnapshotObject,
        subject: Option<&Subject>,
        job_manager: Option<&JobManager>,
        failing: bool,
    ) -> Option<Progress> {
        let status = object.status.as_ref()?;
        if status.state != SnapshotState::InProgress {
            return None;
        }
        if failing {
            return Some(Progress::Failed("Savepoint Error".to_owned()));
        }
        let request = match self.asked.clone() {
            Some(Err(message)) => return Some(Progress::Failed(message)),
            Some(Ok(request)) => request,
            // Asked for before this program started.
            None => request(object, subject?, status.trigger_id.clone()?).ok()?,
        };
        Some(job_manager?.progress(&request, subject?).await)
    }

    async fn perform(&mut self, effect: Effect, job_manager: Option<&JobManager>) -> Result<()> {
        let Some(object) = self.watched.current().filter(|object| object.uid() == self.uid) else {
            return Ok(());
        };
        match effect {
            Effect::AddFinalizer => self.watched.wrote(self.desk.set_finalizer(&object, true).await?),
            Effect::RemoveFinalizer => {
                wait_while_held(&mut self.watched, Hold::Deleting).await;
                self.watched.wrote(self.desk.set_finalizer(&object, false).await?);
            }
            Effect::Labels(labels) => self.watched.wrote(self.desk.set_labels(&labels).await?),
            Effect::Status(status) => self.watched.wrote(self.desk.write_status(&object, &*status).await?),
            Effect::Event(event) => write_event(&self.desk, &object, &event).await,
            Effect::Trigger(request) => {
                let begun = match job_manager {
                    Some(job_manager) => job_manager.begin(&request).await,
                    None => Err("The JobManager does not answer.".to_owned()),
                };
                if begun.is_ok() {
                    tell(&self.desk, &object, &self.watched.switches_now(), Happened::Triggered).await;
                }
                self.asked = Some(begun.map(|()| request));
            }
            Effect::Dispose(path) => {
                if let Some(job_manager) = job_manager
                    && let Err(error) = job_manager.dispose(&path).await
                {
                    debug!("{}/{}: {path} is not disposed of: {error}", self.namespace, self.name);
                }
            }
        }
        Ok(())
    }
}
