use super::*;

fn attribute(name: &str, ty: Type, remote: Option<&str>) -> Attribute {
    Attribute {
        name: name.into(),
        remote: remote.map(Into::into),
        ..Attribute::new(ty, Semantics::EXACT)
    }
}

fn nested(name: &str, nesting: Nesting, remote: Option<&str>, block: Block) -> NestedBlock {
    NestedBlock {
        name: name.into(),
        nesting,
        required: false,
        requires_replace: false,
        update_class: None,
        remote: remote.map(Into::into),
        block,
    }
}

fn block(attributes: Vec<Attribute>, blocks: Vec<NestedBlock>) -> Block {
    Block {
        attributes,
        blocks,
        ..Block::default()
    }
}

fn deployment() -> Block {
    let resource = block(vec![attribute("cpu", Type::Number, Some("cpu"))], vec![]);
    let rule = block(vec![attribute("path", Type::String, Some("match.path"))], vec![]);
    let job = block(
        vec![
            attribute("upgrade_mode", Type::String, Some("upgradeMode")),
            attribute("args", Type::list(Type::String), Some("args")),
        ],
        vec![],
    );
    let manager = block(
        vec![attribute("replicas", Type::Number, Some("replicas"))],
        vec![nested("resource", Nesting::Single, Some("resource"), resource)],
    );
    let scheduling = block(vec![attribute("priority", Type::Number, Some("spec.priority"))], vec![]);
    block(
        vec![
            attribute("name", Type::String, Some("metadata.name")),
            attribute("labels", Type::map(Type::String), Some("metadata.labels")),
            attribute(
                "flink_configuration",
                Type::map(Type::String),
                Some("spec.flinkConfiguration"),
            ),
            attribute("image", Type::String, Some("spec.image")),
            attribute("wait", Type::Bool, None),
            attribute("spec_json", Type::String, Some("spec")),
        ],
        vec![
            nested("job", Nesting::Single, Some("spec.job"), job),
            nested("job_manager", Nesting::Single, Some("spec.jobManager"), manager),
            nested("rules", Nesting::List, Some("spec.rules"), rule.clone()),
            nested("hosts", Nesting::Set, Some("spec.hosts"), rule),
            nested("scheduling", Nesting::Single, Some(""), scheduling),
            nested(
                "timeouts",
                Nesting::Single,
                None,
                block(vec![attribute("create", Type::String, None)], vec![]),
            ),
        ],
    )
}

#[test]
fn fields_of_the_custom_resource_lead_back_to_the_configuration() {
    let block = deployment();
    for (field, path) in [
        ("metadata.name", Some("name")),
        (".metadata.name", Some("name")),
        ("spec.job", Some("job")),
        ("spec.job.upgradeMode", Some("job.upgrade_mode")),
        (".spec.job.args[2]", Some("job.args[2]")),
        // Not `job` with something behind it.
        ("spec.jobManager.replicas", Some("job_manager.replicas")),
        ("spec.jobManager.resource.cpu", Some("job_manager.resource.cpu")),
        // A field that the block does not know gives the block.
        ("spec.job.autoscaler", Some("job")),
        // Elements of maps, in every way of writing them.
        (
            "spec.flinkConfiguration.state.savepoints.dir",
            Some("flink_configuration[\"state.savepoints.dir\"]"),
        ),
        (
            "spec.flinkConfiguration[state.savepoints.dir]",
            Some("flink_configuration[\"state.savepoints.dir\"]"),
        ),
        ("spec.flinkConfiguration[\"a.b\"]", Some("flink_configuration[\"a.b\"]")),
        ("spec.flinkConfiguration", Some("flink_configuration")),
        // Elements of blocks: those of a set have no address.
        ("spec.rules[3].match.path", Some("rules[3].path")),
        ("spec.rules[name=\"x\"].match.path", Some("rules")),
        ("spec.hosts[3].match.path", Some("hosts.path")),
        // A block that shares its parent's object, and an attribute that holds all the rest.
        ("spec.priority", Some("scheduling.priority")),
        ("spec.imagePullPolicy", Some("spec_json")),
        ("status.error", None),
        ("metadata", None),
        ("", None),
    ] {
        assert_eq!(
            block.path_of_remote(field).map(|path| path.to_string()).as_deref(),
            path,
            "{field}"
        );
    }
}

