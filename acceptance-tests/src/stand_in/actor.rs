//! One deployment: it is read, the operator decides, and what it decided is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::Options;
use super::driver::Driver;
use super::kubernetes::{Desk, is_too_late, parse};
use super::operator::{rfc3339, step};
use super::switches::{Hold, Switches};
use super::timing::{AT_ONCE, INTERVAL, PROGRESS};
use super::world::{Effect, Event, Memory, Object, Outcome, Situation, Snapshot, Step, Trigger};

/// Labels of every namespace, by name.
pub type Namespaces = BTreeMap<String, BTreeMap<String, String>>;

/// How long after a failure of the API server it is tried again.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How often a switch that holds something is looked at again.
const WHILE_HELD: Duration = Duration::from_millis(50);

/// Milliseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// What takes care of one deployment, from its first version until the stand-in ends: a deployment of
/// the same name may be created again.
pub struct Actor {
    options: Options,
    namespace: String,
    name: String,
    desk: Desk,
    driver: Driver,
    seen: watch::Receiver<Option<Arc<DynamicObject>>>,
    namespaces: watch::Receiver<Arc<Namespaces>>,
    /// Tells that the Deployment of the cluster's JobManager was removed, by us or by others.
    parts: watch::Receiver<()>,
    /// Whether it told so since the cluster was last looked at.
    removed: bool,
    /// What our own last write returned: the watch may not have brought it yet.
    wrote: Option<Arc<DynamicObject>>,
    /// The object that the cluster and the memory belong to.
    uid: Option<String>,
    memory: Memory,
    outcome: Option<Outcome>,
}

impl Actor {
    /// For the deployment `namespace/name`. `seen` is what the watch brought last; `parts` changes when the JobManager's
    /// Deployment is removed.
    pub fn new(
        client: kube::Client,
        options: Options,
        (namespace, name): (&str, &str),
        seen: watch::Receiver<Option<Arc<DynamicObject>>>,
        parts: watch::Receiver<()>,
        namespaces: watch::Receiver<Arc<Namespaces>>,
    ) -> Self {
        let desk = Desk::new(client, namespace, name);
        Self {
            driver: Driver::new(options.clone(), desk.clone(), namespace, name),
            desk,
            options,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            seen,
            namespaces,
            parts,
            removed: false,
            wrote: None,
            uid: None,
            memory: Memory::default(),
            outcome: None,
        }
    }

