//! What an operator does about one `FlinkStateSnapshot`: [`step`] decides, as [`super::step`] does about a deployment.
//!
//! A snapshot that is not valid, or whose job has no object, gets no status. Deleted without one, it hangs for ever
//! (FLINK-39356).

use std::time::Duration;

use super::super::snapshot::{
    Effect, Progress, Request, Savepoint, Situation, SnapshotObject, SnapshotState, SnapshotStatus, Step, Subject,
};
use super::super::status::{Failure, RECONCILIATION};
use super::super::timing::{INTERVAL, SNAPSHOT_RETRY};
use super::super::validation::refusal_of_snapshot;
use super::super::world::Event;
use super::{milliseconds, rfc3339};

/// Decides about one object.
pub fn step(situation: &Situation<'_>) -> Step {
    let mut turn = Turn {
        situation,
        status: situation.object.status.clone(),
        effects: Vec::new(),
    };
    let again = turn.take();
    Step {
        effects: turn.effects,
        again,
    }
}

/// What the JobManager is asked for. Fails where nobody says where a savepoint goes.
pub fn request(object: &SnapshotObject, subject: &Subject, trigger_id: String) -> Result<Request, String> {
    let savepoint = match &object.spec.savepoint {
        None => None,
        Some(Savepoint { path, format_type, .. }) => {
            let directory = path.clone().or_else(|| subject.savepoint_directory.clone());
            let directory = directory
                .ok_or("Config key [state.savepoints.dir] is not set. Property [targetDirectory] must be provided.")?;
            Some((directory, format_type.clone()))
        }
    };
    Ok(Request {
        trigger_id,
        job_id: subject.job_id.clone().unwrap_or_default(),
        savepoint,
    })
}

/// Where events about the snapshot come from.
const SNAPSHOT: &str = "Snapshot";

