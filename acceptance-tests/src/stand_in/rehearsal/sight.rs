//! What a client sees.

use serde_json::Value;

use crate::stand_in::status::error_class;

/// What a watching client sees of one object at one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// `lifecycleState`, or nothing.
    pub lifecycle: String,
    /// `reconciliationStatus.state`.
    pub reconciliation: String,
    /// `jobStatus.state`.
    pub job: String,
    /// `jobManagerDeploymentStatus`.
    pub job_manager: String,
    /// Whether the status is about the newest spec.
    pub observed: bool,
    /// Java class of the error, without its package.
    pub error: String,
    /// Whether the object is gone.
    pub gone: bool,
}

impl Sight {
    /// What shows in an object as the API server serves it.
    pub fn of(object: &Value) -> Self {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        Self {
            lifecycle: text("/status/lifecycleState"),
            reconciliation: text("/status/reconciliationStatus/state"),
            job: text("/status/jobStatus/state"),
            job_manager: text("/status/jobManagerDeploymentStatus"),
            observed: generation == object.pointer("/status/observedGeneration").and_then(Value::as_i64),
            error: error_class(&text("/status/error")),
            gone: false,
        }
    }

    /// The last thing seen of an object.
    pub fn gone() -> Self {
        Self {
            lifecycle: String::new(),
            reconciliation: String::new(),
            job: String::new(),
            job_manager: String::new(),
            observed: false,
            error: String::new(),
            gone: true,
        }
    }
}

/// What a watching client sees of a `FlinkStateSnapshot` at one moment, in words: the label and the field with its state,
/// the failures, where it lies, the error (the class of a JSON one, the text of a plain one), and whether its labels
/// name the job. `-` stands for what is not there.
pub fn snapshot_line(object: &Value) -> String {
    let text = |path: &str| {
        object
            .pointer(path)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let labels = object.pointer("/metadata/labels");
    let label = |name: &str| labels.and_then(|labels| labels.get(name)).and_then(Value::as_str);
    let error = text("/status/error").map(|error| match error_class(error) {
        class if class.is_empty() => error.to_owned(),
        class => class,
    });
    // The last part of a savepoint's name is random, and the number of a checkpoint is.
    let path = text("/status/path").map(|path| match path.rsplit_once('/') {
        Some((directory, name)) if name.starts_with("savepoint-") => format!("{directory}/savepoint"),
        Some((directory, name)) if name.starts_with("chk-") => {
            let (directory, _) = directory.rsplit_once('/').unwrap_or_default();
            format!("{directory}/checkpoint")
        }
        _ => path.to_owned(),
    });
    let failures = object.pointer("/status/failures").and_then(Value::as_i64);
    let words = [
        label("snapshot.state").map(str::to_owned),
        label("snapshot.type").map(str::to_owned),
        label("snapshot.trigger-type").map(str::to_owned),
        label("job-reference.kind").map(str::to_owned),
        label("job-reference.name").map(str::to_owned),
        text("/status/state").map(str::to_owned),
        failures.map(|failures| failures.to_string()),
        path,
        error,
    ];
    let words: Vec<_> = words
        .into_iter()
        .map(|word| word.unwrap_or_else(|| "-".to_owned()))
        .collect();
    words.join(" ")
}
