//! The contract with the operator: every field we can send is in every definition it ships, with a type
//! that takes our value.
//!
//! The definitions are in a folder beside the checkout, one folder per operator version; the tests are
//! skipped where it is not there. `FLINK_CRDS` names another place.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::resource::{Manifest, Resource};
use super::status::{JobManagerStatus, JobStatus, LifecycleState, ReconciliationState};
use super::{
    DeploymentMode, FlinkDeployment, FlinkDeploymentSpec, FlinkSessionJob, FlinkSessionJobSpec, FlinkStateSnapshot,
    JobState, SnapshotState, UpgradeMode,
};

/// A kind of custom resource, and a specification of it with every field set.
struct Kind {
    plural: &'static str,
    everything: fn() -> Value,
    since: fn(&str) -> Option<&'static str>,
}

const KINDS: [Kind; 3] = [
    Kind {
        plural: FlinkDeployment::PLURAL,
        everything: deployment,
        since: FlinkDeployment::since,
    },
    Kind {
        plural: FlinkSessionJob::PLURAL,
        everything: session_job,
        since: FlinkSessionJob::since,
    },
    Kind {
        plural: FlinkStateSnapshot::PLURAL,
        everything: snapshot,
        since: FlinkStateSnapshot::since,
    },
];

fn deployment() -> Value {
    json!({
        "image": "flink:1.20",
        "imagePullPolicy": "IfNotPresent",
        "serviceAccount": "flink",
        "flinkVersion": "v1_20",
        "mode": "native",
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"},
        "logConfiguration": {"log4j-console.properties": "rootLogger.level = INFO"},
        "restartNonce": 1,
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container"}]}},
        "ingress": {
            "template": "{{name}}.example.com", "className": "nginx", "annotations": {"a": "b"}, "labels": {"a": "b"},
            "tls": [{"hosts": ["example.com"], "secretName": "tls"}],
        },
        "job": job(),
        "jobManager": process(1),
        "taskManager": process(2),
    })
}

fn session_job() -> Value {
    json!({
        "deploymentName": "session",
        "flinkConfiguration": {"pipeline.name": "orders"},
        "restartNonce": 1,
        "job": job(),
    })
}

/// No object may be both a savepoint and a checkpoint; the definition has fields for both.
pub(super) fn snapshot() -> Value {
    json!({
        "jobReference": {"kind": "FlinkSessionJob", "name": "orders"},
        "savepoint": {
            "path": "s3://a", "formatType": "NATIVE", "disposeOnDelete": false, "alreadyExists": true,
        },
        "checkpoint": {},
        "backoffLimit": 2,
    })
}

fn job() -> Value {
    json!({
        "jarURI": "https://example.com/a.jar", "entryClass": "a.B", "args": ["x"], "parallelism": 2, "state": "running",
        "upgradeMode": "savepoint", "initialSavepointPath": "s3://a", "allowNonRestoredState": true,
        "savepointTriggerNonce": 1, "checkpointTriggerNonce": 1, "savepointRedeployNonce": 1,
        "autoscalerResetNonce": 1,
    })
}

fn process(replicas: i64) -> Value {
    json!({
        "replicas": replicas,
        "resource": {"cpu": 0.5, "memory": "1g", "ephemeralStorage": "2G"},
        "resources": {
            "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"},
            "claims": [{"name": "gpu", "request": "one"}],
        },
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container"}]}},
    })
}

