//! Makes one state of several views: what was planned and what the provider returned, what state holds and what is
//! there. Terraform refuses a result that contradicts its plan, and a spelling of the server's is not a change.

use crate::path::AttributePath;
use crate::plan::block_means_same;
use crate::schema::{Attribute, Block, Members, NestedBlock, Nesting};
use crate::ty::Type;
use crate::value::Value;

/// The state after apply.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What goes into state: wholly known, and equal to the plan wherever the plan was known.
    pub state: Value,
    /// Inputs for which the provider returned another meaning than was planned, or nothing where it had to decide. Bugs of the provider, to be logged.
    pub mismatches: Vec<AttributePath>,
}

/// Joins a planned state with what the provider returned: the plan wins wherever it knew a value.
pub fn applied(block: &Block, planned: &Value, returned: &Value) -> Applied {
    let mut mismatches = Vec::new();
    let state = applied_block(block, planned, returned, &AttributePath::root(), &mut mismatches);
    Applied { state, mismatches }
}

fn applied_block(
    block: &Block,
    planned: &Value,
    returned: &Value,
    path: &AttributePath,
    mismatches: &mut Vec<AttributePath>,
) -> Value {
    let mut members = Members::new();
    for attribute in &block.attributes {
        let (planned, returned) = (planned.member(&attribute.name), returned.member(&attribute.name));
        let at = path.name(&attribute.name);
        if planned.is_wholly_known() {
            // Facts move while an apply runs; only inputs must come back as they were planned.
            if attribute.is_input() && !attribute.write_only && !attribute.means_same(planned, returned) {
                mismatches.push(at);
            }
            members.insert(attribute.name.clone(), planned.clone());
        } else {
            let value = fill(planned, returned);
            if !value.is_wholly_known() {
                mismatches.push(at);
            }
            members.insert(attribute.name.clone(), known_or_null(value));
        }
    }
    for nested in &block.blocks {
        let (planned, returned) = (planned.member(&nested.name), returned.member(&nested.name));
        let at = path.name(&nested.name);
        let value = match (planned, planned.as_elements()) {
            (Value::Null, _) => planned.clone(),
            (Value::Unknown, _) => known_or_null(returned.clone()),
            (_, Some(elements)) => {
                let back = returned.as_elements().unwrap_or_default();
                let elements = elements.iter().enumerate().map(|(index, element)| {
                    let back = back.get(index).unwrap_or(&Value::Null);
                    applied_block(&nested.block, element, back, &at.index(index), mismatches)
                });
                same_collection(nested.nesting, elements.collect())
            }
            (_, None) => applied_block(&nested.block, planned, returned, &at, mismatches),
        };
        members.insert(nested.name.clone(), value);
    }
    Value::Map(members)
}

/// `planned` with its unknown parts taken from `returned`.
fn fill(planned: &Value, returned: &Value) -> Value {
    match (planned, returned) {
        (Value::Map(planned), Value::Map(returned)) => Value::Map(
            planned
                .iter()
                .map(|(name, planned)| (name.clone(), fill(planned, returned.get(name).unwrap_or(&Value::Null))))
                .collect(),
        ),
        (Value::List(planned), Value::List(returned)) if planned.len() == returned.len() => Value::List(
            planned
                .iter()
                .zip(returned)
                .map(|(planned, returned)| fill(planned, returned))
                .collect(),
        ),
        _ => returned.clone(),
    }
}

/// The value with everything unknown in it made null: state holds no unknown values.
fn known_or_null(value: Value) -> Value {
    if value.is_wholly_known() {
        return value;
    }
    match value {
        Value::List(elements) => Value::List(elements.into_iter().map(known_or_null).collect()),
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, value)| (name, known_or_null(value)))
                .collect(),
        ),
        Value::Null
        | Value::Unknown
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Set(_)
        | Value::Dynamic(_) => Value::Null,
    }
}

/// The state that a read finds: what is live, in the spelling that state already has wherever that means the same.
///
/// Every field that prior state sets is compared, whoever owns it now. A field that prior state does not set is taken
/// over only where `owned` says that it is ours (by its path in the configuration): what others add to the object is
/// not drift. Without prior state (import) everything `owned` counts.
pub fn read(block: &Block, prior: &Value, live: &Value, owned: &dyn Fn(&AttributePath) -> bool) -> Value {
    read_block(block, prior, live, owned, &AttributePath::root())
}

