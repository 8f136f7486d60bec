//! The MessagePack form of values, as Terraform and providers exchange it: guided by a type, because the bytes alone
//! do not tell a list from a set or a map from an object.
//!
//! | value | bytes |
//! |---|---|
//! | null | nil |
//! | unknown | any extension when read (refinements are dropped); written as `d4 00 00` |
//! | number | an integer within 64 bits, a float that holds a fraction exactly, else decimal text |
//! | list, set, tuple | array |
//! | map, object | map; an object has exactly the attributes of its type |
//! | dynamic | array of two: the type as JSON in binary, the value; untyped null and unknown stand alone |

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rmp::encode::{self, ByteBuf};

pub use crate::encoding::{DecodeError, EncodeError};
use crate::encoding::{EncodeFault, MAX_DEPTH, shown};
use crate::json::type_to_json;
use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::Value;

/// An unknown value without refinements: extension type 0 with one byte of data. A refinement that a plan repeats
/// would bind the apply.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// Reads a value of that type. Text and keys are brought to normal form C. How long the bytes may be is the
/// transport's business; no more memory is taken than they can fill.
///
/// # Errors
/// The bytes are not one value of that type, or it has more than [`MAX_DEPTH`] levels.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    read::whole(bytes, ty)
}

/// Writes a value of that type, byte for byte as Terraform does.
///
/// # Errors
/// The value is not of that type, or has more than [`MAX_DEPTH`] levels.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, EncodeError> {
    let mut out = ByteBuf::new();
    write(&mut out, value, ty, 0)?;
    Ok(out.into_vec())
}

fn write(out: &mut ByteBuf, value: &Value, ty: &Type, depth: usize) -> Result<(), EncodeError> {
    if depth > MAX_DEPTH {
        return Err(EncodeError::here(EncodeFault::TooDeep));
    }
    match (ty, value) {
        (_, Value::Null) => {
            let Ok(()) = encode::write_nil(out);
        }
        (_, Value::Unknown) => out.as_mut_vec().extend(UNKNOWN),
        (Type::Bool, Value::Bool(value)) => {
            let Ok(()) = encode::write_bool(out, *value);
        }
        (Type::Number, Value::Number(number)) => write_number(out, number)?,
        (Type::String, Value::String(text)) => write_text(out, text)?,
        (Type::List(element), Value::List(elements)) => {
            write_array_len(out, elements.len())?;
            for (index, value) in elements.iter().enumerate() {
                write(out, value, element, depth + 1).map_err(|error| error.inside(index_step(index)))?;
            }
        }
        (Type::Set(element), Value::Set(elements)) => {
            write_array_len(out, elements.len())?;
            for value in elements {
                write(out, value, element, depth + 1)?;
            }
        }
        (Type::Map(element), Value::Map(members)) => {
            write_map_len(out, members.len())?;
            for (key, value) in members {
                write_text(out, key)?;
                write(out, value, element, depth + 1).map_err(|error| error.inside(Step::Key(key.clone())))?;
            }
        }
        (Type::Object(types), Value::Map(members)) => write_object(out, members, types, depth)?,
        (Type::Tuple(types), Value::List(elements)) => write_tuple(out, elements, types, depth)?,
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = typed.as_ref();
            write_dynamic(out, value, ty, depth)?;
        }
        _ => return Err(EncodeError::wrong_kind(ty, value)),
    }
    Ok(())
}

fn write_object(
    out: &mut ByteBuf,
    members: &BTreeMap<String, Value>,
    types: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<(), EncodeError> {
    if let Some(name) = members.keys().find(|name| !types.contains_key(*name)) {
        return Err(EncodeError::here(EncodeFault::ExtraAttribute(shown(name))));
    }
    write_map_len(out, types.len())?;
    for (name, ty) in types {
        let Some(value) = members.get(name) else {
            return Err(EncodeError::here(EncodeFault::MissingAttribute(shown(name))));
        };
        write_text(out, name)?;
        write(out, value, ty, depth + 1).map_err(|error| error.inside(Step::Name(name.clone())))?;
    }
    Ok(())
}

fn write_tuple(out: &mut ByteBuf, elements: &[Value], types: &[Type], depth: usize) -> Result<(), EncodeError> {
    if elements.len() != types.len() {
        let fault = EncodeFault::TupleLength {
            expected: types.len(),
            found: elements.len(),
        };
        return Err(EncodeError::here(fault));
    }
    write_array_len(out, elements.len())?;
    for (index, (value, ty)) in elements.iter().zip(types).enumerate() {
        write(out, value, ty, depth + 1).map_err(|error| error.inside(index_step(index)))?;
    }
    Ok(())
}

fn write_dynamic(out: &mut ByteBuf, value: &Value, ty: &Type, depth: usize) -> Result<(), EncodeError> {
    if *ty == Type::Dynamic {
        // The wire knows no value whose own type is dynamic: only null, unknown, or a value with another type.
        return write(out, value, ty, depth + 1);
    }
    write_array_len(out, 2)?;
    let ty_json = type_to_json(ty);
    length(ty_json.len())?;
    let Ok(()) = encode::write_bin(out, ty_json.as_bytes());
    write(out, value, ty, depth + 1)
}

fn write_number(out: &mut ByteBuf, number: &Number) -> Result<(), EncodeError> {
    if let Some(integer) = number.as_i64() {
        let Ok(_) = encode::write_sint(out, integer);
    } else if let Some(float) = number.as_binary_f64().filter(|float| float.fract() != 0.0) {
        let Ok(()) = encode::write_f64(out, float);
    } else {
        write_text(out, &number.to_string())?;
    }
    Ok(())
}

fn write_text(out: &mut ByteBuf, text: &str) -> Result<(), EncodeError> {
    length(text.len())?;
    let Ok(()) = encode::write_str(out, text);
    Ok(())
}

fn write_array_len(out: &mut ByteBuf, len: usize) -> Result<(), EncodeError> {
    let Ok(_) = encode::write_array_len(out, length(len)?);
    Ok(())
}

fn write_map_len(out: &mut ByteBuf, len: usize) -> Result<(), EncodeError> {
    let Ok(_) = encode::write_map_len(out, length(len)?);
    Ok(())
}

fn length(len: usize) -> Result<u32, EncodeError> {
    u32::try_from(len).map_err(|_| EncodeError::here(EncodeFault::TooLong))
}

fn index_step(index: usize) -> Step {
    Step::Index(i64::try_from(index).unwrap_or(i64::MAX))
}
