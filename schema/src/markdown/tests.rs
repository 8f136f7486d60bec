use super::*;
use crate::schema::{Attribute, Block, Choice, NestedBlock, Nesting, Semantics, UpdateClass};
use crate::ty::Type;
use crate::validate::Range;
use crate::value::Value;

fn attribute(name: &str, ty: Type, description: &str) -> Attribute {
    Attribute {
        name: name.into(),
        description: description.into(),
        ..Attribute::new(ty, Semantics::EXACT)
    }
}

fn optional(name: &str, ty: Type, description: &str) -> Attribute {
    Attribute {
        required: false,
        optional: true,
        ..attribute(name, ty, description)
    }
}

fn computed(name: &str, ty: Type, description: &str) -> Attribute {
    Attribute {
        required: false,
        computed: true,
        ..attribute(name, ty, description)
    }
}

fn nested(name: &str, nesting: Nesting, block: Block) -> NestedBlock {
    NestedBlock {
        name: name.into(),
        nesting,
        required: false,
        requires_replace: false,
        update_class: None,
        remote: None,
        block,
    }
}

fn choice(value: &str, description: &str) -> Choice {
    Choice {
        value: value.into(),
        description: description.into(),
    }
}

fn cluster() -> Schema {
    let resource = Block {
        description: "What each pod may use.".into(),
        attributes: vec![
            Attribute {
                assumed: Some(Value::Number("0.5".parse().unwrap())),
                computed: true,
                range: Some(Range {
                    min: "0".parse().ok(),
                    max: None,
                    whole: false,
                }),
                update_class: Some(UpdateClass::Restart),
                ..optional("cpu", Type::Number, "Cores.")
            },
            Attribute {
                semantics: Semantics::meaning(|a, b| a == b, "compared as an amount of memory"),
                update_class: Some(UpdateClass::Restart),
                ..optional("memory", Type::String, "Memory, such as `2048m`.")
            },
        ],
        ..Block::default()
    };
    let job = Block {
        description: "The job that runs.".into(),
        attributes: vec![
            attribute("jar_uri", Type::String, "Where the jar is."),
            Attribute {
                choices: vec![
                    choice("savepoint", "From a savepoint taken\nbefore."),
                    choice("stateless", "From nothing."),
                    choice("last-state", ""),
                ],
                assumed: Some("stateless".into()),
                computed: true,
                update_class: Some(UpdateClass::Ignored),
                ..optional("upgrade_mode", Type::String, "How state is carried over.")
            },
            Attribute {
                range: Some(Range::integers(1, 32_768)),
                update_class: Some(UpdateClass::Scaled),
                ..optional("parallelism", Type::Number, "Parallel instances of each operator.")
            },
        ],
        blocks: vec![NestedBlock {
            required: true,
            ..nested("resource", Nesting::Single, resource)
        }],
        ..Block::default()
    };
    let rule = Block {
        description: "A rule.".into(),
        deprecated: Some("Use `job` instead.".into()),
        attributes: vec![Attribute {
            write_only: true,
            ..optional("secret", Type::String, "A secret.")
        }],
        ..Block::default()
    };
    let status = Type::object([
        ("state", Type::String),
        ("conditions", Type::list(Type::object([("reason", Type::String)]))),
    ]);
    Schema {
        version: 0,
        block: Block {
            description: String::new(),
            attributes: vec![
                Attribute {
                    requires_replace: true,
                    ..attribute("name", Type::String, "Name of the object.")
                },
                Attribute {
                    sensitive: true,
                    update_class: Some(UpdateClass::Local),
                    ..optional(
                        "labels",
                        Type::map(Type::String),
                        "Labels, as in:\n\n```text\na = b\n```",
                    )
                },
                Attribute {
                    deprecated: Some("It does nothing any more.".into()),
                    ..optional("debug", Type::Bool, "Whether to say more.")
                },
                Attribute {
                    assumed: Some(Value::List(vec![])),
                    computed: true,
                    ..{ optional("args", Type::list(Type::String), "Arguments.") }
                },
                optional("pod_template", Type::Dynamic, "Laid over\neach pod."),
                Attribute {
                    range: Some(Range::integers(i64::MIN.into(), i64::MAX.into())),
                    ..computed("generation", Type::Number, "Counts changes.")
                },
                computed("status", status, "What is observed."),
            ],
            blocks: vec![nested("job", Nesting::Single, job), nested("rule", Nesting::List, rule)],
            ..Block::default()
        },
    }
}

