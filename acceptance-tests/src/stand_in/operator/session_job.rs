//! What an operator does about one `FlinkSessionJob`: [`step`] decides, as [`super::step`] does about a deployment.
//!
//! The job is only looked at and worked on while its cluster's JobManager is ready. Until then its status stays as it
//! is, and while there is no cluster of the name, it does not even get one.

mod cleanup;
mod observation;
mod upgrade;

use std::time::Duration;

use super::super::session_job::{
    Effect, Memory, Outcome, SessionJobSpec, SessionJobStatus, Situation, Step, Submission, Target,
};
use super::super::spec::{JobState, Reconciled, Spec, UpgradeMode};
use super::super::status::{Failure, LAST_STATE_DUMMY, ReconciliationState, VALIDATION};
use super::super::timing::{INTERVAL, PROGRESS, RETRY};
use super::super::validation::{self, Release};
use super::super::world::{Event, Restore, Snapshot};

/// Decides about one object.
pub fn step(situation: &Situation<'_>, memory: &mut Memory) -> Step {
    let mut turn = Turn::new(situation);
    let again = turn.take(memory);
    Step {
        effects: turn.effects,
        again,
    }
}

/// Where events about the job come from.
const JOB: &str = "Job";

/// How often a failed submission is tried again, unless something changes.
const MOST_RETRIES: i32 = 15;

