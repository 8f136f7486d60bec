//! What was seen, in order of arrival.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::replacements::Replacements;
use crate::recording::reduction::{OPERATOR_KINDS, is_complete, reduced};
use crate::recording::{Answer, Change, ChangeType, Note, seconds, story};
use crate::sandbox::say;
use crate::stand_in::rehearsal::Sight;

/// What was seen so far. Shared by the watches, which write, and the steps, which also read.
pub struct Journal {
    begun: Instant,
    replacements: Replacements,
    seen: Mutex<Seen>,
}

struct Seen {
    changes: Vec<Change>,
    answers: Vec<Answer>,
    notes: Vec<Note>,
    /// The newest reduction of each object that exists, by uid.
    living: BTreeMap<String, Value>,
    /// What was last said of an object, by uid.
    said: BTreeMap<String, String>,
    last: Instant,
}

impl Journal {
    /// Begins now: this is second 0.
    pub fn begin(replacements: Replacements) -> Self {
        let begun = Instant::now();
        let seen = Seen {
            changes: Vec::new(),
            answers: Vec::new(),
            notes: Vec::new(),
            living: BTreeMap::new(),
            said: BTreeMap::new(),
            last: begun,
        };
        Self {
            begun,
            replacements,
            seen: Mutex::new(seen),
        }
    }

    /// When it began.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Seconds since the beginning.
    pub fn now(&self) -> f64 {
        seconds(self.begun.elapsed())
    }

    /// Tells whoever waits what is going on.
    pub fn say(&self, text: impl std::fmt::Display) {
        say(format!("{:8.2} s  {text}", self.now()));
    }

    /// Writes down a change that a watch told of, if it is one that is recorded.
    pub fn hear(&self, change: ChangeType, object: &Value) {
        let Some(object) = reduced(object) else { return };
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let t = self.now();
        self.with(|seen| {
            if change == ChangeType::Modified && !is_complete(&object) && seen.living.get(&uid) == Some(&object) {
                return;
            }
            seen.last = Instant::now();
            if let Some(line) = in_words(change, &object).filter(|line| seen.said.get(&uid) != Some(line)) {
                self.say(format!("  {line}"));
                seen.said.insert(uid.clone(), line);
            }
            if change == ChangeType::Deleted {
                seen.living.remove(&uid);
            } else {
                seen.living.insert(uid, object.clone());
            }
            let object = self.replacements.to_recorded(object);
            seen.changes.push(Change { t, change, object });
        });
    }

    /// Writes an answer of a JobManager down.
    pub fn answer(&self, mut answer: Answer) {
        answer.body = self.replacements.to_recorded(answer.body);
        self.with(|seen| seen.answers.push(answer));
    }

    /// Writes an observation down, and says it.
    pub fn note(&self, text: String) {
        self.say(&text);
        let text = self.replacements.to_recorded(Value::String(text));
        let note = Note {
            t: self.now(),
            text: text.as_str().unwrap_or_default().to_owned(),
        };
        self.with(|seen| seen.notes.push(note));
    }

    /// The objects of the operator's kinds that exist.
    pub fn living(&self) -> Vec<Value> {
        self.with(|seen| {
            let ours = seen.living.values();
            ours.filter(|object| OPERATOR_KINDS.iter().any(|kind| object["kind"] == *kind))
                .cloned()
                .collect()
        })
    }

    /// How long nothing has changed.
    pub fn quiet(&self) -> Duration {
        self.with(|seen| seen.last.elapsed())
    }

    /// Everything that was written down.
    pub fn end(&self) -> (Vec<Change>, Vec<Answer>, Vec<Note>) {
        self.with(|seen| {
            (
                std::mem::take(&mut seen.changes),
                std::mem::take(&mut seen.answers),
                std::mem::take(&mut seen.notes),
            )
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        // Nobody panics while holding it; what is in it would still be true.
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut seen)
    }
}

/// What is said of a change while one waits; nothing of pods and the like.
fn in_words(change: ChangeType, object: &Value) -> Option<String> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    if kind == "Event" {
        let target = object["involvedObject"]["name"].as_str().unwrap_or_default();
        let reason = object["reason"].as_str().unwrap_or_default();
        return Some(format!("{target}: event {reason}"));
    }
    if !OPERATOR_KINDS.contains(&kind) {
        return None;
    }
    if change == ChangeType::Deleted {
        return Some(format!("{name}: gone"));
    }
    Some(match object["status"]["state"].as_str() {
        Some(state) => format!("{name}: {state}"),
        None => format!("{name}: {}", story::line(&Sight::of(object))),
    })
}

/// The state of an object in the form that notes have: `G=1 OG=1 L=STABLE R=DEPLOYED J=RUNNING JM=READY S=None E=None`.
pub fn facts(object: &Value) -> String {
    let fact = |path: &str| match object.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "None".to_owned(),
        Some(value) => value.to_string(),
    };
    [
        ("G", "/metadata/generation"),
        ("OG", "/status/observedGeneration"),
        ("L", "/status/lifecycleState"),
        ("R", "/status/reconciliationStatus/state"),
        ("J", "/status/jobStatus/state"),
        ("JM", "/status/jobManagerDeploymentStatus"),
        ("S", "/status/state"),
        ("E", "/status/error"),
    ]
    .map(|(name, path)| format!("{name}={}", fact(path)))
    .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(phase: &str) -> Value {
        json!({ "kind": "Pod", "metadata": { "name": "app-1", "uid": "1" }, "status": { "phase": phase, "podIP": phase } })
    }

    #[test]
    fn a_reduced_object_is_written_down_when_it_differs() {
        let journal = Journal::begin("node.example.com=node.example".parse().into_iter().collect());
        let event = json!({
            "kind": "Event", "metadata": { "name": "e", "uid": "2" }, "type": "Warning", "reason": "FailedScheduling",
            "message": "node.example.com is full", "involvedObject": { "kind": "Pod", "name": "app-1" },
        });
        let heard = [
            (ChangeType::Added, pod("Pending")),
            (ChangeType::Modified, pod("Pending")),
            (ChangeType::Modified, pod("Running")),
            (ChangeType::Modified, event.clone()),
            (ChangeType::Modified, event),
            (
                ChangeType::Modified,
                json!({ "kind": "Secret", "metadata": { "uid": "3" }, "data": { "a": "YQ==" } }),
            ),
            (ChangeType::Deleted, pod("Running")),
        ];
        for (change, object) in &heard {
            journal.hear(*change, object);
        }
        let (changes, _, _) = journal.end();
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.change, change.object["kind"].as_str().unwrap()))
            .collect();
        use ChangeType::{Added, Deleted, Modified};
        assert_eq!(
            told,
            [
                (Added, "Pod"),
                (Modified, "Pod"),
                (Modified, "Event"),
                (Modified, "Event"),
                (Deleted, "Pod")
            ]
        );
        assert_eq!(changes[2].object["message"], "node.example is full");
    }

    #[test]
    fn the_facts_of_an_object_fit_on_a_line() {
        let object = json!({ "metadata": { "generation": 2 }, "status": { "observedGeneration": 1, "lifecycleState": "STABLE" } });
        assert_eq!(facts(&object), "G=2 OG=1 L=STABLE R=None J=None JM=None S=None E=None");
    }
}