fn read_block(
    block: &Block,
    prior: &Value,
    live: &Value,
    owned: &dyn Fn(&AttributePath) -> bool,
    path: &AttributePath,
) -> Value {
    let mut members = Members::new();
    for attribute in &block.attributes {
        let name = &attribute.name;
        let value = read_attribute(
            attribute,
            prior.member(name),
            live.member(name),
            owned,
            &path.name(name),
        );
        members.insert(name.clone(), value);
    }
    for nested in &block.blocks {
        let name = &nested.name;
        let value = read_nested(nested, prior.member(name), live.member(name), owned, &path.name(name));
        members.insert(name.clone(), value);
    }
    Value::Map(members)
}

fn read_attribute(
    attribute: &Attribute,
    prior: &Value,
    live: &Value,
    owned: &dyn Fn(&AttributePath) -> bool,
    path: &AttributePath,
) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    // What the remote side does not have (a timeout, a force flag) is only in state. Facts are always the live ones.
    if !attribute.is_input() {
        return live.clone();
    }
    if attribute.remote.is_none() {
        return if live.is_null() { prior.clone() } else { live.clone() };
    }
    if attribute.means_same(prior, live) {
        return prior.clone();
    }
    if let (Type::Map(_), Value::Map(found)) = (&attribute.ty, live) {
        let known = prior.as_map();
        let ours: Members = found
            .iter()
            .filter(|(key, _)| known.is_some_and(|known| known.contains_key(*key)) || owned(&path.key(*key)))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if ours.is_empty() && prior.is_null() {
            return Value::Null;
        }
        let ours = Value::Map(ours);
        return if attribute.means_same(prior, &ours) {
            prior.clone()
        } else {
            ours
        };
    }
    if prior.is_null() && !owned(path) {
        Value::Null
    } else {
        live.clone()
    }
}

fn read_nested(
    nested: &NestedBlock,
    prior: &Value,
    live: &Value,
    owned: &dyn Fn(&AttributePath) -> bool,
    path: &AttributePath,
) -> Value {
    // Blocks that only Terraform knows, such as `timeouts`.
    if nested.remote.is_none() {
        return if prior.is_null() && nested.nesting != Nesting::Single {
            nested.absent()
        } else {
            prior.clone()
        };
    }
    match nested.nesting {
        Nesting::Single => {
            if live.is_null() {
                return Value::Null;
            }
            let read = read_block(&nested.block, prior, live, owned, path);
            // A block of which nothing is ours is somebody else's, or a default of the server.
            if prior.is_null() && !owned(path) && is_empty(&nested.block, &read) {
                Value::Null
            } else {
                read
            }
        }
        Nesting::List | Nesting::Set => {
            let found = live.as_elements().unwrap_or_default();
            let before = prior.as_elements().unwrap_or_default();
            if before.is_empty() && !owned(path) {
                return nested.absent();
            }
            let elements = found.iter().enumerate().map(|(index, element)| {
                let before = match nested.nesting {
                    Nesting::Set => before
                        .iter()
                        .find(|before| block_means_same(&nested.block, before, element)),
                    Nesting::Single | Nesting::List => before.get(index),
                };
                // Elements of a list are one field to the server: whoever owns the list owns all of it.
                read_block(
                    &nested.block,
                    before.unwrap_or(&Value::Null),
                    element,
                    &|_| true,
                    &path.index(index),
                )
            });
            same_collection(nested.nesting, elements.collect())
        }
    }
}

fn is_empty(block: &Block, value: &Value) -> bool {
    block
        .attributes
        .iter()
        .all(|attribute| value.member(&attribute.name).is_null())
        && block
            .blocks
            .iter()
            .all(|nested| *value.member(&nested.name) == nested.absent())
}

fn same_collection(nesting: Nesting, elements: Vec<Value>) -> Value {
    match nesting {
        Nesting::Set => Value::Set(elements),
        Nesting::Single | Nesting::List => Value::List(elements),
    }
}

#[cfg(test)]
mod tests;
