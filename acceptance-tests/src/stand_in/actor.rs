//! One deployment: it is read, the operator decides, and what it decided is done. Session jobs and snapshots have actors
//! of their own.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use kube::ResourceExt;
use kube::api::DynamicObject;
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::Options;
use super::driver::Driver;
use super::job_managers::JobManagers;
use super::journal::{Entry, Happened, Origin};
use super::kubernetes::{Desk, Kind, is_too_late, parse};
use super::operator::step;
use super::switches::{Hold, Switches};
use super::timing::{AT_ONCE, PROGRESS};
use super::watched::{Catalogue, Namespaces, Seen, Watched};
use super::world::{Effect, Event, Memory, Object, Outcome, Situation, Step};

pub mod session_job;
pub mod snapshot;

/// What all actors have in common.
#[derive(Clone)]
pub struct Surroundings {
    /// The API server.
    pub client: kube::Client,
    /// What the stand-in was started with.
    pub options: Options,
    /// Labels of all namespaces.
    pub namespaces: watch::Receiver<Arc<Namespaces>>,
    /// Where one object looks for another.
    pub catalogue: Catalogue,
    /// What runs.
    pub job_managers: JobManagers,
}

/// How long after a failure of the API server it is tried again.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How often a switch that holds something is looked at again.
const WHILE_HELD: Duration = Duration::from_millis(50);

/// Milliseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// How long to rest after a turn of the actor of this object; `None` for as long as nothing changes.
fn pause_after(turn: Result<Option<Duration>>, namespace: &str, name: &str) -> Option<Duration> {
    match turn {
        Ok(pause) => pause,
        Err(error) if is_too_late(&error) => {
            debug!("{namespace}/{name}: {error:#}");
            Some(AFTER_FAILURE)
        }
        Err(error) => {
            warn!("{namespace}/{name}: {error:#}");
            Some(AFTER_FAILURE)
        }
    }
}

/// Sleeps so long, or for ever.
async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Events are worth nothing that waits for them.
async fn write_event(desk: &Desk, object: &DynamicObject, event: &Event) {
    if let Err(error) = desk.write_event(object, event, now()).await {
        debug!("{}: {error:#}", object.name_any());
    }
}

/// Tells what happened, where a test asked for that.
async fn tell(desk: &Desk, object: &DynamicObject, switches: &Switches, what: Happened) {
    if switches.keeps_journal() {
        write_event(desk, object, &Entry { at: now(), what }.event()).await;
    }
}

/// Waits while a test wants this moment to last.
async fn wait_while_held(watched: &mut Watched, moment: Hold) {
    while watched.switches_now().holds(moment) {
        tokio::time::sleep(WHILE_HELD).await;
    }
}

/// What takes care of one deployment, from its first version until the stand-in ends: a deployment of
/// the same name may be created again.
pub struct Actor {
    surroundings: Surroundings,
    namespace: String,
    name: String,
    desk: Desk,
    driver: Driver,
    watched: Watched,
    /// Tells that the Deployment of the cluster's JobManager was removed, by us or by others, or that a session job was.
    parts: watch::Receiver<()>,
    /// Whether it told so since the cluster was last looked at.
    removed: bool,
    /// The object that the cluster and the memory belong to.
    uid: Option<String>,
    memory: Memory,
    outcome: Option<Outcome>,
}

