//! Session jobs on stage.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stand_in::operator::session_job::step;
use crate::stand_in::session_job::{
    Artifacts, Effect, Host, Memory, Outcome, SessionJobObject, SessionJobSpec, SessionJobStatus, Situation, Step,
    Target,
};
use crate::stand_in::spec::Spec;
use crate::stand_in::status::JobManagerStatus;
use crate::stand_in::timing::STOP;
use crate::stand_in::validation::{host, host_of};

use super::{REACTION_MS, Rehearsal, Sight, merge};

/// One session job.
#[derive(Debug)]
pub(super) struct Actor {
    spec: Value,
    generation: i64,
    finalizer: bool,
    deleting: bool,
    pub(super) gone: bool,
    pub(super) status: Option<SessionJobStatus>,
    memory: Memory,
    outcome: Option<Outcome>,
    /// Its cluster, as it was when the operator last looked.
    cluster: Option<Target>,
    pub(super) wake: Option<i64>,
}

impl Actor {
    pub(super) fn spec(&self) -> SessionJobSpec {
        SessionJobSpec::of(&self.spec).unwrap_or_default()
    }

    pub(super) fn deleting(&self) -> bool {
        self.deleting
    }
}

/// Under which name things are told of a session job.
fn key(name: &str) -> String {
    format!("FlinkSessionJob/{name}")
}

impl Rehearsal {
    /// Creates a session job with this spec. Returns whether it could.
    pub fn create_session_job(&mut self, name: &str, spec: Value) -> bool {
        if self.jobs.get(name).is_some_and(|actor| !actor.gone) {
            return false;
        }
        self.hold(name, &spec);
        let actor = Actor {
            spec,
            generation: 1,
            finalizer: false,
            deleting: false,
            gone: false,
            status: None,
            memory: Memory::default(),
            outcome: None,
            cluster: None,
            wake: Some(self.now),
        };
        self.jobs.insert(name.to_owned(), actor);
        self.see_session_job(name);
        true
    }

    /// Merges a change into the spec of a session job.
    pub fn patch_session_job(&mut self, name: &str, change: &Value) {
        let now = self.now;
        let Some(actor) = self.jobs.get_mut(name) else { return };
        let before = actor.spec.clone();
        merge(&mut actor.spec, change);
        if actor.spec != before {
            actor.generation += 1;
            actor.wake = Some(now + REACTION_MS);
        }
        let spec = actor.spec.clone();
        self.hold(name, &spec);
        self.see_session_job(name);
    }

    /// Deletes a session job.
    pub fn delete_session_job(&mut self, name: &str) {
        let now = self.now;
        let Some(actor) = self.jobs.get_mut(name).filter(|actor| !actor.gone) else {
            return;
        };
        actor.deleting = true;
        actor.generation += 1;
        actor.wake = Some(now + REACTION_MS);
        if actor.finalizer {
            self.see_session_job(name);
        } else {
            self.remove_session_job(name);
        }
    }

    /// Gives the operator a configuration, and starts it again.
    pub fn configure_operator(&mut self, artifacts: Artifacts) {
        self.artifacts = artifacts;
        self.operator_down(false);
    }

    /// The status of a session job.
    pub fn session_job_status(&self, name: &str) -> Option<&SessionJobStatus> {
        self.jobs.get(name)?.status.as_ref()
    }

    /// After a restart of the operator.
    pub(super) fn remember_no_session_job(&mut self) {
        for actor in self.jobs.values_mut().filter(|actor| !actor.gone) {
            actor.memory = Memory::default();
            actor.wake = Some(self.now);
        }
    }

    /// A session job holds every cluster that it names or has named.
    fn hold(&mut self, name: &str, spec: &Value) {
        if let Some(cluster) = spec.get("deploymentName").and_then(Value::as_str) {
            self.session_job(cluster, name);
        }
    }

    /// The operator looks at session jobs when their cluster changes.
    pub(super) fn wake_session_jobs(&mut self, cluster: &str) {
        let target = self.target(cluster);
        let wake = self.now + REACTION_MS;
        for actor in self.jobs.values_mut().filter(|actor| !actor.gone) {
            let names_it = actor.spec.get("deploymentName").and_then(Value::as_str) == Some(cluster);
            if names_it && actor.cluster != target {
                actor.wake = Some(actor.wake.map_or(wake, |before| before.min(wake)));
            }
        }
    }

    fn target(&self, cluster: &str) -> Option<Target> {
        let actor = self.actors.get(cluster).filter(|actor| !actor.gone)?;
        let status = actor.status.as_ref();
        Some(Target {
            spec: Spec::of(&actor.spec).unwrap_or_default(),
            ready: status.is_some_and(|status| status.job_manager_deployment_status == JobManagerStatus::Ready),
        })
    }

