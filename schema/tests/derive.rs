//! What `#[derive(Schema)]` makes of structs and enums, as their users meet it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use terraform_schema::validate::validate;
use terraform_schema::{
    Attribute, AttributePath, AttributeType, Computed, Diagnostic, Diagnostics, Model, NestedBlock, Nesting, Number,
    Schema, Type, UpdateClass, Value, WriteOnly,
};

/// How state is carried over.
#[derive(Clone, Copy, Debug, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UpgradeMode {
    /// State is dropped.
    Stateless,
    /// The last checkpoint is
    /// taken up.
    LastState,
    /// A savepoint is taken first.
    #[serde(rename = "save-point")]
    Savepoint,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Schema)]
enum FlinkVersion {
    /// Flink 1.19.
    #[serde(rename = "v1_19")]
    V119,
    /// Flink 1.20.
    #[serde(rename = "v1_20")]
    V120,
    #[schema(other)]
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Schema)]
struct Resources {
    /// CPUs.
    #[schema(range(min = 0.5, max = 64))]
    cpu: Option<Number>,
    /// Memory.
    memory: Computed<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Schema)]
struct Label {
    /// Key.
    key: String,
}

/// Every shape that a field can have.
///
/// In two paragraphs.
#[derive(Clone, Debug, PartialEq, Schema)]
#[schema(name = "flink_everything", version = 3)]
struct Everything {
    /// A string.
    string: String,
    /// A bool.
    bool: bool,
    /// An integer.
    port: u16,
    /// A number.
    number: Number,
    /// A choice.
    mode: UpgradeMode,
    /// May be left out.
    optional: Option<i64>,
    /// Set by the provider.
    #[schema(stable)]
    computed: Computed<String>,
    /// Set by either.
    #[schema(requires_replace)]
    both: Option<Computed<String>>,
    /// Sent only.
    token: Option<WriteOnly<String>>,
    /// A list.
    list: Vec<String>,
    /// A set.
    set: Option<BTreeSet<FlinkVersion>>,
    /// A map.
    map: Option<BTreeMap<String, u32>>,
    /// A block that must be there.
    #[schema(requires_replace, class = Restart)]
    block: Resources,
    /// A block that may be there.
    #[schema(deprecated = "Use `block`.")]
    optional_block: Option<Resources>,
    /// Any number of blocks.
    blocks: Vec<Resources>,
    /// Any number of blocks without order.
    labels: BTreeSet<Label>,
    /// An object that the provider sets.
    object: Computed<Label>,
    /// A name that Rust keeps for itself.
    r#type: Option<String>,
    /// The names that the macro's own output uses do not matter.
    path: Option<String>,
    /// Nor does this one.
    problems: Option<String>,
}

fn everything() -> Everything {
    let resources = Resources {
        cpu: Some("0.5".parse().expect("a number")),
        memory: Computed(Some("1g".into())),
    };
    Everything {
        string: "text".into(),
        bool: true,
        port: 8081,
        number: "1.5".parse().expect("a number"),
        mode: UpgradeMode::LastState,
        optional: Some(-1),
        computed: "c".to_owned().into(),
        both: Some("b".to_owned().into()),
        token: None,
        list: vec!["x".into(), "y".into()],
        set: Some([FlinkVersion::V120, FlinkVersion::Unknown("v9_0".into())].into()),
        map: Some([("a".to_owned(), 1)].into()),
        block: resources.clone(),
        optional_block: None,
        blocks: vec![
            resources.clone(),
            Resources {
                cpu: None,
                memory: Computed(None),
            },
        ],
        labels: [Label { key: "k".into() }].into(),
        object: Label { key: "o".into() }.into(),
        r#type: Some("t".into()),
        path: None,
        problems: Some("none".into()),
    }
}

fn attribute<M: Model>(name: &str) -> Attribute {
    M::block().attribute(name).expect(name).clone()
}

fn nested<M: Model>(name: &str) -> NestedBlock {
    M::block().nested(name).expect(name).clone()
}

/// Each problem as `path: detail`, in the order of the fields.
fn told(problems: &Diagnostics) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.detail))
        .collect()
}

#[test]
fn a_resource_has_name_version_and_description() {
    assert_eq!((Everything::NAME, Everything::VERSION), ("flink_everything", 3));
    assert_eq!((Resources::NAME, Resources::VERSION), ("", 0));
    assert_eq!(Everything::schema().version, 3);
    assert_eq!(
        Everything::block().description,
        "Every shape that a field can have.\n\nIn two paragraphs."
    );
}