fn page(schema: &Schema) -> Page<'_> {
    Page {
        kind: Kind::Resource,
        name: "example_cluster",
        provider: "example",
        subcategory: "Clusters",
        summary: "Runs a cluster with\n`job`s, see [the guide](https://example.com).\n\nIt keeps their state.",
        schema,
        example: None,
        import: Import::default(),
    }
}

#[test]
fn a_resource_with_everything() {
    let schema = cluster();
    let example = "resource \"example_cluster\" \"a\" {\n  name = \"a\"   \n}\n\n";
    let import = Import {
        identity: Some("import {\n  to       = example_cluster.a\n  identity = { name = \"a\" }\n}"),
        id: Some("import {\n  to = example_cluster.a\n  id = \"a\"\n}\n"),
        command: Some("terraform import example_cluster.a a\n"),
    };
    let text = render(&Page {
        example: Some(example),
        import,
        ..page(&schema)
    })
    .unwrap();
    insta::assert_snapshot!("resource", text);
}

#[test]
fn a_provider_and_a_data_source() {
    let schema = Schema {
        version: 0,
        block: Block {
            deprecated: Some("Use another\none.".into()),
            attributes: vec![optional("host", Type::String, "")],
            ..Block::default()
        },
    };
    let provider = Page {
        kind: Kind::Provider,
        name: "example",
        subcategory: "",
        ..page(&schema)
    };
    insta::assert_snapshot!("provider", render(&provider).unwrap());
    let data_source = Page {
        kind: Kind::DataSource,
        subcategory: "say \"a\"",
        ..page(&schema)
    };
    insta::assert_snapshot!("data_source", render(&data_source).unwrap());
}

#[test]
fn pages_are_clean_and_every_link_has_its_anchor() {
    let schema = cluster();
    let text = render(&page(&schema)).unwrap();
    assert!(
        text.lines().all(|line| line == line.trim_end()),
        "no trailing white space"
    );
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    assert!(!text.contains("\n\n\n"), "no double empty lines");
    for link in text.split("(#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        assert_eq!(text.matches(&format!("<a id=\"{anchor}\"></a>")).count(), 1, "{anchor}");
    }
}

#[test]
fn a_page_that_the_registry_would_not_show_is_refused() {
    let schema = Schema {
        version: 0,
        block: Block {
            attributes: vec![attribute("name", Type::String, &"long ".repeat(100_000))],
            ..Block::default()
        },
    };
    let error = render(&page(&schema)).unwrap_err();
    assert!(error.bytes > MAX_PAGE_BYTES);
    assert!(
        error.to_string().starts_with("the page of example_cluster has 500"),
        "{error}"
    );
}

#[test]
fn members_of_an_object_are_described_where_a_struct_does() {
    let ty = Type::list(Type::Object([("name".to_owned(), Type::String)].into()));
    let members = Block {
        attributes: vec![attribute("name", Type::String, "Name of the vertex.")],
        ..Block::default()
    };
    let vertices = Attribute {
        members: Some(Box::new(members)),
        ..computed("vertices", ty, "The steps of the job.")
    };
    let schema = Schema {
        version: 0,
        block: Block {
            attributes: vec![vertices],
            ..Block::default()
        },
    };
    let page = Page {
        kind: Kind::DataSource,
        name: "flink_job",
        provider: "flink",
        subcategory: "",
        summary: "A job.",
        schema: &schema,
        example: None,
        import: Import::default(),
    };
    let page = render(&page).unwrap();
    assert!(page.contains("- `name` (String) Name of the vertex."), "{page}");
}
