//! Small transformations of a resource's value that several calls need.

use terraform_schema::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Nesting, Value};

/// A planned state with the write-only values of the configuration: what a resource gets to write.
pub(crate) fn with_write_only(block: &Block, planned: &Value, config: &Value) -> Value {
    let Value::Map(members) = planned else {
        return planned.clone();
    };
    let mut members = members.clone();
    for attribute in block.attributes.iter().filter(|attribute| attribute.write_only) {
        members.insert(attribute.name.clone(), config.member(&attribute.name).clone());
    }
    for nested in &block.blocks {
        let config = config.member(&nested.name);
        let Some(planned) = members.get_mut(&nested.name) else {
            continue;
        };
        match (&mut *planned, nested.nesting) {
            (Value::Map(_), Nesting::Single) => *planned = with_write_only(&nested.block, planned, config),
            (Value::List(elements), Nesting::List) => {
                let configured = config.as_elements().unwrap_or_default();
                for (element, config) in elements.iter_mut().zip(configured) {
                    *element = with_write_only(&nested.block, element, config);
                }
            }
            // Absent, unknown, or a set, which holds no write-only attribute.
            _ => {}
        }
    }
    Value::Map(members)
}

/// Which write-only attributes a value sets.
pub(crate) fn write_only_set(block: &Block, value: &Value) -> Vec<AttributePath> {
    attributes_where(block, value, &|attribute, value| {
        attribute.write_only && !value.is_null()
    })
}

/// The paths of all attributes in a value for which something holds, elements of nested blocks each by themselves.
pub(crate) fn attributes_where(
    block: &Block,
    value: &Value,
    holds: &dyn Fn(&Attribute, &Value) -> bool,
) -> Vec<AttributePath> {
    let mut found = Vec::new();
    walk(block, value, &AttributePath::root(), holds, &mut found);
    found
}

fn walk(
    block: &Block,
    value: &Value,
    path: &AttributePath,
    holds: &dyn Fn(&Attribute, &Value) -> bool,
    found: &mut Vec<AttributePath>,
) {
    for attribute in &block.attributes {
        if holds(attribute, value.member(&attribute.name)) {
            found.push(path.name(&attribute.name));
        }
    }
    for nested in &block.blocks {
        let (value, at) = (value.member(&nested.name), path.name(&nested.name));
        match value.as_elements() {
            Some(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    walk(&nested.block, element, &at.index(index), holds, found);
                }
            }
            None if value.as_map().is_some() => walk(&nested.block, value, &at, holds, found),
            None => {}
        }
    }
}

/// The value with everything unknown in it made null: no state holds anything unknown.
pub(crate) fn unknown_as_null(value: Value) -> Value {
    match value {
        Value::Unknown => Value::Null,
        Value::List(elements) => Value::List(elements.into_iter().map(unknown_as_null).collect()),
        Value::Set(elements) => Value::Set(elements.into_iter().map(unknown_as_null).collect()),
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, value)| (name, unknown_as_null(value)))
                .collect(),
        ),
        Value::Dynamic(typed) => {
            let (ty, value) = *typed;
            Value::Dynamic(Box::new((ty, unknown_as_null(value))))
        }
        known @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => known,
    }
}

/// A state fit to be stored: nothing unknown, nothing write-only, every member there, and absent nested blocks empty
/// where Terraform wants them empty.
pub(crate) fn storable(block: &Block, state: Value) -> Value {
    let mut state = block.complete(unknown_as_null(state));
    forget_write_only(block, &mut state);
    state
}

fn forget_write_only(block: &Block, value: &mut Value) {
    match value {
        Value::List(elements) | Value::Set(elements) => {
            elements
                .iter_mut()
                .for_each(|element| forget_write_only(block, element));
        }
        Value::Map(members) => {
            for attribute in block.attributes.iter().filter(|attribute| attribute.write_only) {
                members.insert(attribute.name.clone(), Value::Null);
            }
            for nested in &block.blocks {
                if let Some(value) = members.get_mut(&nested.name) {
                    forget_write_only(&nested.block, value);
                }
            }
        }
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Dynamic(_) => {}
    }
}

/// Whether an identity says something else than before. Attributes that one side leaves out do not count: an import may
/// leave them out, and an older version of the provider may not have had them.
pub(crate) fn identity_differs(before: &Value, after: &Value) -> bool {
    let (Some(before), Some(after)) = (before.as_map(), after.as_map()) else {
        return false;
    };
    before.iter().any(|(name, before)| {
        after
            .get(name)
            .is_some_and(|after| !before.is_null() && !after.is_null() && before != after)
    })
}

/// An identity as one would write it in an import block, for messages: `namespace = "default", name = "orders"`.
pub(crate) fn identity_text(identity: &Value) -> String {
    let Some(members) = identity.as_map() else {
        return "nothing".to_owned();
    };
    let parts: Vec<String> = members
        .iter()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some(format!("{name} = \"{text}\"")),
            Value::Number(number) => Some(format!("{name} = {number}")),
            Value::Bool(value) => Some(format!("{name} = {value}")),
            Value::Null | Value::Unknown | Value::List(_) | Value::Set(_) | Value::Map(_) | Value::Dynamic(_) => None,
        })
        .collect();
    parts.join(", ")
}

/// The errors of a failed call, with one added where the resource failed without saying why.
pub(crate) fn failure(rpc: &str, problems: Diagnostics) -> Diagnostics {
    if problems.has_errors() {
        return problems;
    }
    let mut problems = problems;
    problems.push(Diagnostic::bug(format!("{rpc} failed without an error message.")));
    problems
}
