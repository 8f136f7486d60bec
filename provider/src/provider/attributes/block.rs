//! The provider block: every attribute of it reaches what resources get.

use terraform_schema::{Attribute, Model, Nesting, Type};

use super::*;

#[test]
fn every_attribute_of_the_block_reaches_the_resources() {
    let block = ProviderConfig::block();
    for (path, _, _) in block.walk() {
        // Where something else of the connection is unknown, nothing is said about mistakes in the rest of it.
        let unknown = if path.to_string() == "host" {
            "config_path"
        } else {
            "host"
        };
        let before = with(
            &block,
            &block.empty_value(),
            &AttributePath::of([unknown]),
            Some(Value::Unknown),
        );
        let without = with(&block, &before, &path, None);
        let set = with(&block, &before, &path, Some(Value::Null));
        assert!(
            configured(&set) != configured(&without),
            "`{path}` of the provider block changes nothing"
        );
    }
}

/// What resources get, as text. Secrets are masked in it, but whether there is one can be seen.
fn configured(config: &Value) -> String {
    let configured = provider().configure(View::of(config), &Warnings::default());
    let configured = configured.unwrap_or_else(|problems| panic!("{config:?}: {problems:?}"));
    assert!(!configured.is_known());
    format!("{:?}", configured.data())
}

/// An object of a block in which the blocks on the way to `path` are there, and the attribute at its end is left alone
/// (`None`), is any value (null) or this one.
fn with(block: &Block, object: &Value, path: &AttributePath, value: Option<Value>) -> Value {
    let mut members = object.as_map().cloned().unwrap_or_default();
    let Some(Step::Name(name)) = path.steps().first() else {
        return object.clone();
    };
    if let Some(attribute) = block.attribute(name) {
        match value {
            Some(Value::Null) => members.insert(name.clone(), any_value(attribute)),
            Some(value) => members.insert(name.clone(), value),
            None => None,
        };
    } else if let Some(nested) = block.nested(name) {
        let rest = path.steps()[1..].iter().filter_map(|step| match step {
            Step::Name(name) => Some(name.clone()),
            Step::Key(_) | Step::Index(_) => None,
        });
        let empty = required(&nested.block);
        let inside = with(&nested.block, &empty, &AttributePath::of(rest), value);
        let value = match nested.nesting {
            Nesting::Single => inside,
            Nesting::List => Value::List(vec![inside]),
            Nesting::Set => Value::Set(vec![inside]),
        };
        members.insert(name.clone(), value);
    }
    Value::Map(members)
}

/// The object in which only what must be there is there: as little as it can be.
fn required(block: &Block) -> Value {
    let mut members = block.empty_value().as_map().cloned().unwrap_or_default();
    for attribute in block.attributes.iter().filter(|attribute| attribute.required) {
        members.insert(attribute.name.clone(), least_value(&attribute.ty));
    }
    Value::Map(members)
}

fn least_value(ty: &Type) -> Value {
    match ty {
        Type::Bool => false.into(),
        Type::Number => 0.into(),
        Type::String | Type::Dynamic => "".into(),
        Type::List(_) | Type::Tuple(_) => Value::List(Vec::new()),
        Type::Set(_) => Value::Set(Vec::new()),
        Type::Map(_) | Type::Object(_) => Value::Map(Default::default()),
    }
}

fn any_value(attribute: &Attribute) -> Value {
    match (&attribute.ty, attribute.choices.first()) {
        (_, Some(choice)) => choice.value.as_str().into(),
        (Type::Bool, _) => true.into(),
        (Type::Number, _) => 7.into(),
        (Type::List(_), _) => Value::List(vec!["value".into()]),
        (Type::Set(_), _) => Value::Set(vec!["value".into()]),
        (Type::Map(_), _) => Value::map([("key", Value::from("value"))]),
        (Type::String | Type::Dynamic | Type::Object(_) | Type::Tuple(_), _) => "value".into(),
    }
}
