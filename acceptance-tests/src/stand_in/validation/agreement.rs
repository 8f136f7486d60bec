//! The provider's plans and the operator agree: what the operator refuses, a plan has said before; what it takes, no plan
//! refuses.
//!
//! The same manifest goes to both sides: to the rules here as the operator reads it, and to the provider as the configuration
//! that it would come from. `recorded` compares both with the operator's own words in the recordings.

mod autoscaler;
mod processes;
mod recorded;
mod rules;
mod session_jobs;
mod snapshots;
mod updates;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use terraform_plugin::Resource;
use terraform_provider_flink::resources::flink_deployment::FlinkDeploymentResource;
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::flink_session_job::FlinkSessionJobResource;
use terraform_provider_flink::resources::flink_session_job::model::SessionJob;
use terraform_provider_flink::resources::job_resource::{JobModel, manifest};
use terraform_schema::{Diagnostics, Model, Value, View, validate};

use super::super::rehearsal::merge;
use super::super::spec::Spec;
use super::*;

/// An application that everybody takes.
fn application() -> Json {
    json!({
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "jobManager": {"resource": {"memory": "1g"}},
        "taskManager": {"resource": {"memory": "1g"}},
        "job": {"jarURI": "local:///a.jar", "parallelism": 1},
    })
}

/// A specification with changes, as a JSON merge patch.
fn changed(spec: Json, change: &Json) -> Json {
    let mut spec = spec;
    merge(&mut spec, change);
    spec
}

/// The configuration that a manifest comes from: what is not known to be set is not set.
fn configuration<M: JobModel>(kind: &str, name: &str, spec: &Json) -> Value {
    let object = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    });
    let model: M = manifest::read(&object).unwrap_or_else(|error| panic!("{}: {object}", manifest::sentence(&error)));
    set(&model.to_value())
}

fn set(value: &Value) -> Value {
    if let Some(members) = value.as_map() {
        Value::map(members.iter().map(|(name, member)| (name.clone(), set(member))))
    } else if let Value::List(elements) = value {
        Value::List(elements.iter().map(set).collect())
    } else if value.is_unknown() {
        Value::Null
    } else {
        value.clone()
    }
}

/// What the provider says of the configuration of a deployment.
fn of_deployment(name: &str, spec: &Json) -> Diagnostics {
    let config = configuration::<Deployment>("FlinkDeployment", name, spec);
    let mut said = validate::validate(&Deployment::block(), &config);
    said.extend(FlinkDeploymentResource.validate(View::of(&config)));
    said
}

/// What the provider says of the configuration of a session job.
fn of_session_job(spec: &Json) -> Diagnostics {
    let config = configuration::<SessionJob>("FlinkSessionJob", "orders", spec);
    let mut said = validate::validate(&SessionJob::block(), &config);
    said.extend(FlinkSessionJobResource.validate(View::of(&config)));
    said
}

/// Each diagnostic as `error at path: summary`.
fn lines(said: &Diagnostics) -> Vec<String> {
    let line = |problem: &terraform_schema::Diagnostic| {
        let severity = if problem.is_error() { "error" } else { "warning" };
        format!("{severity} at {}: {}", problem.path, problem.summary)
    };
    said.iter().map(line).collect()
}

/// What the two releases say to a deployment.
fn verdicts(name: &str, new: &Json, deployed: Option<&Json>) -> [Option<String>; 2] {
    let spec = Spec::of(new).unwrap();
    let deployed = deployed.map(|deployed| Spec::of(deployed).unwrap());
    [Release::V1_15, Release::V1_16]
        .map(|release| unsupported_version(&spec).or_else(|| refusal(release, name, &spec, deployed.as_ref())))
}

/// How the sides must stand to each other, whatever a table says: an error is about something that every release refuses, and
/// what one release refuses is at least warned of.
fn agree(what: &str, said: &Diagnostics, verdicts: &[Option<String>]) {
    if said.has_errors() {
        assert!(
            verdicts.iter().all(Option::is_some),
            "{what}: a plan refuses what an operator takes: {:?} {verdicts:?}",
            lines(said)
        );
    }
    if verdicts.iter().any(Option::is_some) {
        assert!(!said.is_empty(), "{what}: nothing was said before {verdicts:?}");
    }
}

/// Whether a verdict is what a table says: empty for "taken", else words of the operator.
fn expect(what: &str, verdict: Option<&String>, words: &str) {
    match verdict {
        None => assert_eq!(words, "", "{what}: taken"),
        Some(text) => assert!(!words.is_empty() && text.contains(words), "{what}: {text}"),
    }
}
