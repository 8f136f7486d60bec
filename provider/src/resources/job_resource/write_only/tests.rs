use serde_json::json;
use terraform_schema::{Model, Value};

use super::*;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::sample::{UNKNOWN, changed, of_block};

fn config(changes: &[(&str, Json)]) -> Value {
    let job = json!({
        "name": "orders",
        "deployment_name": "session",
        "job": {"jar_uri": "https://repo.example.com/orders.jar", "parallelism": 1},
    });
    of_block(&SessionJob::block(), &changed(job, changes))
}

#[test]
fn values_are_laid_over_what_is_in_the_clear() {
    let values = BTreeMap::from([
        ("s3.secret-key".to_owned(), "hunter22".to_owned()),
        ("rest.port".to_owned(), "1".to_owned()),
    ]);
    for (spec, expected) in [
        (json!({}), json!({"s3.secret-key": "hunter22", "rest.port": "1"})),
        (
            json!({"flinkConfiguration": {"rest.port": "8082"}}),
            json!({"s3.secret-key": "hunter22", "rest.port": "8082"}),
        ),
    ] {
        let mut manifest = Manifest::new("orders", &spec).unwrap();
        add(&mut manifest, &values);
        assert_eq!(manifest.spec, json!({"flinkConfiguration": expected}));
        add(&mut manifest, &BTreeMap::new());
    }
    let mut manifest = Manifest::new("orders", &json!({})).unwrap();
    add(&mut manifest, &BTreeMap::new());
    assert_eq!(manifest.spec, json!({}), "nothing is added for nothing");
}

#[test]
fn a_version_goes_with_the_values_and_no_key_is_set_twice() {
    let hidden = ("/flink_configuration_wo", json!({"s3.secret-key": "x"}));
    let version = ("/flink_configuration_wo_version", json!(1));
    let twice = ("/flink_configuration", json!({"s3.secret-key": "y"}));
    for (changes, expected) in [
        (vec![], ""),
        (vec![hidden.clone(), version.clone()], ""),
        (vec![("/flink_configuration_wo", json!(UNKNOWN)), version.clone()], ""),
        (
            vec![hidden.clone(), ("/flink_configuration_wo_version", json!(UNKNOWN))],
            "",
        ),
        (vec![hidden.clone()], "flink_configuration_wo: Version missing"),
        (
            vec![hidden, version, twice],
            r#"flink_configuration_wo["s3.secret-key"]: Configuration key set twice"#,
        ),
    ] {
        let config = config(&changes);
        let said: Vec<String> = problems(&View::of(&config))
            .iter()
            .map(|said| format!("{}: {}", said.path, said.summary))
            .collect();
        assert_eq!(said.join(""), expected);
    }
}

#[test]
fn other_keys_without_another_version_are_said() {
    let private = |keys: &str| Private::from([(private::WRITE_ONLY.to_owned(), keys.to_owned())]);
    let hidden = ("/flink_configuration_wo", json!({"s3.secret-key": "x"}));
    let version = |version: i64| ("/flink_configuration_wo_version", json!(version));
    let state = config(&[version(1)]);
    for (before, changes, said) in [
        (r#"["s3.secret-key"]"#, vec![hidden.clone(), version(1)], false),
        (r#"["s3.access-key"]"#, vec![hidden.clone(), version(1)], true),
        (r#"["s3.access-key"]"#, vec![hidden.clone(), version(2)], false),
        (r#"["s3.access-key"]"#, vec![version(1)], true),
        ("[]", vec![version(1)], false),
        (
            r#"["s3.access-key"]"#,
            vec![("/flink_configuration_wo", json!(UNKNOWN)), version(1)],
            false,
        ),
    ] {
        let plan = Plan::inputs(&SessionJob::block(), &config(&changes), &state);
        let warning = unsent(&plan, &private(before));
        assert_eq!(warning.is_some(), said, "{before} {changes:?}");
        assert!(plan.planned().at(ATTRIBUTE).is_null(), "no value in a plan");
    }
    let new = Plan::inputs(&SessionJob::block(), &config(&[hidden, version(1)]), &Value::Null);
    assert!(unsent(&new, &Private::new()).is_none(), "all is sent to a new object");
}
