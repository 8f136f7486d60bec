//! What the provider's wait says while a recording goes by: the very functions of `flink-client`, fed with what was recorded.
//!
//! Each change of a specification begins a wait, as an apply does. It is judged at every change of the object, of the
//! session cluster it runs on and of their pods, and whenever time alone decides: when a grace is over, or something has
//! rested long enough. An apply's wait ends with the first "ready" or "failed"; here the verdict is followed until the next
//! change of the specification, or the end of the object.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use flink_client::operator::FlinkDeployment;
use flink_client::operator::pods::Pod;
use flink_client::operator::progress::Baseline;
use flink_client::wait::{Patience, Verdict};
use serde_json::Value;
use tokio::time::Instant;

use crate::recording::{Change, ChangeType, Recording};
use object::Object;

mod object;

/// What a wait says at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Not there yet. The reason may name a second at which that becomes "failed".
    Waiting,
    /// The object does what was asked.
    Ready,
    /// Waiting cannot mend it, or not within its grace.
    Failed,
    /// It is being deleted: nobody waits for it to become ready.
    Deleting,
    /// It is gone.
    Gone,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Gone => "gone",
        })
    }
}

/// A verdict that is another than the one before it, on one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Number of the scenario's step that the wait belongs to, from 1 on; `None` where none touched the object.
    pub step: Option<usize>,
    /// When, in seconds of the recording.
    pub second: f64,
    /// Kind and name of the object.
    pub object: String,
    /// The verdict.
    pub verdict: Word,
    /// Why.
    pub reason: String,
}

/// What one change of a specification came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Waited {
    /// Kind of the object.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The generation that was waited for.
    pub generation: i64,
    /// How the wait ended.
    pub outcome: Outcome,
    /// From when on nobody could call the object anything but ready; `None` where that never was so.
    pub healthy: Option<f64>,
    /// Whether the change asks for a suspended job.
    pub suspends: bool,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Ready at this second.
    Ready(f64),
    /// Failed at this second, for this reason.
    Failed(f64, String),
    /// Neither before the next change; what was said last.
    Open(String),
}

/// Everything that the waits of a recording have said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// The verdicts over time.
    pub lines: Vec<Line>,
    /// What each change came to.
    pub waits: Vec<Waited>,
}

/// Plays a recording to the waits of all its objects.
///
/// # Errors
/// An object of the recording cannot be read.
pub fn replay(recording: &Recording) -> Result<Verdicts> {
    let mut stage = Stage {
        recording,
        start: Instant::now(),
        clusters: BTreeMap::new(),
        pods: BTreeMap::new(),
        waits: Vec::new(),
        lines: Vec::new(),
    };
    for change in &recording.changes {
        stage.pass_until(change.t);
        stage.show(change).with_context(|| format!("at second {}", change.t))?;
    }
    stage.pass_until(recording.end());
    Ok(Verdicts {
        lines: stage.lines,
        waits: stage.waits.into_iter().map(|wait| wait.waited).collect(),
    })
}

/// What is there at a moment of a recording.
struct Stage<'a> {
    recording: &'a Recording,
    start: Instant,
    clusters: BTreeMap<String, FlinkDeployment>,
    /// By the deployment they are of and their name.
    pods: BTreeMap<(String, String), Pod>,
    waits: Vec<Wait>,
    lines: Vec<Line>,
}

/// A wait that goes on, or is over.
struct Wait {
    waited: Waited,
    step: Option<usize>,
    object: Object,
    baseline: Baseline,
    patience: Patience,
    /// When time alone may decide.
    wake: Option<Instant>,
    last: Option<(Word, String)>,
    /// Whether no other change has followed.
    goes_on: bool,
}