/// One step on its way.
struct Turn<'a> {
    situation: &'a Situation<'a>,
    status: Option<SnapshotStatus>,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    fn take(&mut self) -> Option<Duration> {
        let object = self.situation.object;
        if object.deleting {
            return if object.finalizer { self.clean_up() } else { None };
        }
        if !object.finalizer {
            self.effects.push(Effect::AddFinalizer);
        }
        let state = self.status.as_ref().map(|status| status.state);
        match state.unwrap_or_default() {
            SnapshotState::Completed | SnapshotState::Failed | SnapshotState::Abandoned => None,
            SnapshotState::InProgress => self.follow(),
            SnapshotState::TriggerPending => self.begin(),
        }
    }

    /// What is not taken yet.
    fn begin(&mut self) -> Option<Duration> {
        let object = self.situation.object;
        let state = self.status.as_ref().map(|status| status.state).unwrap_or_default();
        let found = self.situation.subject.is_some();
        if let Some(message) = refusal_of_snapshot(&object.namespace, &object.spec, state, found) {
            self.event(true, "ValidationError", message, "Operator");
            self.label(SnapshotState::TriggerPending);
            return Some(INTERVAL);
        }
        let rest = self.rest_before_retry();
        if !rest.is_zero() {
            return Some(rest);
        }
        let existing = object
            .spec
            .savepoint
            .as_ref()
            .filter(|savepoint| savepoint.already_exists);
        if let Some(savepoint) = existing {
            let now = rfc3339(self.situation.now);
            self.label(SnapshotState::Completed);
            self.write(SnapshotStatus {
                state: SnapshotState::Completed,
                path: savepoint.path.clone(),
                result_timestamp: Some(now.clone()),
                trigger_timestamp: Some(now),
                ..SnapshotStatus::default()
            });
            return None;
        }
        let subject = self.situation.subject.filter(|subject| subject.state == "RUNNING");
        let Some(subject) = subject.filter(|subject| subject.job_id.is_some()) else {
            return self.abandon();
        };
        match request(object, subject, self.situation.fresh_trigger_id.clone()) {
            Err(message) => self.fail(&message),
            Ok(request) => {
                let status = SnapshotStatus {
                    state: SnapshotState::InProgress,
                    trigger_id: Some(request.trigger_id.clone()),
                    trigger_timestamp: Some(rfc3339(self.situation.now)),
                    ..self.status.clone().unwrap_or_default()
                };
                self.effects.push(Effect::Trigger(request));
                self.label(SnapshotState::InProgress);
                self.write(status);
                Some(INTERVAL)
            }
        }
    }

    /// What is being taken.
    fn follow(&mut self) -> Option<Duration> {
        if self.situation.subject.is_none_or(|subject| subject.state != "RUNNING") {
            return self.abandon();
        }
        match self.situation.progress {
            None | Some(Progress::Working) => Some(INTERVAL),
            Some(Progress::Failed(message)) => self.fail(message),
            Some(Progress::Taken(path)) => {
                self.label(SnapshotState::Completed);
                let status = SnapshotStatus {
                    state: SnapshotState::Completed,
                    path: Some(path.clone()),
                    result_timestamp: Some(rfc3339(self.situation.now)),
                    ..self.status.clone().unwrap_or_default()
                };
                self.write(status);
                None
            }
        }
    }

    /// The job does not run: nothing is taken, now or later.
    fn abandon(&mut self) -> Option<Duration> {
        let object = self.situation.object;
        let job = object.spec.job_reference.clone().unwrap_or_default();
        let what = if object.spec.savepoint.is_some() {
            "savepoint"
        } else {
            "checkpoint"
        };
        let message = format!(
            "Secondary resource {} ({}) for {what} {} is not running",
            job.name, job.kind, object.name
        );
        self.event(true, "SnapshotAbandoned", message.clone(), SNAPSHOT);
        self.label(SnapshotState::Abandoned);
        let status = SnapshotStatus {
            state: SnapshotState::Abandoned,
            error: Some(message),
            result_timestamp: Some(rfc3339(self.situation.now)),
            ..self.status.clone().unwrap_or_default()
        };
        self.write(status);
        None
    }

    /// A failure. The labels do not tell of it.
    fn fail(&mut self, message: &str) -> Option<Duration> {
        let error = Failure::new(RECONCILIATION, message).encode();
        let savepoint = self.situation.object.spec.savepoint.is_some();
        let reason = if savepoint { "SavepointError" } else { "CheckpointError" };
        self.event(true, reason, error.clone(), SNAPSHOT);
        let before = self.status.clone().unwrap_or_default();
        let failures = before.failures + 1;
        let over = failures > self.situation.object.spec.backoff_limit;
        let state = if over {
            SnapshotState::Failed
        } else {
            SnapshotState::TriggerPending
        };
        self.write(SnapshotStatus {
            state,
            error: Some(error),
            failures,
            result_timestamp: Some(rfc3339(self.situation.now)),
            ..before
        });
        (!over).then(|| self.rest_before_retry())
    }

    /// How long until the next try: ten seconds after the first failure, twice as long after each one more.
    fn rest_before_retry(&self) -> Duration {
        let Some(status) = self.status.as_ref().filter(|status| status.failures > 0) else {
            return Duration::ZERO;
        };
        let doublings = u32::try_from(status.failures - 1).unwrap_or_default();
        let rest = SNAPSHOT_RETRY.saturating_mul(2_u32.saturating_pow(doublings));
        let failed = status.result_timestamp.as_deref().and_then(milliseconds);
        let since = self.situation.now - failed.unwrap_or_default();
        let since = Duration::from_millis(u64::try_from(since).unwrap_or_default());
        let left = rest.saturating_sub(since.mul_f64(self.situation.speed));
        // A moment that is too short to be slept counts as over.
        if left > Duration::from_millis(1) {
            left
        } else {
            Duration::ZERO
        }
    }

    /// Lets the object go, with its savepoint where that is wanted and can be done.
    fn clean_up(&mut self) -> Option<Duration> {
        // Without a status, the operator trips over its own feet, at every look.
        let status = self.status.clone()?;
        let savepoint = self.situation.object.spec.savepoint.as_ref();
        let disposes = savepoint.is_some_and(|savepoint| savepoint.dispose_on_delete)
            && self.situation.object.spec.job_reference.is_some();
        match (status.state, &status.path) {
            (SnapshotState::InProgress, _) if disposes => {
                let again = self.follow();
                // By then it is not in progress any more.
                return again.or(Some(Duration::ZERO));
            }
            (SnapshotState::Completed, Some(path)) if disposes => match self.situation.subject {
                Some(subject) if subject.state == "RUNNING" => self.effects.push(Effect::Dispose(path.clone())),
                subject => {
                    let why = if subject.is_some() {
                        "is not running"
                    } else {
                        "cannot be found"
                    };
                    let message = format!("Cannot dispose of snapshot because referenced Flink job {why}!");
                    self.event(true, "CleanupFailed", message, SNAPSHOT);
                    return Some(INTERVAL);
                }
            },
            _ => {}
        }
        self.effects.push(Effect::RemoveFinalizer);
        None
    }

    /// Labels tell the state a moment before the status does. They name the job where its object is there to be found.
    fn label(&mut self, state: SnapshotState) {
        let object = self.situation.object;
        let kind = if object.spec.savepoint.is_some() {
            "SAVEPOINT"
        } else {
            "CHECKPOINT"
        };
        let mut labels = vec![("snapshot.state", state.word()), ("snapshot.type", kind)];
        if !object.labels.contains_key("snapshot.trigger-type") {
            labels.push(("snapshot.trigger-type", "MANUAL"));
        }
        let there = self.situation.subject.is_some_and(|subject| !subject.deleting);
        if let Some(job) = object.spec.job_reference.as_ref().filter(|_| there) {
            labels.push(("job-reference.kind", &job.kind));
            labels.push(("job-reference.name", &job.name));
        }
        let new = labels.into_iter().filter(|(name, value)| {
            let known = object.labels.get(*name);
            known.is_none_or(|known| known != value)
        });
        let labels: std::collections::BTreeMap<_, _> =
            new.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if !labels.is_empty() {
            self.effects.push(Effect::Labels(labels));
        }
    }

    fn write(&mut self, status: SnapshotStatus) {
        self.effects.push(Effect::Status(Box::new(status.clone())));
        self.status = Some(status);
    }

    fn event(&mut self, warning: bool, reason: &str, message: String, component: &'static str) {
        self.effects.push(Effect::Event(Event {
            warning,
            reason: reason.to_owned(),
            message,
            component,
        }));
    }
}

#[cfg(test)]
mod tests;
