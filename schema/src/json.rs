//! The JSON form of types, and of values in stored state: guided by a type, as the MessagePack form is.
//!
//! Numbers keep all their digits both ways. A dynamic value is `{"value": …, "type": …}`. There is no unknown value.
//! What earlier versions stored is read as Terraform does: attributes that are not there are null, and text, numbers
//! and bools stand for one another where they read as what the type asks for.

#[cfg(test)]
mod tests;
mod types;
mod write;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

pub use self::types::{TypeError, type_from_json, type_to_json};
pub use crate::encoding::{DecodeError, EncodeError};
use crate::encoding::{DecodeFault, MAX_DEPTH, shown};
use crate::path::Step;
use crate::schema::Block;
use crate::ty::Type;
use crate::value::Value;

/// What becomes of attributes that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraAttributes {
    /// They are an error.
    Refuse,
    /// They are dropped: state of a version that had more of them.
    Ignore,
}

/// Reads a stored object of a block. Attributes that are not there are null; nested blocks that are not there are null or
/// empty, as Terraform has them where there are none.
///
/// # Errors
/// As for [`decode`].
pub fn decode_block(json: impl AsRef<[u8]>, block: &Block, extra: ExtraAttributes) -> Result<Value, DecodeError> {
    Ok(block.complete(decode(json, &block.implied_type(), extra)?))
}

/// Reads a stored value of that type. Attributes that are not there are null; a type does not tell blocks from
/// attributes, [`decode_block`] does. Text and keys are brought to normal form C.
///
/// # Errors
/// The text is not JSON, or not a value of that type, or has more than [`MAX_DEPTH`] levels.
pub fn decode(json: impl AsRef<[u8]>, ty: &Type, extra: ExtraAttributes) -> Result<Value, DecodeError> {
    let raw: &RawValue = parse(json.as_ref())?;
    Reader { extra }.value(raw, ty, 0)
}

/// Writes a value of that type as state stores it.
///
/// # Errors
/// The value is not of that type, something in it is unknown, or it has more than [`MAX_DEPTH`] levels.
pub fn encode(value: &Value, ty: &Type) -> Result<String, EncodeError> {
    let mut out = String::new();
    write::write(&mut out, value, ty, 0)?;
    Ok(out)
}

struct Reader {
    extra: ExtraAttributes,
}