#[test]
fn a_walk_meets_every_attribute_with_both_its_paths() {
    let block = deployment();
    let walked: Vec<_> = block
        .walk()
        .into_iter()
        .map(|(path, remote, _)| (path.to_string(), remote))
        .collect();
    let expected = [
        ("name", Some("metadata.name")),
        ("labels", Some("metadata.labels")),
        ("flink_configuration", Some("spec.flinkConfiguration")),
        ("image", Some("spec.image")),
        ("wait", None),
        ("spec_json", Some("spec")),
        ("job.upgrade_mode", Some("spec.job.upgradeMode")),
        ("job.args", Some("spec.job.args")),
        ("job_manager.replicas", Some("spec.jobManager.replicas")),
        ("job_manager.resource.cpu", Some("spec.jobManager.resource.cpu")),
        ("rules.path", Some("spec.rules.match.path")),
        ("hosts.path", Some("spec.hosts.match.path")),
        ("scheduling.priority", Some("spec.priority")),
        ("timeouts.create", None),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(path, remote)| (path.to_owned(), remote.map(str::to_owned)))
        .collect();
    assert_eq!(walked, expected);

    // The two ways agree.
    for (path, remote, _) in block.walk() {
        if let Some(remote) =
            remote.filter(|_| !path.to_string().starts_with("rules") && !path.to_string().starts_with("hosts"))
        {
            assert_eq!(block.path_of_remote(&remote), Some(path));
        }
    }
}

#[test]
fn the_implied_type_has_all_attributes_and_blocks() {
    let small = block(
        vec![attribute("name", Type::String, None)],
        vec![
            nested(
                "job",
                Nesting::Single,
                None,
                block(vec![attribute("n", Type::Number, None)], vec![]),
            ),
            nested("rules", Nesting::List, None, block(vec![], vec![])),
            nested(
                "hosts",
                Nesting::Set,
                None,
                block(vec![attribute("a", Type::list(Type::Bool), None)], vec![]),
            ),
        ],
    );
    assert_eq!(
        small.implied_type().to_string(),
        "object({ hosts = set(object({ a = list(bool) })), job = object({ n = number }), name = string, \
         rules = list(object({ })) })"
    );
    let empty = small.empty_value();
    assert_eq!(
        empty,
        Value::map([
            ("name", Value::Null),
            ("job", Value::Null),
            ("rules", Value::List(vec![])),
            ("hosts", Value::Set(vec![])),
        ])
    );
    assert!(crate::msgpack::encode(&empty, &small.implied_type()).is_ok());
}

#[test]
fn attributes_are_found_by_path() {
    let block = deployment();
    for (path, name) in [
        (AttributePath::of(["image"]), Some("image")),
        (AttributePath::of(["labels"]).key("a"), Some("labels")),
        (AttributePath::of(["job", "args"]).index(1), Some("args")),
        (AttributePath::of(["rules"]).index(0).name("path"), Some("path")),
        (AttributePath::of(["job"]), None),
        (AttributePath::of(["nothing", "here"]), None),
        (AttributePath::root(), None),
    ] {
        assert_eq!(
            block.attribute_at(&path).map(|attribute| attribute.name.as_str()),
            name,
            "{path}"
        );
    }
}

#[test]
fn meaning_looks_through_what_is_assumed_and_through_spelling() {
    let same = |a: &Value, b: &Value| match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    };
    let mode = Attribute {
        assumed: Some("native".into()),
        semantics: Semantics::meaning(same, "compared without case"),
        ..attribute("mode", Type::String, None)
    };
    let plain = attribute("name", Type::Dynamic, None);
    let typed = |value| Value::Dynamic(Box::new((Type::String, value)));
    for (attribute, a, b, expected) in [
        (&mode, Value::Null, "native".into(), true),
        (&mode, "NATIVE".into(), Value::Null, true),
        (&mode, Value::Null, Value::Null, true),
        (&mode, Value::Null, "standalone".into(), false),
        (&mode, Value::Unknown, "native".into(), false),
        (&mode, Value::Unknown, Value::Unknown, false),
        (&plain, Value::Null, "".into(), false),
        // Null is null, with a type or without.
        (&plain, Value::Null, typed(Value::Null), true),
        (&plain, typed(Value::Null), typed("a".into()), false),
        (&plain, typed(Value::Unknown), typed(Value::Unknown), false),
        (&plain, typed("a".into()), typed("a".into()), true),
    ] {
        assert_eq!(attribute.means_same(&a, &b), expected, "{a:?} and {b:?}");
    }
}
