//! Recordings of the operator: what was done to a cluster, and everything that a client could see of it.
//!
//! A recording is a folder with three files:
//! - `scenario.yaml` ([`Scenario`]): the steps, when they were done and how the API server answered, the versions,
//!   and observations;
//! - `events.jsonl` ([`Change`]): what the watches told, in order of arrival, one change a line. Of the operator's own
//!   objects and of events everything is kept, of other objects the essentials, of Secrets nothing ([`reduction`]);
//! - `rest.jsonl` ([`Answer`]): what JobManagers answered, one answer a line. It is missing where none was asked.
//!
//! `sandbox record` makes them ([`crate::recorder`]); [`story`] says what two of them have in common.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod lines;
pub mod reduction;
mod scenario;
pub mod story;

pub use lines::{Answer, Change, ChangeType};
pub use scenario::{Action, Note, Scenario, Step, StepResult};

const EVENTS: &str = "events.jsonl";
const REST: &str = "rest.jsonl";
/// Name of the file with the steps.
pub const SCENARIO: &str = "scenario.yaml";

/// One recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What was done.
    pub scenario: Scenario,
    /// What the watches told.
    pub changes: Vec<Change>,
    /// What JobManagers answered.
    pub answers: Vec<Answer>,
}

impl Recording {
    /// Reads the recording in `folder`.
    ///
    /// # Errors
    /// A file is missing or not what it should be.
    pub fn read(folder: &Path) -> Result<Self> {
        Ok(Self {
            scenario: Scenario::read(&folder.join(SCENARIO))?,
            changes: lines(&folder.join(EVENTS))?
                .with_context(|| format!("there is no {EVENTS} in {}", folder.display()))?,
            answers: lines(&folder.join(REST))?.unwrap_or_default(),
        })
    }

    /// Writes the recording into `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        write(&folder.join(SCENARIO), &self.scenario.to_yaml()?)?;
        write(&folder.join(EVENTS), &text(&self.changes)?)?;
        if self.answers.is_empty() {
            return Ok(());
        }
        write(&folder.join(REST), &text(&self.answers)?)
    }

    /// When the last change arrived, in seconds.
    pub fn end(&self) -> f64 {
        self.changes.iter().map(|change| change.t).fold(0.0, f64::max)
    }
}

/// One value a line. Nothing where there is no file.
fn lines<T: DeserializeOwned>(path: &Path) -> Result<Option<Vec<T>>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("read {}", path.display()))?,
    };
    let parse = |(number, line)| {
        serde_json::from_str(line).with_context(|| format!("read line {} of {}", number + 1, path.display()))
    };
    text.lines().enumerate().map(parse).collect::<Result<_>>().map(Some)
}

fn text<T: Serialize>(values: &[T]) -> Result<String> {
    let mut text = String::new();
    for value in values {
        text.push_str(&serde_json::to_string(value).context("write a line as JSON")?);
        text.push('\n');
    }
    Ok(text)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

/// Seconds as they are written: with two digits after the point.
pub fn seconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
