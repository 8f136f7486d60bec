//! Writing, straight into the text.

use super::{index_step, type_to_json};
use crate::encoding::{EncodeError, EncodeFault, MAX_DEPTH, shown};
use crate::path::Step;
use crate::ty::Type;
use crate::value::Value;

pub(super) fn write(out: &mut String, value: &Value, ty: &Type, depth: usize) -> Result<(), EncodeError> {
    if depth > MAX_DEPTH {
        return Err(EncodeError::here(EncodeFault::TooDeep));
    }
    match (ty, value) {
        (_, Value::Null) => out.push_str("null"),
        (_, Value::Unknown) => return Err(EncodeError::here(EncodeFault::Unknown)),
        (Type::Bool, Value::Bool(value)) => out.push_str(if *value { "true" } else { "false" }),
        (Type::Number, Value::Number(number)) => out.push_str(&number.to_string()),
        (Type::String, Value::String(text)) => write_text(out, text),
        (Type::List(element), Value::List(elements)) => {
            write_array(out, elements, |out, index, value| {
                write(out, value, element, depth + 1).map_err(|error| error.inside(index_step(index)))
            })?;
        }
        (Type::Set(element), Value::Set(elements)) => {
            write_array(out, elements, |out, _, value| write(out, value, element, depth + 1))?;
        }
        (Type::Tuple(types), Value::List(elements)) if types.len() != elements.len() => {
            let fault = EncodeFault::TupleLength {
                expected: types.len(),
                found: elements.len(),
            };
            return Err(EncodeError::here(fault));
        }
        (Type::Tuple(types), Value::List(elements)) => {
            write_array(out, elements, |out, index, value| {
                let ty = types.get(index).unwrap_or(&Type::Dynamic);
                write(out, value, ty, depth + 1).map_err(|error| error.inside(index_step(index)))
            })?;
        }
        (Type::Map(element), Value::Map(members)) => write_members(out, members.iter(), |out, key, value| {
            write(out, value, element, depth + 1).map_err(|error| error.inside(Step::Key(key.to_owned())))
        })?,
        (Type::Object(types), Value::Map(members)) => {
            if let Some(name) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err(EncodeError::here(EncodeFault::ExtraAttribute(shown(name))));
            }
            write_members(out, types.iter(), |out, name, ty| match members.get(name) {
                Some(value) => {
                    write(out, value, ty, depth + 1).map_err(|error| error.inside(Step::Name(name.to_owned())))
                }
                None => Err(EncodeError::here(EncodeFault::MissingAttribute(shown(name)))),
            })?;
        }
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = typed.as_ref();
            if *ty == Type::Dynamic {
                return write(out, value, ty, depth + 1);
            }
            out.push_str("{\"value\":");
            write(out, value, ty, depth + 1)?;
            out.push_str(",\"type\":");
            out.push_str(&type_to_json(ty));
            out.push('}');
        }
        _ => return Err(EncodeError::wrong_kind(ty, value)),
    }
    Ok(())
}

fn write_array(
    out: &mut String,
    elements: &[Value],
    mut element: impl FnMut(&mut String, usize, &Value) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push('[');
    for (index, value) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        element(out, index, value)?;
    }
    out.push(']');
    Ok(())
}

fn write_members<'a, T: 'a>(
    out: &mut String,
    members: impl Iterator<Item = (&'a String, &'a T)>,
    mut member: impl FnMut(&mut String, &str, &T) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push('{');
    for (index, (name, of)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        member(out, name, of)?;
    }
    out.push('}');
    Ok(())
}

pub(super) fn write_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