impl Actor {
    /// For the deployment `namespace/name`. `seen` is what the watch brought last; `parts` changes when something goes
    /// that belongs to the cluster.
    pub fn new(
        surroundings: Surroundings,
        (namespace, name): (&str, &str),
        seen: Seen,
        parts: watch::Receiver<()>,
    ) -> Self {
        let desk = Desk::new(surroundings.client.clone(), Kind::Deployment, namespace, name);
        let options = surroundings.options.clone();
        Self {
            driver: Driver::new(
                options,
                surroundings.job_managers.clone(),
                desk.clone(),
                namespace,
                name,
            ),
            desk,
            watched: Watched::new(namespace, seen, surroundings.namespaces.clone()),
            surroundings,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            parts,
            removed: false,
            uid: None,
            memory: Memory::default(),
            outcome: None,
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

    /// Waits until it is time for another look, or until somebody else changed something. Fails where the stand-in ends.
    async fn rest(&mut self, pause: Option<Duration>) -> Result<(), watch::error::RecvError> {
        tokio::select! {
            () = sleep(pause) => Ok(()),
            changed = self.watched.changed() => changed,
            changed = self.parts.changed() => {
                self.removed = true;
                changed
            }
        }
    }

    /// Looks once. Returns when to look again, if nothing changes before.
    async fn turn(&mut self) -> Result<Option<Duration>> {
        let Some(object) = self.watched.current() else {
            self.driver.forget().await;
            self.uid = None;
            return Ok(None);
        };
        // Their labels say how it is to be treated.
        let Some(switches) = self.watched.switches(&object) else {
            return Ok(None);
        };
        if switches.operator_down() {
            return Ok(None);
        }
        let parsed = match parse(&object) {
            Ok(parsed) => parsed,
            Err(error) => {
                // So does the real one: it cannot read the object, and says so in its log only.
                warn!("{}/{} is ignored: {error:#}", self.namespace, self.name);
                return Ok(None);
            }
        };
        self.take_over(&object, &parsed, &switches).await?;
        if self.removed {
            self.driver.check().await?;
            self.removed = false;
        }
        let ha_metadata = self.driver.has_metadata(&parsed).await?;
        let cluster = self.driver.view(&switches, now()).await?;
        self.tell_of_waiting(&object).await;
        let is_session = parsed.spec.job.is_none();
        let session_jobs: Vec<_> = if parsed.deleting && is_session {
            let mut names = self.surroundings.catalogue.jobs_of(&self.namespace, &self.name);
            names.extend(self.desk.session_jobs().await?);
            names.into_iter().collect()
        } else {
            Vec::new()
        };
        let outcome = self.outcome.take();
        let situation = Situation {
            object: &parsed,
            cluster: &cluster,
            outcome: outcome.as_ref(),
            session_jobs: &session_jobs,
            snapshot_objects: true,
            ha_metadata,
            now: now(),
            speed: self.surroundings.options.time_factor.recip(),
            fresh_job_id: random_hex(),
        };
        let Step { effects, again } = step(&situation, &mut self.memory);
        let deployed = effects.iter().any(|effect| matches!(effect, Effect::Deploy(_)));
        for effect in effects {
            self.perform(effect).await?;
            if matches!(self.outcome, Some(Outcome::Refused(_))) {
                return Ok(Some(Duration::ZERO));
            }
        }
        // The other half of a stop with savepoint follows, and wants its cluster's place.
        if self.outcome.is_none() {
            self.driver.make_room();
        }
        // An operator has nothing to look at while a job is suspended; the JobManager's service has.
        let again = again.or_else(|| self.driver.is_starting().then_some(PROGRESS));
        let again = if deployed { Some(AT_ONCE) } else { again };
        Ok(again.map(|again| again.mul_f64(self.surroundings.options.time_factor)))
    }

    /// Says why a cluster does not start yet, for those who wait for it.
    async fn tell_of_waiting(&mut self, object: &DynamicObject) {
        let Some(message) = self.driver.what_it_waits_for() else {
            return;
        };
        info!("{}/{} waits: {message}", self.namespace, self.name);
        let event = Event {
            warning: true,
            reason: "SandboxFull".to_owned(),
            message,
            component: "JobManagerDeployment",
        };
        write_event(&self.desk, object, &event).await;
    }

    /// An object that is new to us: it may have been taken care of before this program started.
    async fn take_over(&mut self, object: &DynamicObject, parsed: &Object, switches: &Switches) -> Result<()> {
        let uid = object.uid();
        if self.uid == uid {
            return Ok(());
        }
        self.driver.forget().await;
        // Its autoscaler keeps what it knows of a name.
        self.memory = Memory {
            autoscaler: self.memory.autoscaler,
            ..Memory::default()
        };
        self.outcome = None;
        let ours = uid.as_deref().unwrap_or_default();
        self.driver.meet(parsed, ours).await?;
        if !parsed.deleting {
            self.driver.resume(parsed, ours, switches, now()).await?;
        }
        self.uid = uid;
        Ok(())
    }

    async fn perform(&mut self, effect: Effect) -> Result<()> {
        let Some(object) = self.watched.current() else {
            return Ok(());
        };
        if object.uid() != self.uid {
            // Deleted and created again in between: this was about the old one.
            return Ok(());
        }
        let uid = self.uid.clone().unwrap_or_default();
        match effect {
            Effect::AddFinalizer => self.watched.wrote(self.desk.set_finalizer(&object, true).await?),
            Effect::RemoveFinalizer => {
                wait_while_held(&mut self.watched, Hold::Deleting).await;
                self.watched.wrote(self.desk.set_finalizer(&object, false).await?);
            }
            Effect::Status(status) => self.watched.wrote(self.desk.write_status(&object, &*status).await?),
            Effect::Event(event) => write_event(&self.desk, &object, &event).await,
            Effect::Deploy(deploy) => {
                let switches = self.watched.switches_now();
                let from = Origin::from(&deploy.restore);
                let deployed = self.driver.deploy(*deploy, &uid, &switches).await?;
                if deployed.is_ok() {
                    tell(&self.desk, &object, &switches, Happened::Started { from }).await;
                }
                self.outcome = deployed.err().map(Outcome::Refused);
            }
            Effect::Autoscaler => match self.driver.autoscale().await {
                Err(error) if is_too_late(&error) => {}
                done => done?,
            },
            Effect::Cancel => self.driver.cancel(now()).await,
            Effect::TearDown { keep_metadata } => {
                if object.metadata.deletion_timestamp.is_none() {
                    wait_while_held(&mut self.watched, Hold::Suspending).await;
                }
                self.driver.tear_down(keep_metadata).await?;
            }
            Effect::Stop { directory, drain } => {
                wait_while_held(&mut self.watched, Hold::Suspending).await;
                let switches = self.watched.switches_now();
                let outcome = self.driver.stop(&directory, drain, &random_hex(), &switches).await;
                if let Outcome::Stopped(Ok(savepoint)) = &outcome {
                    let savepoint = savepoint.clone();
                    tell(&self.desk, &object, &switches, Happened::Stopped { savepoint }).await;
                }
                self.outcome = Some(outcome);
            }
            Effect::Trigger(trigger) => {
                let taken = self.driver.trigger(&trigger, &random_hex()).await;
                self.outcome = Some(Outcome::Taken(taken));
            }
            Effect::Scale(task_managers) => self.driver.scale(task_managers).await?,
            Effect::Snapshot(snapshot) => match self.desk.create_snapshot(&snapshot).await {
                // Nothing is created in a namespace that is being deleted; the deletion must go on.
                Err(error) if is_too_late(&error) => {}
                done => done?,
            },
        }
        Ok(())
    }
}

/// 32 hexadecimal digits that nobody used before.
fn random_hex() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let part = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_i64(now());
        hasher.finish()
    };
    format!("{:016x}{:016x}", part(), part())
}

/// Reads an object's place.
pub fn key(object: &DynamicObject) -> Result<(String, String)> {
    Ok((
        object
            .namespace()
            .context("an object of the operator is in a namespace")?,
        object.name_any(),
    ))
}
