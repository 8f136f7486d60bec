//! `FlinkStateSnapshot`s on stage.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::stand_in::operator::snapshot::step;
use crate::stand_in::simulation::take;
use crate::stand_in::snapshot::{
    Effect, JobReference, Progress, Situation, SnapshotObject, SnapshotSpec, SnapshotStatus, Step, Subject,
};
use crate::stand_in::spec::Spec;
use crate::stand_in::world::Snapshot;

use super::sight::snapshot_line;
use super::{REACTION_MS, Rehearsal, merge};

/// One snapshot.
#[derive(Debug)]
pub(super) struct Actor {
    spec: Value,
    labels: BTreeMap<String, String>,
    finalizer: bool,
    deleting: bool,
    pub(super) gone: bool,
    status: Option<SnapshotStatus>,
    progress: Option<Progress>,
    pub(super) wake: Option<i64>,
}

impl Rehearsal {
    /// Creates a `FlinkStateSnapshot`.
    pub fn create_snapshot(&mut self, name: &str, spec: Value) {
        self.put_snapshot(name, spec, BTreeMap::new());
    }

    /// Makes one, as the operator does for a job.
    pub(super) fn make_snapshot(&mut self, kind: &str, job: &str, snapshot: Snapshot) {
        if self.terminating {
            return;
        }
        let reference = JobReference {
            kind: kind.to_owned(),
            name: job.to_owned(),
        };
        let labels = [("snapshot.trigger-type".to_owned(), snapshot.trigger.to_owned())];
        self.put_snapshot(&snapshot.name, snapshot.spec(&reference), labels.into());
        self.snapshots.push(snapshot);
    }

    fn put_snapshot(&mut self, name: &str, spec: Value, labels: BTreeMap<String, String>) {
        let actor = Actor {
            spec,
            labels,
            finalizer: false,
            deleting: false,
            gone: false,
            status: None,
            progress: None,
            wake: Some(self.now),
        };
        self.state_snapshots.insert(name.to_owned(), actor);
        self.see_snapshot(name);
    }

    /// Merges a change into the spec of a snapshot.
    pub fn patch_snapshot(&mut self, name: &str, change: &Value) {
        let wake = self.now + REACTION_MS;
        if let Some(actor) = self.state_snapshots.get_mut(name) {
            merge(&mut actor.spec, change);
            actor.wake = Some(wake);
        }
    }

    /// Takes the finalizer off a snapshot, as somebody does who has given up.
    pub fn release_snapshot(&mut self, name: &str) {
        let Some(actor) = self.state_snapshots.get_mut(name) else {
            return;
        };
        actor.finalizer = false;
        if actor.deleting {
            self.remove_snapshot(name);
        }
    }

    /// Deletes a snapshot.
    pub fn delete_snapshot(&mut self, name: &str) {
        let wake = self.now + REACTION_MS;
        let Some(actor) = self.state_snapshots.get_mut(name).filter(|actor| !actor.gone) else {
            return;
        };
        actor.deleting = true;
        actor.wake = Some(wake);
        if !actor.finalizer {
            self.remove_snapshot(name);
        }
    }

    /// What was seen of a snapshot, without repetitions.
    pub fn snapshot_sights(&self, name: &str) -> Vec<String> {
        let seen = self.snapshot_lines.iter().filter(|(of, _)| of == name);
        let mut lines: Vec<_> = seen.map(|(_, line)| line.clone()).collect();
        lines.dedup();
        lines
    }

    /// Savepoints that were deleted with their objects.
    pub fn disposed(&self) -> &[String] {
        &self.disposed
    }

    fn subject(&self, job: &JobReference) -> Option<Subject> {
        if job.kind == "FlinkSessionJob" {
            let actor = self.jobs.get(&job.name).filter(|actor| !actor.gone)?;
            let status = actor.status.as_ref();
            let cluster = actor.spec().deployment_name;
            let cluster = self
                .actors
                .get(&cluster)
                .map(|actor| Spec::of(&actor.spec).unwrap_or_default());
            let settings = actor.spec().on(&cluster.unwrap_or_default());
            let job = status.map(|status| &status.job_status);
            return Some(Subject::new(&settings, job, actor.deleting()));
        }
        let actor = self.actors.get(&job.name).filter(|actor| !actor.gone)?;
        let job = actor.status.as_ref().map(|status| &status.job_status);
        let spec = Spec::of(&actor.spec).unwrap_or_default();
        Some(Subject::new(&spec, job, actor.deleting))
    }

    pub(super) fn turn_snapshot(&mut self, name: &str, start: i64) {
        let fresh_trigger_id = self.fresh_id();
        let Some(actor) = self.state_snapshots.get_mut(name) else {
            return;
        };
        actor.wake = None;
        let spec = SnapshotSpec::of(&actor.spec).unwrap_or_default();
        let object = SnapshotObject {
            namespace: "rehearsal".to_owned(),
            name: name.to_owned(),
            labels: actor.labels.clone(),
            finalizer: actor.finalizer,
            deleting: actor.deleting,
            spec,
            status: actor.status.clone(),
        };
        let progress = actor.progress.clone();
        let subject = object.spec.job_reference.as_ref().and_then(|job| self.subject(job));
        let Step { effects, again } = step(&Situation {
            object: &object,
            subject: subject.as_ref(),
            progress: progress.as_ref(),
            now: start,
            speed: 1.0,
            fresh_trigger_id,
        });
        for effect in effects {
            self.perform_for_snapshot(name, effect, subject.as_ref());
        }
        let again = again.map(|again| start + i64::try_from(again.as_millis()).unwrap_or_default());
        if let Some(actor) = self.state_snapshots.get_mut(name) {
            actor.wake = again;
        }
    }

    fn perform_for_snapshot(&mut self, name: &str, effect: Effect, subject: Option<&Subject>) {
        let Some(actor) = self.state_snapshots.get_mut(name) else {
            return;
        };
        match effect {
            Effect::AddFinalizer => actor.finalizer = true,
            Effect::RemoveFinalizer => return self.remove_snapshot(name),
            Effect::Labels(labels) => actor.labels.extend(labels),
            Effect::Status(status) => actor.status = Some(*status),
            Effect::Event(_) if self.terminating => {}
            Effect::Event(event) => self.events.push((format!("FlinkStateSnapshot/{name}"), event)),
            Effect::Trigger(request) => actor.progress = subject.map(|subject| take(&request, subject)),
            Effect::Dispose(path) => self.disposed.push(path),
        }
        self.see_snapshot(name);
    }

    fn remove_snapshot(&mut self, name: &str) {
        if let Some(actor) = self.state_snapshots.get_mut(name) {
            actor.gone = true;
            actor.wake = None;
        }
        self.snapshot_lines.push((name.to_owned(), "gone".to_owned()));
    }

    fn see_snapshot(&mut self, name: &str) {
        let Some(actor) = self.state_snapshots.get(name) else {
            return;
        };
        let object = json!({ "metadata": { "labels": actor.labels }, "status": actor.status });
        self.snapshot_lines.push((name.to_owned(), snapshot_line(&object)));
    }
}