/// Each level is parsed for itself, with its members left raw: that keeps the digits of numbers, lets the type of a
/// dynamic value come after the value, and bounds the depth here instead of in the parser.
impl Reader {
    fn value(&self, raw: &RawValue, ty: &Type, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::here(DecodeFault::TooDeep));
        }
        let kind = Kind::of(raw);
        match (ty, kind) {
            (_, Kind::Null) => Ok(Value::Null),
            (Type::Dynamic, Kind::Object) => self.dynamic(raw, depth),
            (Type::Bool, Kind::Bool) => Ok(Value::Bool(raw.get() == "true")),
            (Type::Bool, Kind::String) => match text(raw)?.as_str() {
                "true" | "1" => Ok(Value::Bool(true)),
                "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(DecodeError::wrong_kind(ty, kind.name())),
            },
            (Type::Number, Kind::Number) => raw
                .get()
                .parse()
                .map(Value::Number)
                .map_err(|_| DecodeError::here(DecodeFault::NotANumber)),
            (Type::Number, Kind::String) => text(raw)?
                .parse()
                .map(Value::Number)
                .map_err(|_| DecodeError::wrong_kind(ty, kind.name())),
            (Type::String, Kind::String) => text(raw).map(Value::string),
            (Type::String, Kind::Number | Kind::Bool) => Ok(Value::string(raw.get())),
            (Type::List(element), Kind::Array) => {
                let element = |(index, raw)| {
                    self.value(raw, element, depth + 1)
                        .map_err(|error| error.inside(index_step(index)))
                };
                let elements: Vec<&RawValue> = parse(raw.get().as_bytes())?;
                elements
                    .into_iter()
                    .enumerate()
                    .map(element)
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            (Type::Set(element), Kind::Array) => {
                let elements: Vec<&RawValue> = parse(raw.get().as_bytes())?;
                let elements = elements.into_iter().map(|raw| self.value(raw, element, depth + 1));
                elements.collect::<Result<_, _>>().map(Value::Set)
            }
            (Type::Tuple(types), Kind::Array) => self.tuple(raw, types, depth),
            (Type::Map(element), Kind::Object) => {
                let member = |(key, raw): (String, &RawValue)| {
                    let value = self.value(raw, element, depth + 1);
                    value
                        .map_err(|error| error.inside(Step::Key(shown(&key))))
                        .map(|value| (key, value))
                };
                members(raw)?
                    .into_iter()
                    .map(member)
                    .collect::<Result<_, _>>()
                    .map(Value::Map)
            }
            (Type::Object(types), Kind::Object) => self.object(raw, types, depth),
            _ => Err(DecodeError::wrong_kind(ty, kind.name())),
        }
    }

    fn tuple(&self, raw: &RawValue, types: &[Type], depth: usize) -> Result<Value, DecodeError> {
        let elements: Vec<&RawValue> = parse(raw.get().as_bytes())?;
        if elements.len() != types.len() {
            let fault = DecodeFault::TupleLength {
                expected: types.len(),
                found: elements.len(),
            };
            return Err(DecodeError::here(fault));
        }
        let elements = elements.into_iter().zip(types).enumerate().map(|(index, (raw, ty))| {
            self.value(raw, ty, depth + 1)
                .map_err(|error| error.inside(index_step(index)))
        });
        elements.collect::<Result<_, _>>().map(Value::List)
    }

    fn object(&self, raw: &RawValue, types: &BTreeMap<String, Type>, depth: usize) -> Result<Value, DecodeError> {
        let mut found = members(raw)?;
        let mut object = BTreeMap::new();
        for (name, ty) in types {
            let value = match found.remove(name) {
                Some(raw) => self
                    .value(raw, ty, depth + 1)
                    .map_err(|error| error.inside(Step::Name(name.clone())))?,
                None => Value::Null,
            };
            object.insert(name.clone(), value);
        }
        match (self.extra, found.keys().next()) {
            (ExtraAttributes::Refuse, Some(name)) => Err(DecodeError::here(DecodeFault::ExtraAttribute(shown(name)))),
            (ExtraAttributes::Ignore, _) | (_, None) => Ok(Value::Map(object)),
        }
    }

    fn dynamic(&self, raw: &RawValue, depth: usize) -> Result<Value, DecodeError> {
        let mut found = members(raw)?;
        let (Some(ty), Some(value), true) = (found.remove("type"), found.remove("value"), found.is_empty()) else {
            return Err(DecodeError::here(DecodeFault::NotTyped));
        };
        let ty = type_from_json(ty.get()).map_err(|error| DecodeError::here(DecodeFault::Type(error)))?;
        let value = self.value(value, &ty, depth + 1)?;
        Ok(if ty == Type::Dynamic {
            value
        } else {
            Value::Dynamic(Box::new((ty, value)))
        })
    }
}

/// The kinds of JSON, told by the first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    fn of(raw: &RawValue) -> Self {
        match raw.get().as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(_) | None => Self::Number,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(json).map_err(|error| {
        // The parser's own words may quote what it read.
        DecodeError::here(DecodeFault::Json {
            line: error.line(),
            column: error.column(),
        })
    })
}

fn text(raw: &RawValue) -> Result<String, DecodeError> {
    parse(raw.get().as_bytes())
}

/// The members of an object, keys in normal form C.
fn members(raw: &RawValue) -> Result<BTreeMap<String, &RawValue>, DecodeError> {
    let members: BTreeMap<String, &RawValue> = parse(raw.get().as_bytes())?;
    Ok(members
        .into_iter()
        .map(|(key, raw)| (key.nfc().collect(), raw))
        .collect())
}

fn index_step(index: usize) -> Step {
    Step::Index(i64::try_from(index).unwrap_or(i64::MAX))
}
