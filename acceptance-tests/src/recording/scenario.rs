//! The file `scenario.yaml`: what is done to a cluster, and after the recording also how it went.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is done to a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Its name, the same as the folder's.
    pub name: String,
    /// What it shows, in one sentence.
    pub description: String,
    /// Version of the operator that was recorded.
    pub operator_version: String,
    /// Version of Flink as its JobManagers told it, for example `1.20.5`. Nothing where none answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flink_version: Option<String>,
    /// Version of the API server, for example `v1.34.4`.
    pub kubernetes_version: String,
    /// The namespace in which everything happens.
    pub namespace: String,
    /// Whether the operator's admission webhook was at work.
    pub webhook: bool,
    /// Options of the operator at the start, where they matter.
    #[serde(default)]
    pub operator_config: BTreeMap<String, String>,
    /// Observations made on the way.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// What is done, in order of time.
    pub steps: Vec<Step>,
}

/// An observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Seconds since the first step.
    pub t: f64,
    /// The observation, in words.
    pub text: String,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Seconds since the first step.
    pub t: f64,
    /// How it is done.
    pub action: Action,
    /// Why it is done, where that does not show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Kind of the object.
    pub kind: String,
    /// Name of the object; of one in another namespace `namespace/name`.
    pub name: String,
    /// How the API server answered. Nothing before it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
    /// What is sent. Nothing for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Value>,
}

/// How something is done. Whatever is sent is checked strictly (`fieldValidation=Strict`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// POST.
    Create,
    /// Server-side apply.
    Apply,
    /// JSON merge patch.
    Patch,
    /// DELETE.
    Delete,
}

impl Action {
    /// Its name, as in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Apply => "apply",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// How the API server answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepResult {
    /// HTTP status.
    pub http: u16,
    /// The object's generation in the answer, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The API server's words for a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The API server's reason for a refusal, for example `Invalid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StepResult {
    /// Whether the API server did it.
    pub fn is_accepted(&self) -> bool {
        self.http < 300
    }
}

impl Scenario {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// It cannot be read or is no scenario.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| format!("{} is no scenario", path.display()))
    }

    /// The file's text.
    ///
    /// # Errors
    /// It cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String> {
        serde_saphyr::to_string(self).with_context(|| format!("write the scenario {} as YAML", self.name))
    }
}
