//! Options, `flatten`, and the names of the custom resource.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use terraform_schema::validate::validate;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Model, Schema, UpdateClass, Value};

use super::{Resources, UpgradeMode, attribute, told};

fn even(value: &Value, path: &AttributePath) -> Diagnostics {
    let odd = matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| number % 2 == 1));
    odd.then(|| Diagnostic::error("Odd").detail("It is odd.").at(path.clone()))
        .into_iter()
        .collect()
}

mod checks {
    use super::*;

    pub fn not_nine(value: &Value, path: &AttributePath) -> Diagnostics {
        let nine = *value == Value::from(9);
        nine.then(|| Diagnostic::error("Nine").detail("It is nine.").at(path.clone()))
            .into_iter()
            .collect()
    }
}

/// How the job starts.
#[derive(Clone, Debug, PartialEq, Schema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JobSpec {
    /// Where the jar is.
    #[serde(rename = "jarURI")]
    jar_uri: Option<String>,
    /// How state is carried over.
    #[schema(assumed = "stateless", class = Local)]
    upgrade_mode: Option<UpgradeMode>,
    /// Arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(assumed = [])]
    args: Option<Vec<String>>,
    /// Tags.
    #[schema(assumed = ["a", "b"])]
    tags: Option<BTreeSet<String>>,
    /// Tasks at once.
    #[schema(assumed = 2, class = Scaled, range(min = 1, max = 10), check = even, check = checks::not_nine)]
    parallelism: Option<u32>,
    /// Whether state may be dropped.
    #[schema(assumed = false)]
    allow_non_restored_state: Option<bool>,
    /// Shift.
    #[schema(assumed = -1, rename = "shift_by", remote = "shift.by")]
    shift: Option<i64>,
    /// Further settings.
    #[schema(assumed = Value::map([("a", Value::from("b"))]))]
    settings: Option<BTreeMap<String, String>>,
    /// Not in the custom resource.
    #[serde(skip)]
    #[schema(sensitive, deprecated = "Leave it out.")]
    note: Option<String>,
}

#[test]
fn options_go_into_the_schema() {
    let assumed = [
        ("upgrade_mode", "stateless".into()),
        ("args", Value::List(vec![])),
        ("tags", Value::Set(vec!["b".into(), "a".into()])),
        ("parallelism", 2.into()),
        ("allow_non_restored_state", false.into()),
        ("shift_by", (-1).into()),
        ("settings", Value::map([("a", Value::from("b"))])),
    ];
    for (name, value) in assumed {
        let attribute = attribute::<JobSpec>(name);
        assert_eq!(attribute.assumed, Some(value.clone()), "{name}");
        assert_eq!(
            (attribute.required, attribute.optional, attribute.computed),
            (false, true, true),
            "{name}"
        );
        assert!(attribute.means_same(&Value::Null, &value), "{name}");
    }
    assert_eq!(
        attribute::<JobSpec>("parallelism").update_class,
        Some(UpdateClass::Scaled)
    );
    assert_eq!(
        attribute::<JobSpec>("upgrade_mode").update_class,
        Some(UpdateClass::Local)
    );
    let note = attribute::<JobSpec>("note");
    assert_eq!(
        (note.sensitive, note.deprecated.as_deref()),
        (true, Some("Leave it out."))
    );
}

#[test]
fn an_unknown_assumed_value_reads_as_not_there_yet() {
    let job = JobSpec::from_value(&Value::map([("parallelism", Value::Unknown), ("args", Value::Unknown)])).unwrap();
    assert_eq!((job.parallelism, job.args), (None, None));
    let problems = JobSpec::from_value(&Value::map([("jar_uri", Value::Unknown)])).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().path, AttributePath::of(["jar_uri"]));
}