#[test]
fn the_type_decides_how_an_attribute_is_set() {
    // required, optional, computed
    let cases = [
        ("string", Type::String, (true, false, false)),
        ("bool", Type::Bool, (true, false, false)),
        ("port", Type::Number, (true, false, false)),
        ("number", Type::Number, (true, false, false)),
        ("mode", Type::String, (true, false, false)),
        ("optional", Type::Number, (false, true, false)),
        ("computed", Type::String, (false, false, true)),
        ("both", Type::String, (false, true, true)),
        ("token", Type::String, (false, true, false)),
        ("list", Type::list(Type::String), (true, false, false)),
        ("set", Type::set(Type::String), (false, true, false)),
        ("map", Type::map(Type::Number), (false, true, false)),
        (
            "object",
            Type::object([("key".to_owned(), Type::String)]),
            (false, false, true),
        ),
        ("type", Type::String, (false, true, false)),
    ];
    for (name, ty, set_by) in cases {
        let attribute = attribute::<Everything>(name);
        assert_eq!(attribute.ty, ty, "{name}");
        assert_eq!(
            (attribute.required, attribute.optional, attribute.computed),
            set_by,
            "{name}"
        );
        assert_eq!(
            (attribute.write_only, attribute.sensitive),
            (name == "token", name == "token"),
            "{name}"
        );
        assert_eq!(attribute.stable, name == "computed", "{name}");
        assert_eq!(attribute.requires_replace, name == "both", "{name}");
    }
    assert_eq!(attribute::<Everything>("port").description, "An integer.");
}

#[test]
fn structs_are_nested_blocks() {
    let cases = [
        ("block", Nesting::Single, true),
        ("optional_block", Nesting::Single, false),
        ("blocks", Nesting::List, false),
        ("labels", Nesting::Set, false),
    ];
    for (name, nesting, required) in cases {
        let nested = nested::<Everything>(name);
        assert_eq!((nested.nesting, nested.required), (nesting, required), "{name}");
    }
    let block = nested::<Everything>("block");
    assert_eq!(block.block.description, "A block that must be there.");
    assert_eq!(
        (block.requires_replace, block.update_class),
        (true, Some(UpdateClass::Restart))
    );
    assert_eq!(
        nested::<Everything>("optional_block").block.deprecated.as_deref(),
        Some("Use `block`.")
    );
}

#[test]
fn what_was_written_reads_the_same() {
    let model = everything();
    let value = model.to_value();
    assert_eq!(Everything::from_value(&value), Ok(model));
    let members: Vec<&str> = value.as_map().unwrap().keys().map(String::as_str).collect();
    let ty = Everything::block().implied_type();
    assert!(matches!(ty, Type::Object(types) if types.keys().map(String::as_str).eq(members)));
    assert_eq!(
        value.member("block"),
        &Value::map([("cpu", Value::Number("0.5".parse().unwrap())), ("memory", "1g".into())])
    );
    assert_eq!(value.member("mode").as_str(), Some("last-state"));
    assert!(matches!(value.member("set"), Value::Set(versions) if versions.contains(&"v1_20".into())));
}

#[test]
fn a_write_only_value_is_read_and_never_written() {
    let mut value = everything().to_value();
    let Value::Map(members) = &mut value else {
        panic!("an object")
    };
    members.insert("token".into(), "secret".into());
    let model = Everything::from_value(&value).unwrap();
    assert_eq!(model.token, Some(WriteOnly(Some("secret".into()))));
    assert!(!format!("{model:?}").contains("secret"));
    assert_eq!(model.to_value().member("token"), &Value::Null);
}

#[test]
fn every_problem_of_a_value_is_reported_at_its_path() {
    let mut value = everything().to_value();
    let Value::Map(members) = &mut value else {
        panic!("an object")
    };
    members.insert("string".into(), Value::Null);
    members.insert("bool".into(), "yes".into());
    members.insert("port".into(), 65536.into());
    members.insert("mode".into(), "lst-state".into());
    members.insert("optional".into(), Value::Unknown);
    members.insert("computed".into(), Value::Unknown);
    members.insert("both".into(), Value::Unknown);
    members.insert("list".into(), Value::List(vec!["x".into(), 1.into(), true.into()]));
    members.insert("map".into(), Value::map([("a", (-1).into()), ("b", 1.into())]));
    members.insert("block".into(), Value::Null);
    members.insert("blocks".into(), Value::List(vec![Value::map([("cpu", "one".into())])]));
    let problems = Everything::from_value(&value).unwrap_err();
    let expected = [
        "string: A string is required here, and nothing was set.",
        "bool: A bool is required here, not a string.",
        "port: A whole number in range is required here, not a number.",
        "mode: `lst-state` is none of the values allowed here: `last-state`, `save-point`, `stateless`. Did you mean \
         `last-state`?",
        "optional: `optional` is still unknown where it must be known. This is a bug in the provider, not in your \
         configuration. Please report it with the provider's version and, if you can, the log of a run with \
         TF_LOG_PROVIDER=DEBUG.",
        "list[1]: A string is required here, not a number.",
        "list[2]: A string is required here, not a bool.",
        "map[\"a\"]: A whole number in range is required here, not a number.",
        "block: An object is required here, and nothing was set.",
        "blocks[0].cpu: A number is required here, not a string.",
    ];
    assert_eq!(told(&problems), expected);
    assert_eq!(
        told(&Everything::from_value(&"x".into()).unwrap_err()),
        [": An object is required here, not a string."]
    );
}