/// One step on its way.
struct Turn<'a> {
    situation: &'a Situation<'a>,
    spec: &'a SessionJobSpec,
    /// The status as it should be.
    status: SessionJobStatus,
    /// The status as it was last written, if it ever was.
    written: Option<SessionJobStatus>,
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
            return if object.finalizer { self.clean_up() } else { None };
        }
        match self.situation.outcome {
            Some(Outcome::Submitted(Ok(()))) => {
                memory.failures = 0;
                return self.note_submitted();
            }
            Some(Outcome::Submitted(Err(failure))) => return self.note_failed_submission(failure, memory),
            Some(Outcome::Stopped(_)) | None => {}
        }
        if !object.finalizer {
            self.effects.push(Effect::AddFinalizer);
        }
        let Some(cluster) = self.situation.cluster else {
            // It takes the version from the cluster, and finds none.
            let message = "Flink version null is not supported by this operator version".to_owned();
            if memory.refused.replace((object.generation, message.clone()))
                != Some((object.generation, message.clone()))
            {
                self.event(true, "UnsupportedFlinkVersion", message, "Operator");
            }
            return None;
        };
        self.forget_failed_submission();
        // The second half of a stop with savepoint is still the same look at the cluster.
        if self.situation.outcome.is_none() {
            self.observe();
        }
        let submitted = self.status.reconciled();
        let refusal = validation::refusal_of_session_job(
            Release::V1_15,
            self.spec,
            submitted.as_ref().map(|reconciled| &reconciled.spec),
            Some(&cluster.spec),
            self.situation.artifacts,
            self.situation.host,
        );
        if let Some(message) = refusal {
            return self.refuse(message, memory);
        }
        memory.refused = None;
        if self.status.reconciled().is_some() {
            self.write();
        }
        if !cluster.ready {
            return None;
        }
        match self.status.reconciled() {
            None => self.submit_first(),
            Some(reconciled) => self.reconcile_change(reconciled, memory),
        }
        self.next_look()
    }

    /// A refused update is looked at again and again, a refused first version is not.
    fn refuse(&mut self, message: String, memory: &mut Memory) -> Option<Duration> {
        let submitted = self.status.reconciled().is_some();
        let refused = (self.situation.object.generation, message.clone());
        if !submitted && memory.refused.as_ref() == Some(&refused) {
            return None;
        }
        memory.refused = Some(refused);
        self.event(true, "ValidationError", message.clone(), "Operator");
        self.status.error = Some(Failure::new(VALIDATION, message).encode());
        self.write();
        submitted.then_some(INTERVAL)
    }

    /// When to look again: soon while something is under way.
    fn next_look(&self) -> Option<Duration> {
        match self.effects.last() {
            Some(Effect::Stop { .. } | Effect::Submit(_)) => return Some(Duration::ZERO),
            Some(
                Effect::AddFinalizer
                | Effect::RemoveFinalizer
                | Effect::Status(_)
                | Effect::Event(_)
                | Effect::Cancel(_)
                | Effect::Snapshot(_),
            )
            | None => {}
        }
        let reconciled = self.status.reconciled()?;
        if reconciled.spec.job_state() == Some(JobState::Suspended) {
            return None;
        }
        Some(match self.status.job_state() {
            "CANCELLING" => PROGRESS,
            _ => INTERVAL,
        })
    }

    /// Submits what was never submitted. A job that is created suspended is left alone, without a status.
    fn submit_first(&mut self) {
        if self.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        let job = self.spec.job.as_ref();
        let initial = job.and_then(|job| job.initial_savepoint_path.clone());
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = match initial {
                Some(_) => UpgradeMode::Savepoint,
                None => UpgradeMode::Stateless,
            };
        });
        self.status.job_status.upgrade_savepoint_path = initial;
        self.status.error = None;
        self.status.observed_generation = Some(self.situation.object.generation);
        self.status.reconciliation_status.state = ReconciliationState::Upgrading;
        let reconciled = Reconciled::new(spec, true);
        self.note(&reconciled);
        self.write();
        self.submit(&reconciled);
    }

    /// Runs a spec that was noted as suspended.
    fn submit(&mut self, reconciled: &Reconciled<SessionJobSpec>) {
        let Some(cluster) = self.situation.cluster else { return };
        self.event(false, "Submit", "Starting deployment".to_owned(), JOB);
        // A job that ended takes its id along; one that got lost gets the same again.
        let ended = self.status.is_terminal();
        let job_id = self.status.job_status.job_id.clone().filter(|_| !ended);
        let job_id = job_id.unwrap_or_else(|| self.situation.fresh_job_id.clone());
        let mode = reconciled.spec.job.as_ref().map(|job| job.upgrade_mode);
        let path = self.status.job_status.upgrade_savepoint_path.clone();
        let restore = match (mode, path.filter(|path| path != LAST_STATE_DUMMY)) {
            (Some(UpgradeMode::Savepoint | UpgradeMode::LastState), Some(path)) => Restore::From(path),
            (Some(UpgradeMode::Savepoint | UpgradeMode::LastState | UpgradeMode::Stateless) | None, _) => {
                Restore::Nothing
            }
        };
        self.status.job_status.job_id = Some(job_id.clone());
        self.status.job_status.state = Some("RECONCILING".to_owned());
        self.write();
        self.effects.push(Effect::Submit(Box::new(Submission {
            job_id,
            spec: reconciled.spec.on(&cluster.spec),
            own_settings: reconciled.spec.flink_configuration.clone(),
            restore,
        })));
    }

    /// The JobManager took the job.
    fn note_submitted(&mut self) -> Option<Duration> {
        let reconciled = self.status.reconciled()?;
        self.note_running(reconciled);
        self.write();
        Some(PROGRESS)
    }

    /// Notes that the spec which was to be submitted runs.
    fn note_running(&mut self, mut reconciled: Reconciled<SessionJobSpec>) {
        reconciled.spec = reconciled.spec.with_job(|job| job.state = JobState::Running);
        self.status.reconciliation_status.state = ReconciliationState::Deployed;
        self.note(&reconciled);
    }

    /// The job could not be submitted. Returns when to try again: later and later, and after many times not at all.
    fn note_failed_submission(&mut self, failure: &Failure, memory: &mut Memory) -> Option<Duration> {
        let said = failure.causes.last().map_or(&failure.message, |(_, message)| message);
        self.event(true, "Error", said.clone(), JOB);
        self.status.error = Some(failure.encode());
        self.write();
        memory.failures += 1;
        let growth = 1.5_f64.powi((memory.failures - 2).max(0));
        (memory.failures <= MOST_RETRIES).then(|| RETRY.mul_f64(growth))
    }

    /// Before the next try, a first version is forgotten: it starts from nothing.
    fn forget_failed_submission(&mut self) {
        let upgrading = self.status.reconciliation_status.state == ReconciliationState::Upgrading;
        let first = self
            .status
            .reconciled()
            .filter(|_| upgrading && self.situation.outcome.is_none());
        if self.status.error.is_some() && first.is_some_and(|first| first.resource_metadata.first_deployment) {
            self.status.reconciliation_status.last_reconciled_spec = None;
            self.write();
        }
    }

    /// The job with its cluster's settings.
    fn settings(&self) -> Spec {
        let nothing = Spec::default();
        self.spec
            .on(self.situation.cluster.map_or(&nothing, |cluster| &cluster.spec))
    }

    /// Writes the status, if it changed.
    fn write(&mut self) {
        self.status.lifecycle_state = Some(self.status.lifecycle());
        self.write_as_it_is();
    }

    /// Writes the status, if it changed, with a lifecycle state that does not follow from it.
    fn write_as_it_is(&mut self) {
        if self.written.as_ref() != Some(&self.status) {
            self.effects.push(Effect::Status(Box::new(self.status.clone())));
            self.written = Some(self.status.clone());
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

    /// Notes what is submitted from now on. Counts as the moment of reconciliation.
    fn note(&mut self, reconciled: &Reconciled<SessionJobSpec>) {
        self.status.reconciliation_status.last_reconciled_spec = Some(reconciled.encode());
        self.status.reconciliation_status.reconciliation_timestamp = self.situation.now;
    }

    /// Makes a `FlinkStateSnapshot`.
    fn snapshot(&mut self, trigger: &'static str, path: Option<String>, exists: bool) {
        let name = &self.situation.object.name;
        let snapshot = Snapshot::new(name, self.situation.now, trigger, path, exists);
        self.effects.push(Effect::Snapshot(snapshot));
    }
}

/// The cluster of a job, if it can be asked for it.
fn ready(cluster: Option<&Target>) -> Option<&Target> {
    cluster.filter(|cluster| cluster.ready)
}

#[cfg(test)]
mod tests;
