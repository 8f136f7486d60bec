//! Savepoints and checkpoints: those of upgrades, and those that a nonce asks for.

use serde_json::{Value, json};

use crate::stand_in::spec::{Job, Reconciled};
use crate::stand_in::world::{Effect, Outcome, Snapshot, Trigger};

use super::Turn;

/// Fields of a manual savepoint or checkpoint in the status while it is being taken.
const IN_PROGRESS: &[&str] = &["formatType", "triggerId", "triggerTimestamp", "triggerType"];

impl Turn<'_> {
    /// Takes what changed nonces ask for, while the job runs. Says whether there was anything to do.
    pub(super) fn take_manual(&mut self, reconciled: &mut Reconciled) -> bool {
        let (Some(wanted), Some(done)) = (&self.spec.job, reconciled.spec.job.as_mut()) else {
            return false;
        };
        if self.status.job_state() != "RUNNING" {
            return false;
        }
        let nonce: fn(&mut Job) -> &mut Option<i64>;
        let trigger;
        if wanted.savepoint_trigger_nonce.is_some() && wanted.savepoint_trigger_nonce != done.savepoint_trigger_nonce {
            nonce = |job| &mut job.savepoint_trigger_nonce;
            trigger = Trigger::Savepoint(self.spec.savepoint_directory().unwrap_or_default().to_owned());
        } else if wanted.checkpoint_trigger_nonce.is_some()
            && wanted.checkpoint_trigger_nonce != done.checkpoint_trigger_nonce
        {
            nonce = |job| &mut job.checkpoint_trigger_nonce;
            trigger = Trigger::Checkpoint;
        } else {
            return false;
        }
        let value = *nonce(&mut wanted.clone());
        if self.makes_snapshot_objects() {
            let directory = match trigger {
                Trigger::Savepoint(directory) => Some(directory),
                Trigger::Checkpoint => None,
            };
            self.snapshot("MANUAL", directory, false);
        } else {
            match self.situation.outcome {
                Some(Outcome::Taken(Ok(location))) => self.finish_legacy(&trigger, location, value),
                Some(Outcome::Taken(Err(message))) => {
                    let reason = if trigger == Trigger::Checkpoint {
                        "CheckpointError"
                    } else {
                        "SavepointError"
                    };
                    self.event(true, reason, message.clone(), "Operator");
                    self.leave_progress(&trigger);
                }
                Some(Outcome::Stopped(_) | Outcome::Refused(_)) | None => {
                    self.begin_legacy(trigger);
                    return true;
                }
            }
        }
        *nonce(done) = value;
        self.note(reconciled);
        self.write();
        true
    }

    /// Whether a manual savepoint is being taken, as far as the status tells.
    pub(super) fn is_taking_savepoint(&self) -> bool {
        self.status.job_status.savepoint_info.get("triggerId").is_some()
    }

    /// Whether savepoints become objects of their own.
    pub(super) fn makes_snapshot_objects(&self) -> bool {
        let off = self.spec.setting("kubernetes.operator.snapshot.resource.enabled");
        self.situation.snapshot_objects && !off.is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    /// Makes a `FlinkStateSnapshot`.
    pub(super) fn snapshot(&mut self, trigger: &'static str, path: Option<String>, exists: bool) {
        let name = &self.situation.object.name;
        let snapshot = Snapshot::new(name, self.situation.now, trigger, path, exists);
        self.effects.push(Effect::Snapshot(snapshot));
    }

    /// An upgrade's savepoint is kept on record: as an object, or in the status.
    pub(super) fn record_upgrade_savepoint(&mut self, path: &str) {
        if self.makes_snapshot_objects() {
            return self.snapshot("UPGRADE", Some(path.to_owned()), true);
        }
        let savepoint = json!({
            "formatType": "CANONICAL", "location": path, "timeStamp": self.situation.now, "triggerType": "UPGRADE",
        });
        self.status.job_status.remember_savepoint(savepoint);
    }

    /// Where snapshots are no objects: first the status says that one is being taken.
    fn begin_legacy(&mut self, trigger: Trigger) {
        let (id, now) = (self.situation.fresh_job_id.clone(), self.situation.now);
        let format = if trigger == Trigger::Checkpoint {
            "FULL"
        } else {
            "CANONICAL"
        };
        let info = self.info(&trigger);
        info["formatType"] = json!(format);
        info["triggerId"] = json!(id);
        info["triggerTimestamp"] = json!(now);
        info["triggerType"] = json!("MANUAL");
        self.write();
        self.effects.push(Effect::Trigger(trigger));
    }

    /// Then it is on record.
    fn finish_legacy(&mut self, trigger: &Trigger, location: &str, nonce: Option<i64>) {
        let time = self.info(trigger).get("triggerTimestamp").cloned().unwrap_or_default();
        self.leave_progress(trigger);
        match trigger {
            Trigger::Savepoint(_) => self.status.job_status.remember_savepoint(json!({
                "formatType": "CANONICAL", "location": location, "timeStamp": time, "triggerNonce": nonce,
                "triggerType": "MANUAL",
            })),
            Trigger::Checkpoint => {
                self.status.job_status.checkpoint_info["lastCheckpoint"] = json!({
                    "formatType": "FULL", "timeStamp": time, "triggerNonce": nonce, "triggerType": "MANUAL",
                });
            }
        }
    }

    fn leave_progress(&mut self, trigger: &Trigger) {
        if let Some(fields) = self.info(trigger).as_object_mut() {
            fields.retain(|name, _| !IN_PROGRESS.contains(&name.as_str()));
        }
    }

    fn info(&mut self, trigger: &Trigger) -> &mut Value {
        match trigger {
            Trigger::Savepoint(_) => &mut self.status.job_status.savepoint_info,
            Trigger::Checkpoint => &mut self.status.job_status.checkpoint_info,
        }
    }
}
