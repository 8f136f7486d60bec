//! What two recordings of one scenario have in common: the sequence of what a client sees of an object.
//!
//! Compared are lifecycle state, reconciliation state, job state, JobManager state, whether the
//! generation was observed, and the class of the error; and the reasons and messages of the events.
//! All in order, without repetitions. Left out is what differs between two runs of the real operator:
//! - durations;
//! - the mount errors of healthy starts (`FailedMount`), which count as `DEPLOYING` without an error;
//! - the moments in which a job that starts is `INITIALIZING` or `CREATED`;
//! - how often a crashing pod goes back and forth between two restarts;
//! - how often a deletion that hangs is tried again.

use std::collections::BTreeSet;

use serde_json::Value;

use super::reduction::OPERATOR_KINDS;
use super::{Change, ChangeType, Recording, Step};
use crate::stand_in::rehearsal::{Sight, snapshot_line};

const SNAPSHOT: &str = "FlinkStateSnapshot";

/// What a client sees of one object, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Its states, one a line.
    pub states: Vec<String>,
    /// The events about it, one a line.
    pub events: Vec<String>,
}

impl Story {
    /// The story of an object that was seen so, with these events (reason and message).
    pub fn new(sights: &[Sight], events: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            states: states(sights),
            events: told(events),
        }
    }

    /// The story of an object whose states are told in lines.
    pub fn of_lines(states: Vec<String>, events: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut states = states;
        states.dedup();
        Self {
            states,
            events: told(events),
        }
    }

    /// What was recorded of the operator's object with this name until a moment, in seconds. No two objects of one
    /// recording have the same name.
    pub fn recorded(recording: &Recording, name: &str, until: f64) -> Self {
        let changes = || recording.changes.iter().filter(|change| change.t <= until);
        let is_meant = |kind: &Value, found: &Value| OPERATOR_KINDS.iter().any(|known| kind == known) && found == name;
        let ours: Vec<_> = changes()
            .filter(|change| is_meant(&change.object["kind"], &change.object["metadata"]["name"]))
            .collect();
        let events = changes().map(|change| &change.object).filter(|object| {
            let target = &object["involvedObject"];
            object["kind"] == "Event" && is_meant(&target["kind"], &target["name"])
        });
        let events = events.map(|event| (text(&event["reason"]), text(&event["message"])));
        if ours.iter().any(|change| change.object["kind"] == SNAPSHOT) {
            let lines = ours.iter().map(|change| match change.change {
                ChangeType::Deleted => "gone".to_owned(),
                ChangeType::Added | ChangeType::Modified => snapshot_line(&change.object),
            });
            // Refusals name the namespace.
            let namespace = format!("{}/", recording.scenario.namespace);
            let events = events.map(|(reason, message)| (reason, message.replace(&namespace, "")));
            return Self::of_lines(lines.collect(), events);
        }
        let sights: Vec<_> = ours.into_iter().map(sight).collect();
        Self::new(&sights, events)
    }

    /// The names of all objects of the operator's kinds in a recording, less the snapshots that the operator makes: those
    /// have the time in their names.
    pub fn names(recording: &Recording) -> BTreeSet<String> {
        let objects = recording.changes.iter().map(|change| &change.object);
        let told = objects.filter(|object| {
            let made_by_us = |step: &Step| object["metadata"]["name"] == step.name.as_str();
            OPERATOR_KINDS.iter().any(|kind| object["kind"] == *kind)
                && (object["kind"] != SNAPSHOT || recording.scenario.steps.iter().any(made_by_us))
        });
        told.map(|object| text(&object["metadata"]["name"])).collect()
    }

    /// Whether nothing was seen at all.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The two stories side by side, this one at the left, with a mark at each line that differs; nothing where none
    /// does.
    pub fn differences(&self, other: &Self) -> Option<String> {
        let mut text = String::new();
        for (title, ours, theirs) in [
            ("states", &self.states, &other.states),
            ("events", &self.events, &other.events),
        ] {
            if ours != theirs {
                text.push_str(&format!("{title}\n{}", side_by_side(ours, theirs)));
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn sight(change: &Change) -> Sight {
    if change.change == ChangeType::Deleted {
        return Sight::gone();
    }
    let mut sight = Sight::of(&change.object);
    let error = change.object["status"]["error"].as_str().unwrap_or_default();
    // A mount error of a healthy start.
    if error.contains("FailedMount") {
        sight.error = String::new();
        if sight.job_manager == "ERROR" {
            sight.job_manager = "DEPLOYING".to_owned();
        }
    }
    sight
}

/// The sights without what two runs of the real operator differ in.
fn states(sights: &[Sight]) -> Vec<String> {
    let crashing =
        |sight: &&Sight| sight.error == "DeploymentFailedException" && sight.job_manager.starts_with("DEPLOY");
    let starting = |sight: &&Sight| matches!(sight.job.as_str(), "INITIALIZING" | "CREATED");
    let mut lines: Vec<_> = sights
        .iter()
        .filter(|sight| !crashing(sight) && !starting(sight))
        .map(line)
        .collect();
    lines.dedup();
    lines
}

/// One sight in words; `-` stands for what is empty.
pub fn line(sight: &Sight) -> String {
    if sight.gone {
        return "gone".to_owned();
    }
    let observed = if sight.observed { "observed" } else { "behind" };
    let words = [
        &sight.lifecycle,
        &sight.reconciliation,
        &sight.job,
        &sight.job_manager,
        observed,
        &sight.error,
    ];
    words.map(|word| if word.is_empty() { "-" } else { word }).join(" ")
}

/// Events without what two runs of the real operator differ in. The words of exceptions and of
/// Kubernetes are not compared, those of the operator are.
fn told(events: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (reason, message) in events {
        let line = match reason.as_str() {
            // The operator's own two writes of one status sometimes collide.
            "Error" if message.starts_with("Status have been modified externally") => continue,
            "FailedMount" | "CrashLoopBackOff" | "ErrImagePull" | "ImagePullBackOff" => continue,
            "JobStatusChanged" => match message.rsplit(' ').next() {
                Some("CREATED" | "INITIALIZING") => continue,
                state => format!("JobStatusChanged to {}", state.unwrap_or_default()),
            },
            "Error" | "JobException" | "FailedCreate" => reason,
            "SavepointError" | "CheckpointError" if message.starts_with('{') => reason,
            _ => format!("{reason}: {message}"),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
        // A deletion that hangs is tried again and again.
        if let [.., a, b, c, d] = &lines[..]
            && (a, b) == (c, d)
            && c.starts_with("Cleanup: ")
        {
            lines.truncate(lines.len() - 2);
        }
    }
    lines
}

/// Lines beside each other, with a mark at each that differs.
pub fn side_by_side(ours: &[String], theirs: &[String]) -> String {
    let mut text = String::new();
    for index in 0..ours.len().max(theirs.len()) {
        let [ours, theirs] = [ours, theirs].map(|lines| lines.get(index).map_or("", String::as_str));
        let mark = if ours == theirs { ' ' } else { '!' };
        text.push_str(&format!("{mark} {ours:<75} {theirs}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(lifecycle: &str, job: &str, job_manager: &str, error: &str) -> Sight {
        let error = if error.is_empty() {
            Value::Null
        } else {
            json!({ "type": error, "message": error }).to_string().into()
        };
        let object = json!({
            "kind": "FlinkDeployment",
            "metadata": { "name": "app", "generation": 1 },
            "status": {
                "lifecycleState": lifecycle, "observedGeneration": 1, "error": error,
                "jobManagerDeploymentStatus": job_manager, "jobStatus": { "state": job },
            },
        });
        sight(&Change {
            t: 0.0,
            change: ChangeType::Modified,
            object,
        })
    }

    #[test]
    fn what_differs_between_two_runs_is_no_part_of_the_story() {
        let stable = deployment("STABLE", "RUNNING", "READY", "");
        let cases = [
            (
                vec![stable.clone(), stable.clone()],
                vec!["STABLE - RUNNING READY observed -"],
            ),
            (
                vec![deployment("DEPLOYED", "CREATED", "READY", ""), stable.clone()],
                vec!["STABLE - RUNNING READY observed -"],
            ),
            (
                vec![deployment("DEPLOYED", "RECONCILING", "ERROR", "FailedMount")],
                vec!["DEPLOYED - RECONCILING DEPLOYING observed -"],
            ),
            (
                vec![
                    deployment("DEPLOYED", "RECONCILING", "ERROR", "a.b.DeploymentFailedException"),
                    deployment("DEPLOYED", "RECONCILING", "DEPLOYING", "a.b.DeploymentFailedException"),
                    deployment("DEPLOYED", "RECONCILING", "ERROR", "a.b.DeploymentFailedException"),
                    Sight::gone(),
                ],
                vec![
                    "DEPLOYED - RECONCILING ERROR observed DeploymentFailedException",
                    "gone",
                ],
            ),
        ];
        for (sights, expected) in cases {
            assert_eq!(states(&sights), expected);
        }
    }

    #[test]
    fn events_are_told_in_the_words_of_the_operator_only() {
        let events = [
            ("Submit", "Starting deployment"),
            ("FailedMount", "configmap not found"),
            ("JobStatusChanged", "Job status changed from CREATED to RUNNING"),
            ("JobStatusChanged", "Job status changed from RECONCILING to CREATED"),
            ("Error", "Status have been modified externally in version 1"),
            ("Error", "java.lang.RuntimeException: at Main.java:1"),
            ("Error", "java.lang.RuntimeException: at Main.java:2"),
        ];
        let events = events.map(|(reason, message)| (reason.to_owned(), message.to_owned()));
        assert_eq!(
            told(events),
            ["Submit: Starting deployment", "JobStatusChanged to RUNNING", "Error"]
        );
    }

    #[test]
    fn differences_are_shown_side_by_side() {
        let [one, other] = [["a", "b"], ["a", "c"]].map(|states| Story {
            states: states.map(str::to_owned).into(),
            events: vec!["same".to_owned()],
        });
        assert_eq!(one.differences(&one), None);
        let shown = one.differences(&other).unwrap();
        assert!(
            shown.starts_with("states\n  a ") && shown.contains("\n! b ") && !shown.contains("same"),
            "{shown}"
        );
    }
}