#[test]
fn an_unknown_computed_value_reads_as_not_there_yet() {
    let value = Resources {
        cpu: None,
        memory: Computed(None),
    }
    .to_value();
    let Value::Map(mut members) = value else {
        panic!("an object")
    };
    members.insert("memory".into(), Value::Unknown);
    assert_eq!(
        Resources::from_value(&Value::Map(members)).unwrap().memory,
        Computed(None)
    );
}

#[test]
fn an_enum_is_a_list_of_documented_texts() {
    let mode = attribute::<Everything>("mode");
    let choices: Vec<_> = mode
        .choices
        .iter()
        .map(|choice| (choice.value.as_str(), choice.description.as_str()))
        .collect();
    let expected = [
        ("stateless", "State is dropped."),
        ("last-state", "The last checkpoint is taken up."),
        ("save-point", "A savepoint is taken first."),
    ];
    assert_eq!(choices, expected);
    assert!(!mode.open_choices);
    for mode in [UpgradeMode::Stateless, UpgradeMode::LastState, UpgradeMode::Savepoint] {
        assert_eq!(
            Some(mode.encode().as_str().unwrap()),
            serde_json::to_value(mode).unwrap().as_str(),
            "as serde writes it"
        );
        assert_eq!(UpgradeMode::decode(&mode.encode(), &AttributePath::root()), Ok(mode));
    }
}

#[test]
fn an_open_enum_describes_and_refuses_no_text() {
    let set = attribute::<Everything>("set");
    assert!(set.open_choices);
    assert_eq!(set.choices.len(), 2);
    let version = FlinkVersion::decode(&"v9_0".into(), &AttributePath::root()).unwrap();
    assert_eq!(
        (version.encode(), version),
        ("v9_0".into(), FlinkVersion::Unknown("v9_0".into()))
    );
    assert_eq!(
        FlinkVersion::decode(&"v1_20".into(), &AttributePath::root()),
        Ok(FlinkVersion::V120)
    );
    let problems = FlinkVersion::decode(&1.into(), &AttributePath::of(["flink_version"])).unwrap_err();
    assert_eq!(
        told(&problems),
        ["flink_version: A string is required here, not a number."]
    );

    let mut config = everything().to_value();
    let Value::Map(members) = &mut config else {
        panic!("an object")
    };
    members.insert("mode".into(), "v9_0".into());
    let found = validate(&Everything::block(), &config);
    assert_eq!(
        found.iter().map(|problem| problem.path.to_string()).collect::<Vec<_>>(),
        ["mode"]
    );
}

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

/// What only the types show stops a debug build that makes the schema.
mod mistakes_seen_when_the_schema_is_made {
    use super::*;

    type Text = String;
    type Provided = Computed<i64>;

    #[derive(Schema)]
    struct Twice {
        /// Name.
        image: String,
        #[schema(flatten)]
        spec: Spec,
    }

    #[derive(Schema)]
    struct RangeOfText {
        /// Text.
        #[schema(range(min = 1))]
        text: Option<Text>,
    }

    #[derive(Schema)]
    struct AssumedOfAnotherType {
        /// Count.
        #[schema(assumed = "one")]
        count_of_all: Option<i64>,
    }

    #[derive(Schema)]
    struct AssumedIsNoChoice {
        /// Mode.
        #[schema(assumed = "native")]
        mode: Option<UpgradeMode>,
    }

    #[derive(Schema)]
    struct SensitiveBlock {
        /// Label.
        #[schema(sensitive)]
        label: Label,
    }

    #[derive(Schema)]
    struct InputOfTheProvider {
        /// Size.
        #[schema(class = Restart)]
        size: Provided,
    }

    fn said<M: Model>() -> String {
        let panic = std::panic::catch_unwind(M::block).expect_err("a debug build refuses this");
        panic.downcast_ref::<String>().expect("a message").clone()
    }

    #[test]
    fn and_said_with_the_fields_name() {
        assert_eq!(
            said::<Twice>(),
            "two fields are called `image`: rename one with #[schema(rename = \"...\")]"
        );
        assert_eq!(said::<RangeOfText>(), "the field `text`: `range` is for numbers");
        assert_eq!(
            said::<AssumedOfAnotherType>(),
            "the field `count_of_all`: `assumed` is a string, which is no value of the field's type"
        );
        assert_eq!(
            said::<AssumedIsNoChoice>(),
            "the field `mode`: `assumed` is \"native\", which is none of its choices"
        );
        assert_eq!(
            said::<SensitiveBlock>(),
            "the field `label`: `sensitive` is for attributes, and this is a nested block: say it on the block's own fields"
        );
        assert_eq!(
            said::<InputOfTheProvider>(),
            "the field `size`: no configuration can set it, yet its options are about that"
        );
    }
}
