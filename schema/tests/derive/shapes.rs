//! Types decide: how a field appears, how it is read and how it is written.

use std::collections::{BTreeMap, BTreeSet};

use terraform_schema::validate::validate;
use terraform_schema::{
    AttributePath, AttributeType, Computed, Model, Nesting, Number, Schema, Type, UpdateClass, Value, WriteOnly,
};

use super::{Label, Resources, UpgradeMode, attribute, nested, told};

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
