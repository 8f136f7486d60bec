//! No plan that the schema alone makes breaks a rule, whatever the configuration and the state before.

use proptest::prelude::*;
use proptest::strategy::Union;
use terraform_schema::schema::{Members, Semantics};
use terraform_schema::{Type, plan};

use super::*;

fn attribute(name: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        required: false,
        optional: true,
        ..Attribute::new(Type::String, Semantics::meaning(same_letter, "compared without case"))
    }
}

/// `a` and `A` mean the same.
fn same_letter(a: &Value, b: &Value) -> bool {
    a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase)
}

/// One of each kind of attribute; `flat` for what a SET block may not hold.
fn attributes(flat: bool) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute {
            required: true,
            optional: false,
            requires_replace: true,
            ..attribute("required")
        },
        attribute("optional"),
        Attribute {
            ty: Type::list(Type::String),
            ..attribute("listed")
        },
    ];
    if !flat {
        attributes.extend([
            Attribute {
                computed: true,
                ..attribute("either")
            },
            Attribute {
                computed: true,
                assumed: Some("a".into()),
                ..attribute("assumed")
            },
            Attribute {
                optional: false,
                computed: true,
                ..attribute("fact")
            },
            Attribute {
                optional: false,
                computed: true,
                stable: true,
                ..attribute("stable")
            },
            Attribute {
                write_only: true,
                ..attribute("secret")
            },
            Attribute {
                ty: Type::Dynamic,
                ..attribute("dynamic")
            },
        ]);
    }
    attributes
}

fn nested(name: &str, nesting: Nesting, blocks: Vec<NestedBlock>) -> NestedBlock {
    NestedBlock {
        name: name.to_owned(),
        nesting,
        required: false,
        requires_replace: false,
        update_class: None,
        remote: None,
        block: Block {
            attributes: attributes(nesting == Nesting::Set),
            blocks,
            ..Block::default()
        },
    }
}

fn block() -> Block {
    let deep = vec![
        nested("one", Nesting::Single, Vec::new()),
        nested("many", Nesting::List, Vec::new()),
    ];
    Block {
        attributes: attributes(false),
        blocks: vec![
            nested("single", Nesting::Single, deep.clone()),
            nested("list", Nesting::List, deep),
            nested("set", Nesting::Set, Vec::new()),
        ],
        ..Block::default()
    }
}

/// What an attribute can hold: in a configuration it may be unknown, and facts are unset; in a state secrets are.
fn any_value(attribute: &Attribute, config: bool) -> BoxedStrategy<Value> {
    if (config && !attribute.is_input()) || (!config && attribute.write_only) {
        return Just(Value::Null).boxed();
    }
    let text = prop_oneof![Just("a"), Just("A"), Just("b")].prop_map(Value::from);
    let mut choices = if attribute.ty == Type::Dynamic {
        vec![
            text.prop_map(|text| Value::Dynamic(Box::new((Type::String, text))))
                .boxed(),
            Just(Value::Dynamic(Box::new((Type::Bool, Value::Null)))).boxed(),
        ]
    } else if attribute.ty == Type::String {
        vec![text.boxed()]
    } else {
        vec![prop::collection::vec(text, 0..3).prop_map(Value::List).boxed()]
    };
    if !attribute.required {
        choices.push(Just(Value::Null).boxed());
    }
    if config {
        choices.push(Just(Value::Unknown).boxed());
    }
    Union::new(choices).boxed()
}

fn any_object(block: &Block, config: bool) -> BoxedStrategy<Value> {
    let mut members: Vec<BoxedStrategy<(String, Value)>> = Vec::new();
    for attribute in &block.attributes {
        let name = attribute.name.clone();
        members.push(
            any_value(attribute, config)
                .prop_map(move |value| (name.clone(), value))
                .boxed(),
        );
    }
    for nested in &block.blocks {
        let name = nested.name.clone();
        let one = any_object(&nested.block, config);
        let value = match nested.nesting {
            Nesting::Single => prop_oneof![Just(Value::Null), one].boxed(),
            Nesting::List => prop::collection::vec(one, 0..3).prop_map(Value::List).boxed(),
            Nesting::Set => prop::collection::vec(one, 0..3).prop_map(Value::Set).boxed(),
        };
        // A `dynamic` block over something unknown.
        let value = if config {
            prop_oneof![9 => value, 1 => Just(Value::Unknown)].boxed()
        } else {
            value
        };
        members.push(value.prop_map(move |value| (name.clone(), value)).boxed());
    }
    members
        .prop_map(|members| Value::Map(members.into_iter().collect::<Members>()))
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_from_the_schema_keeps_every_rule(
        config in any_object(&block(), true),
        prior in any_object(&block(), false),
        create: bool,
    ) {
        let block = block();
        let prior = if create { Value::Null } else { prior };
        let made = plan(&block, &config, &prior);
        let breaches = super::plan(&block, &config, &prior, &made.planned);
        prop_assert!(breaches.is_empty(), "{breaches:#?}");
        let again = plan(&block, &config, &prior);
        prop_assert_eq!(made.planned, again.planned);
    }
}