#[test]
fn ranges_and_checks_run_on_a_configuration() {
    let cases = [
        (0, vec!["0 is less than 1, the least value allowed."]),
        (2, vec![]),
        (3, vec!["It is odd."]),
        (9, vec!["It is odd.", "It is nine."]),
        (12, vec!["12 is more than 10, the greatest value allowed."]),
    ];
    for (parallelism, expected) in cases {
        let found = validate(
            &JobSpec::block(),
            &Value::map([("parallelism", Value::from(parallelism))]),
        );
        assert_eq!(
            found.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>(),
            expected,
            "{parallelism}"
        );
        assert!(
            found
                .iter()
                .all(|problem| problem.path == AttributePath::of(["parallelism"]))
        );
    }
    let too_little = Value::map([("cpu", Value::Number("0.25".parse().unwrap()))]);
    assert_eq!(
        told(&validate(&Resources::block(), &too_little)),
        ["cpu: 0.25 is less than 0.5, the least value allowed."]
    );
}

/// A whole deployment.
#[derive(Clone, Debug, PartialEq, Schema)]
#[schema(name = "flink_deployment")]
struct Deployment {
    /// Name of the object.
    #[schema(requires_replace, remote = "metadata.name")]
    name: String,
    #[schema(flatten, remote = "spec")]
    spec: Spec,
    #[schema(flatten)]
    timeouts: Timeouts,
}

#[derive(Clone, Debug, PartialEq, Schema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    /// Image.
    image: String,
    /// The job.
    job: Option<JobSpec>,
    /// Pods of the cluster.
    task_manager: Option<TaskManager>,
}

#[derive(Clone, Debug, PartialEq, Schema, Serialize)]
struct TaskManager {
    /// How many.
    replicas: Option<u32>,
    /// Kept as it is.
    #[serde(rename(serialize = "podTemplate", deserialize = "pod_template"))]
    pod: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Schema)]
struct Timeouts {
    /// How long creating may take.
    create: Option<String>,
}

#[test]
fn flattened_fields_stand_in_the_outer_block() {
    let block = Deployment::block();
    let names: Vec<_> = block
        .attributes
        .iter()
        .map(|attribute| attribute.name.as_str())
        .collect();
    assert_eq!(names, ["name", "image", "create"]);
    let names: Vec<_> = block.blocks.iter().map(|nested| nested.name.as_str()).collect();
    assert_eq!(names, ["job", "task_manager"]);

    let value = Value::map([
        ("name", "orders".into()),
        ("image", "flink".into()),
        ("create", "5m".into()),
    ]);
    let deployment = Deployment::from_value(&value).unwrap();
    assert_eq!(
        (deployment.name.as_str(), deployment.spec.image.as_str()),
        ("orders", "flink")
    );
    assert_eq!(deployment.timeouts.create.as_deref(), Some("5m"));
    assert_eq!(Deployment::from_value(&deployment.to_value()), Ok(deployment));

    let problems = Deployment::from_value(&Value::map([(
        "job",
        Value::map([("parallelism", Value::from("two"))]),
    )]))
    .unwrap_err();
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.to_string()).collect();
    assert_eq!(paths, ["name", "image", "job.parallelism"]);
}

#[test]
fn fields_of_the_custom_resource_are_found_by_serdes_names() {
    let cases = [
        ("metadata.name", Some("name")),
        ("spec.image", Some("image")),
        ("spec.job.jarURI", Some("job.jar_uri")),
        ("spec.job.allowNonRestoredState", Some("job.allow_non_restored_state")),
        ("spec.job.shift.by", Some("job.shift_by")),
        ("spec.job.settings.a", Some("job.settings[\"a\"]")),
        ("spec.job.args[0]", Some("job.args[0]")),
        ("spec.taskManager.replicas", Some("task_manager.replicas")),
        ("spec.taskManager.podTemplate.spec", Some("task_manager.pod")),
        ("spec.job.note", Some("job")),
        ("create", None),
        ("spec.flinkVersion", None),
    ];
    let block = Deployment::block();
    for (field, path) in cases {
        assert_eq!(
            block.path_of_remote(field).map(|path| path.to_string()).as_deref(),
            path,
            "{field}"
        );
    }
    assert_eq!(attribute::<JobSpec>("note").remote, None);
    assert_eq!(attribute::<Timeouts>("create").remote, None);
    assert_eq!(attribute::<TaskManager>("replicas").remote.as_deref(), Some("replicas"));
}
