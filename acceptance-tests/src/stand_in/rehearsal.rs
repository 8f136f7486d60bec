//! The operator at work in virtual time: objects, their simulated clusters, and a clock that only
//! moves when told. Tests see every status that a client watching the objects would see.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::operator::step;
use super::simulation::Simulation;
use super::spec::Spec;
use super::status::{Status, error_class};
use super::timing::{AT_ONCE, DEPLOY, REACTION, STOP, TEAR_DOWN};
use super::world::{Effect, Event, Memory, Object, Outcome, Situation, Snapshot, Step, Trigger};

const REACTION_MS: i64 = REACTION.as_millis() as i64;

/// What a watching client sees of one object at one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// `lifecycleState`, or nothing.
    pub lifecycle: String,
    /// `reconciliationStatus.state`.
    pub reconciliation: String,
    /// `jobStatus.state`.
    pub job: String,
    /// `jobManagerDeploymentStatus`.
    pub job_manager: String,
    /// Whether the status is about the newest spec.
    pub observed: bool,
    /// Java class of the error, without its package.
    pub error: String,
    /// Whether the object is gone.
    pub gone: bool,
}

impl Sight {
    /// What shows in an object as the API server serves it.
    pub fn of(object: &Value) -> Self {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        Self {
            lifecycle: text("/status/lifecycleState"),
            reconciliation: text("/status/reconciliationStatus/state"),
            job: text("/status/jobStatus/state"),
            job_manager: text("/status/jobManagerDeploymentStatus"),
            observed: generation == object.pointer("/status/observedGeneration").and_then(Value::as_i64),
            error: error_class(&text("/status/error")),
            gone: false,
        }
    }

    /// The last thing seen of an object.
    pub fn gone() -> Self {
        Self {
            lifecycle: String::new(),
            reconciliation: String::new(),
            job: String::new(),
            job_manager: String::new(),
            observed: false,
            error: String::new(),
            gone: true,
        }
    }
}

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
    /// When the operator looks next.
    wake: Option<i64>,
}

/// Everything on stage.
#[derive(Debug)]
pub struct Rehearsal {
    now: i64,
    actors: BTreeMap<String, Actor>,
    accounts: BTreeSet<String>,
    operator_down: bool,
    sights: Vec<(String, Sight)>,
    events: Vec<(String, Event)>,
    snapshots: Vec<Snapshot>,
    ids: u128,
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self {
            now: 1_700_000_000_000,
            actors: BTreeMap::new(),
            accounts: ["default", "flink"].map(str::to_owned).into(),
            operator_down: false,
            sights: Vec::new(),
            events: Vec::new(),
            snapshots: Vec::new(),
            ids: 0,
        }
    }
}

impl Rehearsal {
    /// Creates an object with this spec.
    pub fn create(&mut self, name: &str, spec: Value) {
        let actor = Actor {
            spec,
            generation: 1,
            finalizer: false,
            deleting: false,
            gone: false,
            status: None,
            memory: Memory::default(),
            simulation: Simulation::new("rehearsal", name, 1.0),
            outcome: None,
            wake: Some(self.now),
        };
        self.actors.insert(name.to_owned(), actor);
        self.see(name);
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
        }
    }

    /// Lets so many seconds pass.
    pub fn pass(&mut self, seconds: f64) {
        self.pass_until(self.now + (seconds * 1000.0) as i64);
    }

    /// Lets time pass until a moment in milliseconds.
    fn pass_until(&mut self, end: i64) {
        while !self.operator_down {
            let due = self.actors.iter().filter(|(_, actor)| !actor.gone);
            let due = due.filter_map(|(name, actor)| Some((actor.wake?, name.clone()))).min();
            let Some((wake, name)) = due.filter(|(wake, _)| *wake <= end) else {
                break;
            };
            self.now = self.now.max(wake);
            self.turn(&name, wake);
        }
        self.now = end;
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

    /// What was seen of an object, without repetitions.
    pub fn sights(&self, name: &str) -> Vec<Sight> {
        let mut sights: Vec<_> = self
            .sights
            .iter()
            .filter(|(of, _)| of == name)
            .map(|(_, sight)| sight.clone())
            .collect();
        sights.dedup();
        sights
    }

    /// Reasons and messages of the events about an object, in order.
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
        self.ids += 1;
        let fresh_job_id = format!(
            "{:032x}",
            self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        );
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
        let outcome = actor.outcome.take();
        let situation = Situation {
            object: &object,
            cluster: &cluster,
            outcome: outcome.as_ref(),
            session_jobs: &[],
            snapshot_objects: true,
            now: start,
            speed: 1.0,
            fresh_job_id,
        };
        let Step { effects, again } = step(&situation, &mut actor.memory);
        let deployed = effects.iter().any(|effect| matches!(effect, Effect::Deploy(_)));
        let mut clock = start;
        for effect in effects {
            clock = self.perform(name, effect, clock);
        }
        let Some(actor) = self.actors.get_mut(name) else { return };
        let again = if deployed { Some(AT_ONCE) } else { again };
        let next = again.map(|again| clock + i64::try_from(again.as_millis()).unwrap_or_default());
        // A change that came in between wakes the operator at once.
        actor.wake = if actor.generation > object.generation {
            Some(clock)
        } else {
            next
        };
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
            Effect::Event(event) => self.events.push((name.to_owned(), event)),
            Effect::Deploy(deploy) => {
                let account = deploy.spec.service_account.clone().unwrap_or_default();
                actor
                    .simulation
                    .deploy(*deploy, self.accounts.contains(&account), after(DEPLOY));
                return after(DEPLOY);
            }
            Effect::Cancel => actor.simulation.cancel(clock),
            Effect::TearDown => {
                actor.simulation.tear_down();
                return after(TEAR_DOWN);
            }
            Effect::Stop { directory, .. } => {
                let entropy = format!("{:012x}", clock);
                actor.outcome = Some(Outcome::Stopped(actor.simulation.stop(
                    &directory,
                    &entropy,
                    after(STOP),
                )));
                return after(STOP);
            }
            Effect::Trigger(Trigger::Savepoint(directory)) => {
                let taken = actor.simulation.savepoint(&directory, &format!("{clock:012x}"));
                actor.outcome = Some(Outcome::Taken(taken));
            }
            Effect::Trigger(Trigger::Checkpoint) => actor.outcome = Some(Outcome::Taken(Ok(String::new()))),
            Effect::Scale(task_managers) => actor.simulation.scale(task_managers),
            Effect::Snapshot(snapshot) => self.snapshots.push(snapshot),
        }
        clock
    }

    fn remove(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.gone = true;
            actor.wake = None;
        }
        self.sights.push((name.to_owned(), Sight::gone()));
    }

    fn see(&mut self, name: &str) {
        let Some(actor) = self.actors.get(name) else { return };
        let object = json!({ "metadata": { "generation": actor.generation }, "status": actor.status });
        self.sights.push((name.to_owned(), Sight::of(&object)));
    }
}

/// JSON merge patch.
fn merge(target: &mut Value, change: &Value) {
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
