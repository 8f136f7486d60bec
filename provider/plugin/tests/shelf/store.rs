//! The shelf: a folder of JSON files, with a file `faults` of what shall fail and a file `log` of what happened.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use terraform_schema::{Computed, Diagnostic, Diagnostics, Value};

use crate::model::{Anything, Lid, ShelfBox, Slot};

/// A folder of boxes.
pub(crate) struct Store(PathBuf);

/// A box as the shelf has it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Stored {
    pub(crate) uid: String,
    name: String,
    size: Option<i64>,
    label: String,
    colour: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    content: Option<serde_json::Value>,
    seal_length: i64,
    seal_version: Option<i64>,
    lid: Option<Lid>,
    slot: Vec<Slot>,
    revision: i64,
}

impl Store {
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    pub(crate) fn read(&self, name: &str) -> Result<Option<Stored>, Diagnostics> {
        match std::fs::read(self.file(name)) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(failed),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(crate) fn write(&self, stored: &Stored) -> Result<(), Diagnostics> {
        std::fs::write(
            self.file(&stored.name),
            serde_json::to_vec_pretty(stored).map_err(failed)?,
        )
        .map_err(failed)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), Diagnostics> {
        std::fs::remove_file(self.file(name)).map_err(failed)
    }

    /// Fails where the file `faults` has a line of that name.
    pub(crate) fn fault(&self, name: &str) -> Result<(), Diagnostics> {
        let faults = std::fs::read_to_string(self.0.join("faults")).unwrap_or_default();
        if faults.lines().any(|line| line == name) {
            return Err(Diagnostic::error("The shelf refuses")
                .detail(format!("It shall fail at {name}."))
                .into());
        }
        Ok(())
    }

    pub(crate) fn log(&self, line: &str) -> Result<(), Diagnostics> {
        let mut log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.0.join("log"))
            .map_err(failed)?;
        writeln!(log, "{line}").map_err(failed)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

fn failed(error: impl std::fmt::Display) -> Diagnostics {
    Diagnostic::error("The shelf is broken")
        .detail(error.to_string())
        .into()
}

impl Stored {
    /// The box that a model asks for; `before` is what there is.
    pub(crate) fn of(model: &ShelfBox, before: Option<&Stored>) -> Self {
        let seal = model.seal.as_ref().and_then(|seal| seal.0.as_ref());
        let now = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos()
                .to_string()
        };
        Self {
            uid: before.map_or_else(now, |before| before.uid.clone()),
            name: model.name.clone(),
            size: model.size,
            label: model
                .label
                .as_ref()
                .and_then(|label| label.0.clone())
                .unwrap_or_else(|| format!("box of {}", model.name)),
            colour: model.colour.clone(),
            tags: model.tags.clone(),
            content: model.content.as_ref().and_then(|content| content.0.to_plain_json()),
            seal_length: match seal {
                Some(seal) => i64::try_from(seal.len()).unwrap_or(i64::MAX),
                None => before.map_or(0, |before| before.seal_length),
            },
            seal_version: model.seal_version,
            lid: model.lid.clone(),
            slot: model.slot.clone(),
            revision: before.map_or(1, |before| before.revision + 1),
        }
    }

    /// What there is, as a model; `base` gives what the shelf does not keep.
    pub(crate) fn model(&self, base: &ShelfBox) -> ShelfBox {
        ShelfBox {
            name: self.name.clone(),
            size: self.size,
            label: Some(self.label.clone().into()),
            colour: self.colour.clone(),
            tags: self.tags.clone(),
            content: self
                .content
                .as_ref()
                .map(|content| Anything(Value::dynamic_from_json(content))),
            seal: base.seal.clone(),
            seal_version: self.seal_version,
            lid: self.lid.clone(),
            slot: self.slot.clone(),
            id: Computed(Some(self.name.clone())),
            seal_length: self.seal_length.into(),
            revision: self.revision.into(),
            ready: base.ready.clone(),
        }
    }
}
