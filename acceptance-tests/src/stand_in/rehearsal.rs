//! The operator at work in virtual time: objects, their simulated clusters, and a clock that only
//! moves when told. Tests see every status that a client watching the objects would see.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::operator::step;
use super::parts::{Change, Parts};
use super::session_job::Artifacts;
use super::simulation::session_jobs::SessionJobs;
use super::simulation::{Account, Mishap, Simulation};
use super::spec::Spec;
use super::status::Status;
use super::timing::{AT_ONCE, DEPLOY, REACTION, STOP, TEAR_DOWN};
use super::world::{Effect, Event, Memory, Object, Outcome, Situation, Snapshot, Step, Trigger};

pub use sight::{Sight, snapshot_line};

mod mishaps;
mod session_jobs;
mod sight;
mod snapshots;

const REACTION_MS: i64 = REACTION.as_millis() as i64;

/// One object on stage.
#[derive(Debug)]
struct Actor {
    spec: Value,
    generation: i64,
    finalizer: bool,
    deleting: bool,
    gone: bool,
    status: Option<Status>,
    memory: Memory,
    simulation: Simulation,
    outcome: Option<Outcome>,
    parts: Parts,
    /// What runs on a session cluster for session jobs.
    session_jobs: SessionJobs,
    /// How often a cluster was started.
    starts: usize,
    /// What the cluster last started was started with.
    deployed: Option<Spec>,
    /// When the operator looks next.
    wake: Option<i64>,
}

/// Everything on stage.
#[derive(Debug)]
pub struct Rehearsal {
    now: i64,
    actors: BTreeMap<String, Actor>,
    jobs: BTreeMap<String, session_jobs::Actor>,
    state_snapshots: BTreeMap<String, snapshots::Actor>,
    artifacts: Artifacts,
    accounts: BTreeMap<String, Account>,
    operator_down: bool,
    /// The namespace is being deleted: nothing new is made in it, not even events.
    terminating: bool,
    savepoints_fail: bool,
    refusal: Option<String>,
    /// Names of session jobs by the clusters that they hold.
    session_jobs: BTreeMap<String, BTreeSet<String>>,
    /// What goes wrong when a cluster is started, by its name and the number of the start.
    mishaps: BTreeMap<(String, usize), Mishap>,
    sights: Vec<(String, Sight)>,
    events: Vec<(String, Event)>,
    changes: Vec<(String, String, Change)>,
    snapshots: Vec<Snapshot>,
    snapshot_lines: Vec<(String, String)>,
    disposed: Vec<String>,
    ids: u128,
}

/// Whom the operator looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Deployment(String),
    SessionJob(String),
    Snapshot(String),
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self {
            now: 1_700_000_000_000,
            actors: BTreeMap::new(),
            jobs: BTreeMap::new(),
            state_snapshots: BTreeMap::new(),
            artifacts: Artifacts::open(),
            accounts: [("default", Account::Powerless), ("flink", Account::Usable)]
                .map(|(name, account)| (name.to_owned(), account))
                .into(),
            operator_down: false,
            terminating: false,
            savepoints_fail: false,
            refusal: None,
            session_jobs: BTreeMap::new(),
            mishaps: BTreeMap::new(),
            sights: Vec::new(),
            events: Vec::new(),
            changes: Vec::new(),
            snapshots: Vec::new(),
            snapshot_lines: Vec::new(),
            disposed: Vec::new(),
            ids: 0,
        }
    }
}

impl Rehearsal {
    /// Creates an object with this spec. Returns whether it could: not while there is one, even if that is being deleted.
    pub fn create(&mut self, name: &str, spec: Value) -> bool {
        if self.actors.get(name).is_some_and(|actor| !actor.gone) {
            return false;
        }
        // The operator's autoscaler keeps what it knows of a name.
        let before = self.actors.get(name).map(|actor| actor.memory.autoscaler);
        let actor = Actor {
            spec,
            generation: 1,
            finalizer: false,
            deleting: false,
            gone: false,
            status: None,
            memory: Memory {
                autoscaler: before.unwrap_or_default(),
                ..Memory::default()
            },
            simulation: Simulation::new("rehearsal", name, 1.0),
            outcome: None,
            parts: Parts::default(),
            session_jobs: SessionJobs::new(1.0),
            starts: 0,
            deployed: None,
            wake: Some(self.now),
        };
        self.actors.insert(name.to_owned(), actor);
        self.see(name);
        true
    }