    pub(super) fn turn_session_job(&mut self, name: &str, start: i64) {
        let fresh_job_id = self.fresh_id();
        let Some(actor) = self.jobs.get_mut(name) else { return };
        actor.wake = None;
        let object = SessionJobObject {
            name: name.to_owned(),
            generation: actor.generation,
            finalizer: actor.finalizer,
            deleting: actor.deleting,
            spec: actor.spec(),
            status: actor.status.clone(),
        };
        let outcome = actor.outcome.take();
        let cluster = object.spec.deployment_name.clone();
        let target = self.target(&cluster);
        let id = object
            .status
            .as_ref()
            .and_then(|status| status.job_status.job_id.clone());
        let jobs = self.actors.get(&cluster).map(|actor| &actor.session_jobs);
        let seen = jobs
            .zip(id)
            .and_then(|(jobs, id)| Some((jobs.view(&id, start)?, jobs.checkpoint(&id))));
        let (job, checkpoint) = seen.map_or((None, None), |(job, checkpoint)| (Some(job), checkpoint));
        let Some(actor) = self.jobs.get_mut(name) else { return };
        actor.cluster.clone_from(&target);
        let situation = Situation {
            object: &object,
            cluster: target.as_ref(),
            job: job.as_ref(),
            checkpoint: checkpoint.as_deref(),
            outcome: outcome.as_ref(),
            artifacts: &self.artifacts,
            host: host_on_stage(&object.spec),
            now: start,
            fresh_job_id,
        };
        let Step { effects, again } = step(&situation, &mut actor.memory);
        let mut clock = start;
        for effect in effects {
            clock = self.perform_for_session_job(name, &cluster, effect, clock);
        }
        let Some(actor) = self.jobs.get_mut(name) else { return };
        let next = again.map(|again| clock + i64::try_from(again.as_millis()).unwrap_or_default());
        let changed = actor.generation > object.generation && !actor.gone;
        actor.wake = if changed { Some(clock) } else { next };
    }

    /// Does one thing; returns the time afterwards.
    fn perform_for_session_job(&mut self, name: &str, cluster: &str, effect: Effect, clock: i64) -> i64 {
        let after = |duration: Duration| clock + i64::try_from(duration.as_millis()).unwrap_or_default();
        let Some(actor) = self.jobs.get_mut(name) else {
            return clock;
        };
        let cluster = self.actors.get_mut(cluster);
        match effect {
            Effect::AddFinalizer => {
                actor.finalizer = true;
                self.see_session_job(name);
            }
            Effect::RemoveFinalizer => self.remove_session_job(name),
            Effect::Status(status) => {
                actor.status = Some(*status);
                self.see_session_job(name);
            }
            Effect::Event(_) if self.terminating => {}
            Effect::Event(event) => self.events.push((key(name), event)),
            Effect::Submit(submission) => {
                let submitted = cluster.map_or(Ok(()), |cluster| cluster.session_jobs.submit(*submission, clock));
                actor.outcome = Some(Outcome::Submitted(submitted));
            }
            Effect::Cancel(id) => {
                if let Some(cluster) = cluster {
                    cluster.session_jobs.cancel(&id, clock);
                }
            }
            Effect::Stop { job, directory, .. } => {
                let entropy = format!("{clock:012x}");
                let stopped = match cluster {
                    _ if self.savepoints_fail => Err("Savepoint Error".to_owned()),
                    Some(cluster) => cluster.session_jobs.stop(&job, &directory, &entropy, after(STOP)),
                    None => Err("The cluster is gone.".to_owned()),
                };
                actor.outcome = Some(Outcome::Stopped(stopped));
                return after(STOP);
            }
            Effect::Snapshot(snapshot) => self.make_snapshot("FlinkSessionJob", name, snapshot),
        }
        clock
    }

    fn remove_session_job(&mut self, name: &str) {
        if let Some(actor) = self.jobs.get_mut(name) {
            actor.gone = true;
            actor.wake = None;
        }
        self.session_job_gone(name);
        self.sights.push((key(name), Sight::gone()));
        // The operator looks at a cluster that is to be deleted when one of its jobs goes.
        let cluster = self.jobs.get(name).map(|actor| actor.spec().deployment_name);
        let wake = self.now + REACTION_MS;
        let cluster = cluster.and_then(|cluster| self.actors.get_mut(&cluster));
        if let Some(actor) = cluster.filter(|actor| actor.deleting && !actor.gone) {
            actor.wake = actor.wake.map(|before| before.min(wake));
        }
    }

    fn see_session_job(&mut self, name: &str) {
        let Some(actor) = self.jobs.get(name) else { return };
        let object = json!({ "metadata": { "generation": actor.generation }, "status": actor.status });
        self.sights.push((key(name), Sight::of(&object)));
    }
}

/// Addresses are what they are; names lead to the internet, those below `.invalid` to nothing.
fn host_on_stage(spec: &SessionJobSpec) -> Host {
    let uri = spec.job.as_ref().and_then(|job| job.jar_uri.as_deref());
    match uri.and_then(host_of) {
        None => Host::Unknown,
        Some(name) if name.ends_with(".invalid") => Host::Unknown,
        Some(name) => name.parse().map_or(Host::Public, |address| host(&[address])),
    }
}
