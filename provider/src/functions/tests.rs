use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use terraform_schema::{Type, json as state, msgpack};

use super::*;

fn called(function: &dyn Function, text: &str) -> Result<Json, String> {
    let signature = function.signature();
    assert_eq!(signature.parameters.len(), 1);
    let result = function.call(&[text.into()]).map_err(|error| {
        assert_eq!(error.argument, Some(0), "{}", error.text);
        error.text
    })?;
    // It fits its type on the wire, and comes back.
    let sent = msgpack::encode(&result, &signature.returns).unwrap();
    assert_eq!(msgpack::decode(&sent, &signature.returns).unwrap(), result);
    let plain = state::encode(&result, &signature.returns).unwrap();
    let plain: Json = serde_json::from_str(&plain).unwrap();
    Ok(if signature.returns == Type::Dynamic {
        plain["value"].clone()
    } else {
        plain
    })
}

#[test]
fn names_are_unique_and_everything_is_described() {
    let mut names: Vec<&str> = all().iter().map(|function| function.signature().name).collect();
    names.dedup();
    assert_eq!(names.len(), all().len());
    for function in all() {
        let signature = function.signature();
        assert!(signature.description.ends_with('.'), "{}", signature.name);
        for parameter in &signature.parameters {
            assert!(parameter.description.ends_with('.'), "{}", signature.name);
        }
    }
}

#[test]
fn amounts_of_memory() {
    for (text, bytes) in [
        ("2g", json!(2_147_483_648_u64)),
        ("2048m", json!(2_147_483_648_u64)),
        ("2 gb", json!(2_147_483_648_u64)),
        ("2Gi", json!(2_147_483_648_u64)),
        ("1024", json!(1024)),
    ] {
        assert_eq!(called(&memory_bytes::MemoryBytes, text), Ok(bytes), "{text}");
    }
    for text in ["", "much", "2 parrots", "-1g"] {
        let refused = called(&memory_bytes::MemoryBytes, text).unwrap_err();
        assert!(refused.contains("is no amount of memory"), "{refused}");
    }
}

#[test]
fn lengths_of_time() {
    for (text, milliseconds) in [
        ("10 s", json!(10_000)),
        ("500ms", json!(500)),
        ("1 min", json!(60_000)),
        ("1m", json!(60_000)),
        ("2 hours", json!(7_200_000)),
        ("7D", json!(604_800_000)),
        ("42", json!(42)),
        (" 3 sec ", json!(3_000)),
        ("1500 µs", json!(1.5)),
        ("0", json!(0)),
    ] {
        assert_eq!(called(&duration_ms::DurationMs, text), Ok(milliseconds), "{text}");
    }
    for text in [
        "",
        "s",
        "1.5 s",
        "-1 s",
        "1 fortnight",
        "99999999999999999999 s",
        "1h30m",
    ] {
        let refused = called(&duration_ms::DurationMs, text).unwrap_err();
        assert!(refused.contains("is no length of time"), "{text}: {refused}");
    }
}

/// The objects of the tables of attributes become what their configurations say.
#[test]
fn manifests_become_the_arguments_that_they_come_from() {
    for (resource, file) in [
        ("flink_deployment", "application"),
        ("flink_deployment", "session"),
        ("flink_session_job", "session_job"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/resources/{resource}/testdata"));
        let read = |name: String| fs::read_to_string(folder.join(&name)).unwrap();
        let documents: Vec<Json> = serde_saphyr::from_multiple(&read(format!("{file}.yaml"))).unwrap();
        let manifest = serde_json::to_string(&documents[0]).unwrap();
        let tf: Json = serde_json::from_str(&read(format!("{file}.tf.json"))).unwrap();
        let arguments = called(&from_manifest::FromManifest, &manifest).unwrap();
        let mut missing = Vec::new();
        contained(&tf["resource"][resource][file], &arguments, "", &mut missing);
        assert_eq!(missing, Vec::<String>::new(), "{file}: {arguments:#}");
    }
}

/// What the cluster does not hold is only in Terraform.
const LOCAL: [&str; 11] = [
    "allow_state_loss",
    "deletion_protection",
    "drain_on_destroy",
    "on_destroy",
    "restart_triggers",
    "redeploy",
    "timeouts",
    "force_conflicts",
    "wait_failure",
    "flink_configuration_wo",
    "flink_configuration_wo_version",
];

fn contained(configured: &Json, found: &Json, at: &str, missing: &mut Vec<String>) {
    match (configured, found) {
        (Json::Object(configured), Json::Object(found)) => {
            for (name, value) in configured.iter().filter(|(name, _)| !LOCAL.contains(&name.as_str())) {
                contained(
                    value,
                    found.get(name).unwrap_or(&Json::Null),
                    &format!("{at}.{name}"),
                    missing,
                );
            }
        }
        (Json::Array(configured), Json::Array(found)) if configured.len() == found.len() => {
            for (index, (configured, found)) in configured.iter().zip(found).enumerate() {
                contained(configured, found, &format!("{at}[{index}]"), missing);
            }
        }
        // A pod template may be text, and a quantity a number or text.
        (Json::String(text), Json::Object(_)) if at.ends_with("pod_template") => {
            assert!(!text.is_empty());
        }
        (configured, found) if configured == found => {}
        (Json::Number(number), Json::String(text)) if *text == number.to_string() => {}
        (configured, found) => missing.push(format!("{at}: {configured} and not {found}")),
    }
}

#[test]
fn what_is_no_manifest_of_ours_is_refused() {
    let session_job = |more: &str| {
        format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata:\n  name: orders\nspec:\n  deploymentName: \
             session\n  job:\n    parallelism: 1\n{more}"
        )
    };
    assert_eq!(
        called(&from_manifest::FromManifest, &session_job("")).unwrap()["job"]["parallelism"],
        1
    );
    for (text, words) in [
        ("a: [".to_owned(), "no manifest in YAML or JSON"),
        (format!("{0}---\n{0}", session_job("")), "2 documents"),
        (
            "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a}\n".to_owned(),
            "of kind `Deployment`",
        ),
        ("[]".to_owned(), "of kind ``"),
        (session_job("").replace("v1beta1", "v1"), "`flink.apache.org/v1`"),
        (
            session_job("").replace("name: orders", "generateName: orders-"),
            "metadata.name",
        ),
        (session_job("    paralelism: 2\n"), "`spec.job.paralelism`"),
        (session_job("    args: 7\n"), "cannot be read"),
    ] {
        let refused = called(&from_manifest::FromManifest, &text).unwrap_err();
        assert!(refused.contains(words), "{text}: {refused}");
    }
}
