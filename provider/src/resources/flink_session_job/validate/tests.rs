use serde_json::{Value as Json, json};
use terraform_schema::{Model, validate::validate as by_schema};

use super::super::model::SessionJob;
use super::super::sample::{resource, with};
use super::*;
use crate::resources::sample::UNKNOWN;

/// What is said of a configuration, as `path: summary`.
fn said(changes: &[(&str, Json)]) -> Vec<String> {
    let config = resource(&with(changes));
    let mut problems = by_schema(&SessionJob::block(), &config);
    problems.extend(validate(&View::of(&config)));
    problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.summary))
        .collect()
}

/// Changes of the sample, and what is said of it then.
type Row<'a> = (&'a [(&'a str, Json)], &'a [&'a str]);

#[test]
fn rules_of_the_operator() {
    let rows: &[Row<'_>] = &[
        (&[], &[]),
        (&[("/name", json!("Orders"))], &["name: Not the name of an object"]),
        (
            &[("/deployment_name", json!("flink/session"))],
            &["deployment_name: Not the name of a deployment"],
        ),
        (&[("/job/parallelism", Json::Null)], &["job: Parallelism missing"]),
        (
            &[("/job/parallelism", json!(0))],
            &["job.parallelism: Number out of range"],
        ),
        (&[("/job/parallelism", json!(UNKNOWN))], &[]),
        (&[("/job/jar_uri", Json::Null)], &["job: Nothing to run"]),
        (&[("/job/jar_uri", Json::Null), ("/job/entry_class", json!("a.B"))], &[]),
        (
            &[("/job/jar_uri", json!("orders.jar"))],
            &["job.jar_uri: Not the address of a jar"],
        ),
        (
            &[("/job/jar_uri", json!("http://jars.flink.svc/orders.jar"))],
            &["job.jar_uri: Jar that the operator may refuse"],
        ),
        (&[("/job/jar_uri", json!(UNKNOWN))], &[]),
        (
            &[("/labels", json!({"target.session": "session"}))],
            &["labels[\"target.session\"]: Label is set by the provider"],
        ),
        (
            &[("/labels", json!({"team": null}))],
            &["labels[\"team\"]: Value missing"],
        ),
        (&[("/job/args", json!(["a", null]))], &["job.args[1]: Value missing"]),
        (
            &[("/flink_configuration", json!({"kubernetes.cluster-id": "x"}))],
            &["flink_configuration[\"kubernetes.cluster-id\"]: Configuration key of a cluster"],
        ),
    ];
    for (changes, expected) in rows {
        assert_eq!(said(changes), *expected, "{changes:?}");
    }
}