impl Stage<'_> {
    fn at(&self, second: f64) -> Instant {
        self.start + Duration::from_secs_f64(second)
    }

    /// Whatever time alone decides up to a second.
    fn pass_until(&mut self, second: f64) {
        let until = self.at(second);
        loop {
            let due = self.waits.iter().enumerate().filter(|(_, wait)| wait.goes_on);
            let due = due.filter_map(|(index, wait)| Some((wait.wake.filter(|wake| *wake <= until)?, index)));
            let Some((wake, index)) = due.min() else { return };
            let second = (wake - self.start).as_secs_f64();
            self.judge(index, second, false);
        }
    }

    /// Takes in one change that was recorded.
    fn show(&mut self, change: &Change) -> Result<()> {
        let object = &change.object;
        let gone = change.change == ChangeType::Deleted;
        match object["kind"].as_str() {
            Some("Pod") => {
                self.show_pod(object, gone);
                let of = text(object, "/metadata/labels/app").to_owned();
                self.judge_all(change.t, |wait| wait.object.deployment_name() == Some(of.as_str()));
            }
            Some("FlinkDeployment") => {
                let deployment: FlinkDeployment = serde_json::from_value(object.clone())?;
                let name = text(object, "/metadata/name").to_owned();
                if gone {
                    self.clusters.remove(&name);
                } else {
                    self.clusters.insert(name.clone(), deployment.clone());
                }
                self.show_object(change, Object::Deployment(Box::new(deployment)));
                // Those who wait for its jobs see it, too.
                self.judge_all(
                    change.t,
                    |wait| matches!(&wait.object, Object::SessionJob(job) if job.spec.deployment_name == name),
                );
            }
            Some("FlinkSessionJob") => {
                let job = serde_json::from_value(object.clone())?;
                self.show_object(change, Object::SessionJob(Box::new(job)));
            }
            Some("FlinkStateSnapshot") => {
                let snapshot = serde_json::from_value(object.clone())?;
                self.show_object(change, Object::Snapshot(Box::new(snapshot)));
            }
            _ => {}
        }
        Ok(())
    }

    fn show_pod(&mut self, pod: &Value, gone: bool) {
        let key = (
            text(pod, "/metadata/labels/app").to_owned(),
            text(pod, "/metadata/name").to_owned(),
        );
        if gone {
            self.pods.remove(&key);
        } else {
            self.pods.insert(key, Pod::of(pod.clone()));
        }
    }

    fn show_object(&mut self, change: &Change, object: Object) {
        let json = &change.object;
        let (name, uid) = (text(json, "/metadata/name"), text(json, "/metadata/uid"));
        let generation = json["metadata"]["generation"].as_i64().unwrap_or_default();
        let same = |wait: &Wait| wait.object.kind() == object.kind() && wait.waited.uid == uid;
        let ends = match change.change {
            ChangeType::Deleted => Some(Word::Gone),
            _ if json["metadata"]["deletionTimestamp"].is_string() => Some(Word::Deleting),
            ChangeType::Added | ChangeType::Modified => None,
        };
        let current = self
            .waits
            .iter()
            .position(|wait| same(wait) && (ends.is_some() || wait.waited.generation == generation));
        if let Some(word) = ends {
            let step = self.step(json, object.kind(), name, change.t);
            let object = format!("{} {name}", object.kind());
            for wait in self.waits.iter_mut().filter(|wait| wait.waited.uid == uid) {
                wait.goes_on = false;
            }
            let said = self.lines.iter().rev().find(|line| line.object == object);
            if current.is_some() && said.is_none_or(|line| line.verdict != word) {
                self.lines.push(Line {
                    step,
                    second: change.t,
                    object,
                    verdict: word,
                    reason: String::new(),
                });
            }
            return;
        }
        // The next change ends the wait for the one before it.
        for wait in &mut self.waits {
            if wait.waited.uid == uid && wait.waited.generation < generation {
                wait.goes_on = false;
            }
        }
        let index = current.unwrap_or_else(|| {
            self.waits.push(Wait {
                step: self.step(json, object.kind(), name, change.t),
                baseline: object.baseline(),
                patience: Patience::default(),
                wake: None,
                last: None,
                goes_on: true,
                waited: Waited {
                    kind: object.kind(),
                    name: name.to_owned(),
                    uid: uid.to_owned(),
                    generation,
                    outcome: Outcome::Open(String::new()),
                    healthy: None,
                    suspends: object.wants_suspended(),
                },
                object: object.clone(),
            });
            self.waits.len() - 1
        });
        self.waits[index].object = object;
        self.judge(index, change.t, true);
    }

    /// The number of the step that made this version of an object: the last one done to it.
    fn step(&self, object: &Value, kind: &str, name: &str, second: f64) -> Option<usize> {
        let namespaced = format!("{}/{name}", text(object, "/metadata/namespace"));
        let steps = self.recording.scenario.steps.iter().enumerate();
        let done = steps.filter(|(_, step)| {
            // A watch may be faster than the answer.
            step.t <= second + 0.5
                && step.kind == kind
                && (step.name == name || step.name == namespaced)
                && step
                    .result
                    .as_ref()
                    .is_none_or(crate::recording::StepResult::is_accepted)
        });
        let generation = object["metadata"]["generation"].as_i64();
        let of_generation = |step: &crate::recording::Step| {
            let found = step.result.as_ref().and_then(|result| result.generation);
            found.is_none() || found == generation
        };
        let done: Vec<_> = done.collect();
        let last = done.iter().rev().find(|(_, step)| of_generation(step)).or(done.last());
        last.map(|(index, _)| index + 1)
    }

    /// Judges the waits whose object is the same, but not what surrounds it.
    fn judge_all(&mut self, second: f64, about: impl Fn(&Wait) -> bool) {
        for index in 0..self.waits.len() {
            if self.waits[index].goes_on && about(&self.waits[index]) {
                self.judge(index, second, false);
            }
        }
    }

    /// Judges the object of a wait as it is now.
    fn judge(&mut self, index: usize, second: f64, changed: bool) {
        let now = self.at(second);
        let second = (second * 100.0).round() / 100.0;
        let wait = &mut self.waits[index];
        let pods = wait.object.deployment_name().map(|name| {
            let of = self.pods.iter().filter(move |((deployment, _), _)| deployment == name);
            of.map(|(_, pod)| pod.clone()).collect::<Vec<Pod>>()
        });
        let cluster = match &wait.object {
            Object::SessionJob(job) => self.clusters.get(&job.spec.deployment_name),
            Object::Deployment(_) | Object::Snapshot(_) => None,
        };
        if wait.object.is_healthy(cluster) {
            wait.waited.healthy.get_or_insert(second);
        }
        let progress = wait.object.progress(&wait.baseline, cluster, &pods.unwrap_or_default());
        let (word, reason) = match wait.patience.consider(progress, changed, now) {
            Verdict::Ready => {
                wait.wake = None;
                (Word::Ready, String::new())
            }
            Verdict::Failed(why) => {
                wait.wake = None;
                (Word::Failed, why)
            }
            Verdict::Wait { why, wake } => {
                wait.wake = wake;
                (Word::Waiting, why)
            }
        };
        if let Outcome::Open(last) = &mut wait.waited.outcome {
            match word {
                Word::Ready => wait.waited.outcome = Outcome::Ready(second),
                Word::Failed => wait.waited.outcome = Outcome::Failed(second, reason.clone()),
                Word::Waiting | Word::Deleting | Word::Gone => last.clone_from(&reason),
            }
        }
        let reason = match wait.wake {
            Some(wake) if word == Word::Waiting => {
                format!(
                    "{reason} (decided at second {:.2} if it stays so)",
                    (wake - self.start).as_secs_f64()
                )
            }
            _ => reason,
        };
        if wait.last.as_ref() != Some(&(word, reason.clone())) {
            wait.last = Some((word, reason.clone()));
            self.lines.push(Line {
                step: wait.step,
                second,
                object: format!("{} {}", wait.waited.kind, wait.waited.name),
                verdict: word,
                reason,
            });
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