/// The schemas of specification and status by kind and operator version. Read once: the files are long.
static DEFINITIONS: LazyLock<Vec<(&'static Kind, String, Value)>> = LazyLock::new(definitions);

fn definitions() -> Vec<(&'static Kind, String, Value)> {
    let folder = std::env::var_os("FLINK_CRDS")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/crds"));
    let Ok(versions) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no definitions in {}", folder.display());
        return Vec::new();
    };
    let mut found = Vec::new();
    for version in versions {
        let version = version.unwrap().path();
        for kind in &KINDS {
            let file = version.join(format!("{}.flink.apache.org-v1.yml", kind.plural));
            let Ok(text) = std::fs::read_to_string(file) else {
                continue;
            };
            let definition: Value = serde_saphyr::from_str(&text).unwrap();
            let schema = definition
                .pointer("/spec/versions/0/schema/openAPIV3Schema/properties")
                .unwrap()
                .clone();
            found.push((
                kind,
                version.file_name().unwrap().to_string_lossy().into_owned(),
                schema,
            ));
        }
    }
    for kind in &KINDS {
        assert!(
            found.iter().any(|(of, _, _)| of.plural == kind.plural),
            "{}",
            kind.plural
        );
    }
    found
}

/// Fields of `value` that a schema does not have, or that do not fit their type.
fn misfits(path: &str, value: &Value, schema: &Value, found: &mut Vec<String>) {
    let open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let either = schema["x-kubernetes-int-or-string"] == true;
    let kind = schema["type"].as_str().unwrap_or_default();
    let fits = match value {
        Value::Object(_) => kind == "object" || open,
        Value::Array(_) => kind == "array",
        Value::String(_) => kind == "string" || either,
        Value::Bool(_) => kind == "boolean",
        Value::Number(number) => kind == "number" || (!number.is_f64() && (kind == "integer" || either)),
        Value::Null => false,
    };
    if !fits {
        found.push(format!("{path} is no {kind}"));
        return;
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{path} cannot be {value}"));
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                match (schema["properties"].get(name), schema.get("additionalProperties")) {
                    (Some(schema), _) => misfits(&path, member, schema, found),
                    (None, Some(schema)) if schema.is_object() => misfits(&path, member, schema, found),
                    (None, _) if open => {}
                    (None, _) => found.push(path),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| misfits(&format!("{path}[]"), item, &schema["items"], found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether an operator version, as a folder is named, is at least `major.minor`.
fn at_least(version: &str, least: &str) -> bool {
    let number = |text: &str| -> Vec<u32> {
        text.split(['.', '-'])
            .take(2)
            .filter_map(|part| part.parse().ok())
            .collect()
    };
    number(version) >= number(least)
}

#[test]
fn everything_is_written_and_read_back() {
    let spec: FlinkDeploymentSpec = serde_json::from_value(deployment()).unwrap();
    assert_eq!(Manifest::new("orders", &spec).unwrap().spec, deployment());
    let spec: FlinkSessionJobSpec = serde_json::from_value(session_job()).unwrap();
    assert_eq!(Manifest::new("orders", &spec).unwrap().spec, session_job());
}

#[test]
fn nothing_is_written_for_nothing() {
    let manifest = Manifest::new("orders", &FlinkDeploymentSpec::default()).unwrap();
    assert_eq!(manifest.spec, json!({}));
    let manifest = Manifest::new("orders", &FlinkSessionJobSpec::default()).unwrap();
    assert_eq!(manifest.spec, json!({"job": {}}));
}

#[test]
fn every_field_is_in_every_definition() {
    for (kind, version, schema) in DEFINITIONS.iter() {
        let mut found = Vec::new();
        misfits("spec", &(kind.everything)(), &schema["spec"], &mut found);
        found.retain(|field| (kind.since)(field).is_none_or(|since| at_least(version, since)));
        assert_eq!(found, Vec::<String>::new(), "{} of operator {version}", kind.plural);
    }
}

#[test]
fn every_field_of_the_newest_definition_can_be_sent() {
    for (kind, version, schema) in DEFINITIONS.iter() {
        let mut missing = Vec::new();
        unknown("spec", &schema["spec"], &(kind.everything)(), &mut missing);
        assert_eq!(missing, Vec::<String>::new(), "{} of operator {version}", kind.plural);
    }
}

/// Fields of a schema that are not in `value`. Pod templates are looked at as a whole.
fn unknown(path: &str, schema: &Value, value: &Value, missing: &mut Vec<String>) {
    if path.ends_with("podTemplate") {
        return;
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match value.get(name) {
            None => missing.push(path),
            Some(Value::Array(items)) => unknown(&path, &schema["items"], &items[0], missing),
            Some(value) => unknown(&path, schema, value, missing),
        }
    }
}

/// The schemas of kinds that have a job.
fn with_a_job() -> impl Iterator<Item = &'static (&'static Kind, String, Value)> {
    DEFINITIONS
        .iter()
        .filter(|(kind, _, _)| kind.plural != FlinkStateSnapshot::PLURAL)
}

#[test]
fn the_words_and_fields_of_a_snapshot_s_status_are_known() {
    let status = json!({"state": "FAILED", "triggerId": "a", "triggerTimestamp": "a", "resultTimestamp": "a", "path": "a",
                        "error": "a", "failures": 1});
    let read: FlinkStateSnapshot = serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap();
    assert_eq!(json!(read.status), status);
    let snapshots = DEFINITIONS
        .iter()
        .filter(|(kind, _, _)| kind.plural == FlinkStateSnapshot::PLURAL);
    for (_, version, schema) in snapshots {
        let mut found = Vec::new();
        misfits("status", &status, &schema["status"], &mut found);
        unknown("status", &schema["status"], &status, &mut found);
        assert_eq!(found, Vec::<String>::new(), "operator {version}");
        let words = schema
            .pointer("/status/properties/state/enum")
            .unwrap()
            .as_array()
            .unwrap();
        for word in words {
            assert!(
                SnapshotState::WORDS.contains(&word.as_str().unwrap()),
                "{word} of operator {version}"
            );
        }
    }
}

#[test]
fn closed_sets_have_the_same_words() {
    let words = |values: Vec<Value>| {
        let mut words: Vec<String> = values
            .into_iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect();
        words.sort();
        words
    };
    let mode = [DeploymentMode::Native, DeploymentMode::Standalone].map(|mode| json!(mode));
    let state = [JobState::Running, JobState::Suspended].map(|state| json!(state));
    let upgrade = [UpgradeMode::Stateless, UpgradeMode::LastState, UpgradeMode::Savepoint].map(|mode| json!(mode));
    for (kind, version, schema) in with_a_job() {
        for (path, ours) in [
            ("/spec/properties/mode", mode.to_vec()),
            ("/spec/properties/job/properties/state", state.to_vec()),
            ("/spec/properties/job/properties/upgradeMode", upgrade.to_vec()),
        ] {
            let Some(field) = schema.pointer(path) else {
                assert_eq!((kind.plural, path), (FlinkSessionJob::PLURAL, "/spec/properties/mode"));
                continue;
            };
            let theirs = field["enum"].as_array().unwrap().clone();
            assert_eq!(
                words(ours),
                words(theirs),
                "{path} of {} of operator {version}",
                kind.plural
            );
        }
    }
}

#[test]
fn the_words_of_the_newest_status_are_known() {
    for (kind, version, schema) in with_a_job() {
        for (path, ours) in [
            ("/status/properties/lifecycleState", LifecycleState::WORDS),
            ("/status/properties/jobManagerDeploymentStatus", JobManagerStatus::WORDS),
            (
                "/status/properties/reconciliationStatus/properties/state",
                ReconciliationState::WORDS,
            ),
            ("/status/properties/jobStatus/properties/state", JobStatus::WORDS),
        ] {
            let Some(field) = schema.pointer(path) else {
                let job_manager = "/status/properties/jobManagerDeploymentStatus";
                assert_eq!((kind.plural, path), (FlinkSessionJob::PLURAL, job_manager));
                continue;
            };
            for word in field["enum"].as_array().into_iter().flatten() {
                assert!(
                    ours.contains(&word.as_str().unwrap()),
                    "{path} of operator {version} may be {word}"
                );
            }
        }
    }
}