    /// Works until it is dropped.
    pub async fn run(mut self) {
        loop {
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(error) if is_too_late(&error) => {
                    debug!("{}/{}: {error:#}", self.namespace, self.name);
                    Some(AFTER_FAILURE)
                }
                Err(error) => {
                    warn!("{}/{}: {error:#}", self.namespace, self.name);
                    Some(AFTER_FAILURE)
                }
            };
            if self.rest(pause).await.is_err() {
                return;
            }
        }
    }

    /// Waits until it is time for another look, or until somebody else changed something. Fails where the stand-in ends.
    async fn rest(&mut self, pause: Option<Duration>) -> Result<(), watch::error::RecvError> {
        let asleep = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        let mut asleep = std::pin::pin!(asleep);
        loop {
            tokio::select! {
                () = &mut asleep => return Ok(()),
                changed = self.seen.changed() => {
                    changed?;
                    if !self.is_echo() {
                        return Ok(());
                    }
                }
                changed = self.namespaces.changed() => return changed,
                changed = self.parts.changed() => {
                    self.removed = true;
                    return changed;
                }
            }
        }
    }

    /// Whether the watch brought what we wrote ourselves.
    fn is_echo(&self) -> bool {
        let seen = self.seen.borrow();
        let (Some(seen), Some(wrote)) = (&*seen, &self.wrote) else {
            return false;
        };
        seen.uid() == wrote.uid() && version(seen) <= version(wrote)
    }

    /// Looks once. Returns when to look again, if nothing changes before.
    async fn turn(&mut self) -> Result<Option<Duration>> {
        let Some(object) = self.current() else {
            self.driver.forget().await;
            self.uid = None;
            return Ok(None);
        };
        // The object's watch may be ahead of the namespaces': their labels say how it is to be treated.
        if !self.namespaces.borrow_and_update().contains_key(&self.namespace) {
            return Ok(None);
        }
        let switches = self.switches(&object);
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
        let session_jobs = if parsed.deleting && is_session {
            self.desk.session_jobs().await?
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
            speed: self.options.time_factor.recip(),
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
        Ok(again.map(|again| again.mul_f64(self.options.time_factor)))
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
        self.write_event(object, &event).await;
    }

    /// Events are worth nothing that waits for them.
    async fn write_event(&self, object: &DynamicObject, event: &Event) {
        if let Err(error) = self.desk.write_event(object, event, now()).await {
            debug!("{}/{}: {error:#}", self.namespace, self.name);
        }
    }

    /// The newest version known: what the watch brought, or what our own last write returned.
    fn current(&mut self) -> Option<Arc<DynamicObject>> {
        let seen = self.seen.borrow_and_update().clone();
        let Some(seen) = seen else {
            self.wrote = None;
            return None;
        };
        match &self.wrote {
            Some(wrote) if wrote.uid() == seen.uid() && version(wrote) > version(&seen) => Some(Arc::clone(wrote)),
            _ => Some(seen),
        }
    }

    fn switches(&mut self, object: &DynamicObject) -> Switches {
        let namespaces = self.namespaces.borrow_and_update();
        let none = BTreeMap::new();
        Switches::of(namespaces.get(&self.namespace).unwrap_or(&none), object.annotations())
    }

    fn switches_now(&mut self) -> Switches {
        self.current().map(|object| self.switches(&object)).unwrap_or_default()
    }

    /// Waits while a test wants this moment to last.
    async fn wait_while_held(&mut self, moment: Hold) {
        while self.switches_now().holds(moment) {
            tokio::time::sleep(WHILE_HELD).await;
        }
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
        let Some(object) = self.current() else { return Ok(()) };
        if object.uid() != self.uid {
            // Deleted and created again in between: this was about the old one.
            return Ok(());
        }
        let uid = self.uid.clone().unwrap_or_default();
        match effect {
            Effect::AddFinalizer => self.wrote = self.desk.set_finalizer(&object, true).await?.map(Arc::new),
            Effect::RemoveFinalizer => {
                self.wait_while_held(Hold::Deleting).await;
                self.wrote = self.desk.set_finalizer(&object, false).await?.map(Arc::new);
            }
            Effect::Status(status) => self.wrote = self.desk.write_status(&object, &status).await?.map(Arc::new),
            Effect::Event(event) => self.write_event(&object, &event).await,
            Effect::Deploy(deploy) => {
                let switches = self.switches(&object);
                let deployed = self.driver.deploy(*deploy, &uid, &switches).await?;
                self.outcome = deployed.err().map(Outcome::Refused);
            }
            Effect::Autoscaler => match self.driver.autoscale().await {
                Err(error) if is_too_late(&error) => {}
                done => done?,
            },
            Effect::Cancel => self.driver.cancel(now()).await,
            Effect::TearDown { keep_metadata } => {
                if object.metadata.deletion_timestamp.is_none() {
                    self.wait_while_held(Hold::Suspending).await;
                }
                self.driver.tear_down(keep_metadata).await?;
            }
            Effect::Stop { directory, drain } => {
                self.wait_while_held(Hold::Suspending).await;
                let switches = self.switches(&object);
                self.outcome = Some(self.driver.stop(&directory, drain, &random_hex(), &switches).await);
            }
            Effect::Trigger(trigger) => {
                let taken = self.driver.trigger(&trigger, &random_hex()).await;
                self.outcome = Some(Outcome::Taken(taken));
            }
            Effect::Scale(task_managers) => self.driver.scale(task_managers).await?,
            Effect::Snapshot(snapshot) => match self.snapshot(&snapshot).await {
                // Nothing is created in a namespace that is being deleted; the deletion must go on.
                Err(error) if is_too_late(&error) => {}
                done => done?,
            },
        }
        Ok(())
    }

    /// Makes a snapshot's object and brings it to its end, as the operator's other controller would.
    async fn snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.desk.create_snapshot(snapshot).await?;
        let begun = rfc3339(now());
        if snapshot.exists {
            let status = completed(snapshot.path.clone().unwrap_or_default(), &begun, None);
            return self.desk.write_snapshot(snapshot, &status).await;
        }
        let id = random_hex();
        let running = json!({ "failures": 0, "state": "IN_PROGRESS", "triggerId": id, "triggerTimestamp": begun });
        self.desk.write_snapshot(snapshot, &running).await?;
        let trigger = snapshot.path.clone().map_or(Trigger::Checkpoint, Trigger::Savepoint);
        let status = match self.driver.trigger(&trigger, &random_hex()).await {
            Ok(path) => completed(path, &begun, Some(&id)),
            Err(message) => json!({
                "failures": 1, "state": "FAILED", "triggerId": id, "triggerTimestamp": begun,
                "resultTimestamp": rfc3339(now()), "error": message,
            }),
        };
        self.driver.take(INTERVAL / 10).await;
        self.desk.write_snapshot(snapshot, &status).await
    }
}

fn completed(path: String, begun: &str, id: Option<&str>) -> Value {
    let mut status = json!({
        "failures": 0, "state": "COMPLETED", "path": path, "triggerTimestamp": begun,
        "resultTimestamp": rfc3339(now()),
    });
    if let Some(id) = id {
        status["triggerId"] = json!(id);
    }
    status
}

/// Versions of one object are numbers that grow.
fn version(object: &DynamicObject) -> u64 {
    object
        .resource_version()
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
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
        object.namespace().context("a FlinkDeployment is in a namespace")?,
        object.name_any(),
    ))
}
