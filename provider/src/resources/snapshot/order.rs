//! What is asked for, and the names that follow from it.
//!
//! Names and ids are made of what is asked for and of nothing else. So an apply whose answer was lost finds its own object,
//! or its own operation, when it is repeated, and takes no second snapshot.

use std::fmt::Write as _;

use flink_client::operator::Manifest;
use flink_client::operator::state_snapshot::{CheckpointSpec, FlinkStateSnapshotSpec, SavepointFormat, SavepointSpec};
use flink_client::rest::savepoints::{SavepointRequest, TriggerId};
use flink_client::rest::snapshots;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use terraform_schema::{Diagnostic, Diagnostics, View};

use super::SnapshotModel;
use super::model::SavepointArguments;

/// The object that is sent for a model.
pub fn manifest<M: SnapshotModel>(model: &M) -> Result<Manifest, Diagnostics> {
    let snapshot = model.snapshot();
    let savepoint = model.savepoint().map(|savepoint| {
        let SavepointArguments {
            path,
            format_type,
            dispose_on_destroy,
            already_exists,
        } = savepoint;
        SavepointSpec {
            path: path.clone(),
            format_type: *format_type,
            // The operator deletes the files where nothing is said.
            dispose_on_delete: Some(*dispose_on_destroy == Some(true)),
            already_exists: *already_exists,
        }
    });
    let spec = FlinkStateSnapshotSpec {
        job_reference: snapshot.job(),
        checkpoint: savepoint.is_none().then_some(CheckpointSpec {}),
        savepoint,
        backoff_limit: Some(snapshot.backoff_limit()),
    };
    Manifest::new(snapshot.name(), &spec).map_err(|error| {
        Diagnostic::bug(format!(
            "The specification of `{}` cannot be written: {error}.",
            snapshot.object()
        ))
        .into()
    })
}

/// What the JobManager is asked for.
pub fn request<M: SnapshotModel>(model: &M) -> snapshots::Snapshot {
    match model.savepoint() {
        Some(savepoint) => snapshots::Snapshot::Savepoint(SavepointRequest {
            target_directory: savepoint.path.clone(),
            format: savepoint.format_type.unwrap_or_default(),
        }),
        None => snapshots::Snapshot::Checkpoint,
    }
}

/// The id by which the JobManager is asked. `failed` is the id of the attempt before this one, which failed; empty for the
/// first one.
pub fn trigger<M: SnapshotModel>(model: &M, job: &str, failed: &str) -> TriggerId {
    let snapshot = model.snapshot();
    let mut digest = Digestion::new(M::WHAT);
    digest.add(job);
    digest.add(&snapshot.object());
    for (key, value) in snapshot.triggers.iter().flatten() {
        digest.add(key);
        digest.add(value);
    }
    if let Some(savepoint) = model.savepoint() {
        digest.add(savepoint.path.as_deref().unwrap_or_default());
        digest.add(format_name(savepoint.format_type.unwrap_or_default()));
    }
    digest.add(failed);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finish()[..16]);
    TriggerId::new(bytes)
}

fn format_name(format: SavepointFormat) -> &'static str {
    match format {
        SavepointFormat::Canonical => "CANONICAL",
        SavepointFormat::Native => "NATIVE",
    }
}

/// The name of an object for which none is set, from what is planned; `None` where that is not known yet.
pub fn name(planned: &View<'_>, what: &str) -> Option<String> {
    let mut digest = Digestion::new(what);
    // What is not set counts as what it means: two spellings are one request.
    let arguments = [
        ("triggers", Json::Null),
        ("path", Json::Null),
        ("format_type", "CANONICAL".into()),
        ("already_exists", false.into()),
    ];
    for (argument, assumed) in arguments {
        let value = planned.at(argument).value().to_plain_json()?;
        digest.add(&if value.is_null() { assumed } else { value }.to_string());
    }
    let job = ["deployment_name", "session_job_name"].map(|argument| planned.at(argument));
    if job.iter().any(View::is_unknown) {
        return None;
    }
    let job = job.iter().find_map(View::text);
    let mut name = String::new();
    if let Some(job) = job {
        // A label of the object repeats the job's name; the object's own may be longer.
        name.push_str(&job.chars().take(40).collect::<String>());
        name.push('-');
        digest.add(job);
    }
    name.push_str(what);
    name.push('-');
    for byte in &digest.finish()[..5] {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Some(name)
}

/// Texts, one after another, told apart.
struct Digestion(Sha256);

impl Digestion {
    fn new(what: &str) -> Self {
        let mut digest = Self(Sha256::new());
        digest.add(what);
        digest
    }

    fn add(&mut self, text: &str) {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
