//! The operator's decisions, without clock, network or processes: [`step`] says what an operator does
//! about one object, given the object, its cluster and the time.
//!
//! It goes the way of the real one. Each step observes the cluster, validates the spec, and
//! reconciles: it compares the spec with `lastReconciledSpec` and acts on the difference. All that
//! it knows is in the object's status, so it can stop anywhere and go on later; [`Memory`] holds only
//! what the real one also forgets.

mod cleanup;
mod deployment;
mod observation;
mod refusal;
mod savepoints;
pub mod session_job;
pub mod snapshot;
mod upgrade;

use std::time::Duration;

use super::spec::{JobState, Reconciled, Spec};
use super::status::{Condition, Failure, JobManagerStatus, Status, VALIDATION};
use super::timing::{INTERVAL, PROGRESS, REST_READY};
use super::validation::{self, Release};
use super::world::{Effect, Event, Memory, Outcome, Situation, Step};

/// Decides about one object.
pub fn step(situation: &Situation<'_>, memory: &mut Memory) -> Step {
    let mut turn = Turn::new(situation);
    let again = turn.take(memory);
    Step {
        effects: turn.effects,
        again,
    }
}

/// One step on its way.
struct Turn<'a> {
    situation: &'a Situation<'a>,
    spec: &'a Spec,
    /// The status as it should be.
    status: Status,
    /// The status as it was last written, if it ever was.
    written: Option<Status>,
    effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    fn new(situation: &'a Situation<'a>) -> Self {
        let object = situation.object;
        Self {
            situation,
            spec: &object.spec,
            status: object.status.clone().unwrap_or_default(),
            written: object.status.clone(),
            effects: Vec::new(),
        }
    }

    fn take(&mut self, memory: &mut Memory) -> Option<Duration> {
        let object = self.situation.object;
        if object.deleting {
            return if object.finalizer { self.clean_up(memory) } else { None };
        }
        if let Some(Outcome::Refused(message)) = self.situation.outcome {
            return Some(self.note_refused_submission(message));
        }
        self.forget_refused_submission();
        if !object.finalizer {
            self.effects.push(Effect::AddFinalizer);
        }
        if let Some(message) = validation::unsupported_version(self.spec) {
            if memory.refused.replace(object.generation) != Some(object.generation) {
                self.event(true, "UnsupportedFlinkVersion", message, "Operator");
            }
            return None;
        }
        let reconciled = self.status.reconciled();
        // The second half of a stop with savepoint is still the same look at the cluster.
        if reconciled.is_some() && self.situation.outcome.is_none() {
            self.observe();
        }
        let deployed = reconciled.as_ref().map(|reconciled| &reconciled.spec);
        if let Some(message) = validation::refusal(Release::V1_15, &object.name, self.spec, deployed) {
            return self.refuse(message, deployed.is_some(), memory);
        }
        memory.refused = None;
        if reconciled.is_some() {
            self.write();
            self.refresh_conditions();
            self.write();
        }
        match reconciled {
            None => self.deploy_first(),
            Some(reconciled) => {
                self.note_autoscaler(memory);
                self.reconcile_change(reconciled);
            }
        }
        self.next_look()
    }

    /// A refused update is looked at again and again, a refused first version is not.
    fn refuse(&mut self, message: String, deployed: bool, memory: &mut Memory) -> Option<Duration> {
        let generation = self.situation.object.generation;
        if !deployed && memory.refused == Some(generation) {
            return None;
        }
        memory.refused = Some(generation);
        self.status.error = Some(Failure::new(VALIDATION, message.clone()).encode());
        self.event(true, "ValidationError", message, "Operator");
        self.write();
        self.refresh_conditions();
        if deployed {
            self.write();
        }
        deployed.then_some(INTERVAL)
    }

    /// When to look again: soon while something is under way.
    fn next_look(&self) -> Option<Duration> {
        if let Some(Effect::Stop { .. }) = self.effects.last() {
            return Some(Duration::ZERO);
        }
        let reconciled = self.status.reconciled()?;
        if reconciled.spec.job_state() == Some(JobState::Suspended) {
            return None;
        }
        Some(match self.status.job_manager_deployment_status {
            JobManagerStatus::Ready if self.status.job_state() == "CANCELLING" || self.is_taking_savepoint() => {
                PROGRESS
            }
            JobManagerStatus::Ready => INTERVAL,
            JobManagerStatus::DeployedNotReady => REST_READY,
            JobManagerStatus::Deploying | JobManagerStatus::Missing | JobManagerStatus::Error => PROGRESS,
        })
    }

    /// Writes the status, if it changed.
    fn write(&mut self) {
        self.status.lifecycle_state = Some(self.status.lifecycle());
        if self.written.as_ref() != Some(&self.status) {
            self.effects.push(Effect::Status(Box::new(self.status.clone())));
            self.written = Some(self.status.clone());
        }
    }

    /// The operator's autoscaler makes its ConfigMap at the second look at an application that it does not scale, and
    /// with the first figures of one that it does.
    fn note_autoscaler(&mut self, memory: &mut Memory) {
        let waits = self.spec.is_on("job.autoscaler.enabled") && self.status.job_state() != "RUNNING";
        if self.spec.job.is_some() && !memory.autoscaler && !waits {
            memory.autoscaler = true;
            self.effects.push(Effect::Autoscaler);
        }
    }

    fn event(&mut self, warning: bool, reason: &str, message: String, component: &'static str) {
        self.effects.push(Effect::Event(Event {
            warning,
            reason: reason.to_owned(),
            message,
            component,
        }));
    }

    /// Notes what is deployed from now on. Counts as the moment of reconciliation.
    fn note(&mut self, reconciled: &Reconciled) {
        self.status.reconciliation_status.last_reconciled_spec = Some(reconciled.encode());
        self.status.reconciliation_status.reconciliation_timestamp = self.situation.now;
    }

    /// The condition that follows from the job's state, or for a session cluster the JobManager's.
    fn refresh_conditions(&mut self) {
        let Some(reconciled) = self.status.reconciled() else {
            return;
        };
        let (running, reason, message) = if reconciled.spec.job.is_some() {
            let state = self.status.job_state();
            if state.is_empty() {
                return;
            }
            (state == "RUNNING", camel_case(state), format!("Job status {state}"))
        } else {
            let (reason, message) = match self.status.job_manager_deployment_status {
                JobManagerStatus::Ready => (
                    "JobManagerReady",
                    "JobManager is running and ready to receive REST API calls",
                ),
                JobManagerStatus::DeployedNotReady => (
                    "DeployedNotReady",
                    "JobManager is running but not yet ready to receive REST API calls",
                ),
                JobManagerStatus::Deploying => ("JobManagerIsDeploying", "JobManager process is starting up"),
                JobManagerStatus::Missing => ("JobManagerDeploymentMissing", "JobManager deployment not found"),
                JobManagerStatus::Error => ("Error", "JobManager deployment failed"),
            };
            (reason == "JobManagerReady", reason.to_owned(), message.to_owned())
        };
        let status = if running { "True" } else { "False" }.to_owned();
        if let [old] = &self.status.conditions[..]
            && (&old.status, &old.reason, &old.message) == (&status, &reason, &message)
        {
            return;
        }
        self.status.conditions = vec![Condition {
            last_transition_time: rfc3339(self.situation.now),
            message,
            reason,
            status,
            kind: "Running".to_owned(),
        }];
    }
}

/// `RUNNING` as `Running`.
fn camel_case(state: &str) -> String {
    let mut letters = state.chars();
    letters
        .next()
        .map(|first| first.to_string() + &letters.as_str().to_lowercase())
        .unwrap_or_default()
}

/// Milliseconds since the epoch as Kubernetes writes times.
pub fn rfc3339(milliseconds: i64) -> String {
    k8s_openapi::jiff::Timestamp::from_millisecond(milliseconds)
        .unwrap_or_default()
        .to_string()
}

/// A time as Kubernetes writes it, in milliseconds since the epoch.
fn milliseconds(time: &str) -> Option<i64> {
    let time: k8s_openapi::jiff::Timestamp = time.parse().ok()?;
    Some(time.as_millisecond())
}

/// The message of an exception's text, without its class.
fn without_class(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, message)| message)
}

#[cfg(test)]
mod tests;