    /// Merges a change into the spec of an object, as a JSON merge patch does.
    pub fn patch(&mut self, name: &str, change: &Value) {
        let now = self.now;
        let Some(actor) = self.actors.get_mut(name) else { return };
        let before = actor.spec.clone();
        merge(&mut actor.spec, change);
        if actor.spec != before {
            actor.generation += 1;
            actor.wake = Some(now + REACTION_MS);
        }
        self.see(name);
    }

    /// Deletes an object. Without a finalizer it is gone at once.
    pub fn delete(&mut self, name: &str) {
        let now = self.now;
        let Some(actor) = self.actors.get_mut(name) else { return };
        actor.deleting = true;
        actor.generation += 1;
        actor.wake = Some(now + REACTION_MS);
        if actor.finalizer {
            self.see(name);
        } else {
            self.remove(name);
        }
    }

    /// Kills the JobManager's pod.
    pub fn kill_job_manager(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.simulation.kill_job_manager(self.now);
            actor.session_jobs = SessionJobs::new(1.0);
        }
    }

    /// Kills a TaskManager's pod.
    pub fn kill_task_manager(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.simulation.kill_task_manager(self.now);
        }
    }

    /// Stops the operator, or starts it.
    pub fn operator_down(&mut self, down: bool) {
        self.operator_down = down;
        if !down {
            for actor in self.actors.values_mut() {
                actor.memory = Memory::default();
                actor.wake = Some(self.now);
            }
            self.remember_no_session_job();
        }
    }

    /// Lets so many seconds pass.
    pub fn pass(&mut self, seconds: f64) {
        self.pass_until(self.now + (seconds * 1000.0) as i64);
    }

    /// Lets time pass until a moment in milliseconds.
    fn pass_until(&mut self, end: i64) {
        while !self.operator_down {
            let Some((wake, who)) = self.due().filter(|(wake, _)| *wake <= end) else {
                break;
            };
            self.now = self.now.max(wake);
            match who {
                Who::Deployment(name) => self.turn(&name, wake),
                Who::SessionJob(name) => self.turn_session_job(&name, wake),
                Who::Snapshot(name) => self.turn_snapshot(&name, wake),
            }
        }
        self.now = end;
    }

    /// Whom the operator looks at next, and when.
    fn due(&self) -> Option<(i64, Who)> {
        let deployments = self.actors.iter().filter(|(_, actor)| !actor.gone);
        let deployments = deployments.filter_map(|(name, actor)| Some((actor.wake?, Who::Deployment(name.clone()))));
        let jobs = self.jobs.iter().filter(|(_, actor)| !actor.gone);
        let jobs = jobs.filter_map(|(name, actor)| Some((actor.wake?, Who::SessionJob(name.clone()))));
        let snapshots = self.state_snapshots.iter().filter(|(_, actor)| !actor.gone);
        let snapshots = snapshots.filter_map(|(name, actor)| Some((actor.wake?, Who::Snapshot(name.clone()))));
        deployments.chain(jobs).chain(snapshots).min()
    }

    /// 32 hexadecimal digits that nobody used before.
    fn fresh_id(&mut self) -> String {
        self.ids += 1;
        format!(
            "{:032x}",
            self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        )
    }

    /// Seconds that passed since the start.
    pub fn seconds(&self) -> f64 {
        (self.now - 1_700_000_000_000) as f64 / 1000.0
    }

    /// The status of an object.
    pub fn status(&self, name: &str) -> Option<&Status> {
        self.actors.get(name)?.status.as_ref()
    }

    /// Whether an object carries our finalizer.
    pub fn has_finalizer(&self, name: &str) -> bool {
        self.actors.get(name).is_some_and(|actor| actor.finalizer)
    }

    /// What was seen of a deployment, or under `FlinkSessionJob/<name>` of a session job, without repetitions.
    pub fn sights(&self, name: &str) -> Vec<Sight> {
        let seen = self.sights.iter().filter(|(of, _)| of == name);
        let mut sights: Vec<_> = seen.map(|(_, sight)| sight.clone()).collect();
        sights.dedup();
        sights
    }

    /// The Kubernetes objects of a cluster that were made and removed, in order, and in which lifecycle state the
    /// deployment was.
    pub fn changes(&self, name: &str) -> Vec<(String, Change)> {
        let changes = self.changes.iter().filter(|(of, _, _)| of == name);
        changes
            .map(|(_, state, change)| (state.clone(), change.clone()))
            .collect()
    }

    /// Reasons and messages of the events about a deployment, or under `<kind>/<name>` about another object, in order.
    pub fn events(&self, name: &str) -> Vec<(String, String)> {
        let events = self.events.iter().filter(|(of, _)| of == name);
        events
            .map(|(_, event)| (event.reason.clone(), event.message.clone()))
            .collect()
    }

    /// Every `FlinkStateSnapshot` made so far.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    fn turn(&mut self, name: &str, start: i64) {
        let fresh_job_id = self.fresh_id();
        let Some(actor) = self.actors.get_mut(name) else { return };
        actor.wake = None;
        let object = Object {
            name: name.to_owned(),
            generation: actor.generation,
            finalizer: actor.finalizer,
            deleting: actor.deleting,
            spec: Spec::of(&actor.spec).unwrap_or_default(),
            status: actor.status.clone(),
        };
        let cluster = actor.simulation.view(start);
        self.follow(name, start);
        let Some(actor) = self.actors.get_mut(name) else { return };
        let session_jobs: Vec<_> = self.session_jobs.get(name).into_iter().flatten().cloned().collect();
        let outcome = actor.outcome.take();
        let situation = Situation {
            object: &object,
            cluster: &cluster,
            outcome: outcome.as_ref(),
            session_jobs: &session_jobs,
            snapshot_objects: true,
            ha_metadata: actor.parts.has_metadata(),
            now: start,
            speed: 1.0,
            fresh_job_id,
        };
        let Step { effects, again } = step(&situation, &mut actor.memory);
        let deployed = effects.iter().any(|effect| matches!(effect, Effect::Deploy(_)));
        let mut clock = start;
        for effect in effects {
            clock = self.perform(name, effect, clock);
            if self.is_refused(name) {
                break;
            }
        }
        let refused = self.is_refused(name);
        let Some(actor) = self.actors.get_mut(name) else { return };
        let again = match (refused, deployed) {
            (true, _) => Some(std::time::Duration::ZERO),
            (false, true) => Some(AT_ONCE),
            (false, false) => again,
        };
        let next = again.map(|again| clock + i64::try_from(again.as_millis()).unwrap_or_default());
        // A change that came in between wakes the operator at once.
        actor.wake = if actor.generation > object.generation {
            Some(clock)
        } else {
            next
        };
    }

    /// Whether Kubernetes just refused the objects of this cluster.
    fn is_refused(&self, name: &str) -> bool {
        let outcome = self.actors.get(name).and_then(|actor| actor.outcome.as_ref());
        matches!(outcome, Some(Outcome::Refused(_)))
    }

    /// Does one thing; returns the time afterwards.
    fn perform(&mut self, name: &str, effect: Effect, clock: i64) -> i64 {
        let after = |duration: std::time::Duration| clock + i64::try_from(duration.as_millis()).unwrap_or_default();
        let Some(actor) = self.actors.get_mut(name) else {
            return clock;
        };
        match effect {
            Effect::AddFinalizer => {
                actor.finalizer = true;
                self.see(name);
            }
            Effect::RemoveFinalizer => self.remove(name),
            Effect::Status(status) => {
                actor.status = Some(*status);
                self.see(name);
            }
            Effect::Event(_) if self.terminating => {}
            Effect::Event(event) => self.events.push((name.to_owned(), event)),
            Effect::Deploy(deploy) => {
                if let Some(message) = &self.refusal {
                    actor.outcome = Some(Outcome::Refused(message.clone()));
                    return after(DEPLOY);
                }
                let account = deploy.spec.service_account.clone().unwrap_or_default();
                let account = *self.accounts.get(&account).unwrap_or(&Account::Missing);
                let mishap = self.mishaps.get(&(name.to_owned(), actor.starts)).copied();
                actor.starts += 1;
                actor.deployed = Some(deploy.spec.clone());
                let made = actor.parts.submit(&deploy.spec);
                let state = lifecycle(actor);
                actor
                    .simulation
                    .deploy(*deploy, account, mishap.unwrap_or_default(), after(DEPLOY));
                self.note(name, &state, made);
                return after(DEPLOY);
            }
            Effect::Cancel => {
                actor.simulation.cancel(clock);
                self.follow(name, clock);
            }
            Effect::TearDown { keep_metadata } => {
                actor.simulation.tear_down();
                actor.session_jobs = SessionJobs::new(1.0);
                let gone = actor.parts.tear_down(keep_metadata);
                let state = lifecycle(actor);
                self.note(name, &state, gone);
                return after(TEAR_DOWN);
            }
            Effect::Autoscaler if self.terminating => {}
            Effect::Autoscaler => {
                let made = actor.parts.autoscale();
                let state = lifecycle(actor);
                self.note(name, &state, made);
            }
            Effect::Stop { .. } if self.savepoints_fail => {
                actor.outcome = Some(Outcome::Stopped(Err("Savepoint Error".to_owned())));
                return after(STOP);
            }
            Effect::Stop { directory, .. } => {
                let entropy = format!("{:012x}", clock);
                actor.outcome = Some(Outcome::Stopped(actor.simulation.stop(
                    &directory,
                    &entropy,
                    after(STOP),
                )));
                self.follow(name, after(STOP));
                return after(STOP);
            }
            Effect::Trigger(Trigger::Savepoint(directory)) => {
                let taken = actor.simulation.savepoint(&directory, &format!("{clock:012x}"));
                actor.outcome = Some(Outcome::Taken(taken));
            }
            Effect::Trigger(Trigger::Checkpoint) => actor.outcome = Some(Outcome::Taken(Ok(String::new()))),
            Effect::Scale(task_managers) => actor.simulation.scale(task_managers),
            Effect::Snapshot(snapshot) => self.make_snapshot("FlinkDeployment", name, snapshot),
        }
        clock
    }

    fn remove(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.gone = true;
            actor.wake = None;
            let state = lifecycle(actor);
            let gone = actor.parts.clear();
            self.note(name, &state, gone);
        }
        self.sights.push((name.to_owned(), Sight::gone()));
        self.wake_session_jobs(name);
    }

    /// Lets the JobManager do what it does by itself.
    fn follow(&mut self, name: &str, clock: i64) {
        let Some(actor) = self.actors.get_mut(name) else { return };
        let Some(spec) = &actor.deployed else { return };
        let changes = actor.parts.follow(spec, &actor.simulation.view(clock));
        let state = lifecycle(actor);
        self.note(name, &state, changes);
    }

    fn note(&mut self, name: &str, state: &str, changes: Vec<Change>) {
        let changes = changes
            .into_iter()
            .map(|change| (name.to_owned(), state.to_owned(), change));
        self.changes.extend(changes);
    }

    fn see(&mut self, name: &str) {
        let Some(actor) = self.actors.get(name) else { return };
        let object = json!({ "metadata": { "generation": actor.generation }, "status": actor.status });
        self.sights.push((name.to_owned(), Sight::of(&object)));
        self.wake_session_jobs(name);
    }
}

/// The lifecycle state that an object shows, or nothing.
fn lifecycle(actor: &Actor) -> String {
    let status = serde_json::to_value(&actor.status).unwrap_or_default();
    let state = status.get("lifecycleState").and_then(Value::as_str);
    state.unwrap_or_default().to_owned()
}

/// Merges a change into a value, as a JSON merge patch does.
pub fn merge(target: &mut Value, change: &Value) {
    let Value::Object(changes) = change else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
