//! The JSON form of types: `"string"`, `["list","number"]`, `["object",{"a":"bool"}]`, `["tuple",["string"]]`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

use crate::encoding::{MAX_DEPTH, shown};
use crate::ty::Type;

/// JSON that is no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// It is not JSON, or has not the shape of a type.
    #[error("it is neither the name of a type nor a list of a kind and its parts")]
    Shape,
    /// No such type.
    #[error("there is no type `{0}`")]
    NoSuchType(String),
    /// The type has more than [`MAX_DEPTH`] levels.
    #[error("the type has more than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Reads a type. Which attributes of an object are optional is dropped: in a value, all are there.
///
/// # Errors
/// The text is not JSON or no type, or has more than [`MAX_DEPTH`] levels.
pub fn type_from_json(json: impl AsRef<[u8]>) -> Result<Type, TypeError> {
    read(parse(json.as_ref())?, 0)
}

fn read(raw: &RawValue, depth: usize) -> Result<Type, TypeError> {
    if depth > MAX_DEPTH {
        return Err(TypeError::TooDeep);
    }
    if raw.get().starts_with('"') {
        let name: String = parse(raw.get().as_bytes())?;
        return match name.as_str() {
            "dynamic" => Ok(Type::Dynamic),
            "bool" => Ok(Type::Bool),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            _ => Err(TypeError::NoSuchType(shown(&name))),
        };
    }
    let parts: Vec<&RawValue> = parse(raw.get().as_bytes())?;
    let [kind, of, rest @ ..] = parts.as_slice() else {
        return Err(TypeError::Shape);
    };
    let kind: String = parse(kind.get().as_bytes())?;
    match (kind.as_str(), rest) {
        ("list", []) => read(of, depth + 1).map(Type::list),
        ("set", []) => read(of, depth + 1).map(Type::set),
        ("map", []) => read(of, depth + 1).map(Type::map),
        ("object", [] | [_]) => {
            if let [optional] = rest {
                let _names: Vec<String> = parse(optional.get().as_bytes())?;
            }
            let members: BTreeMap<String, &RawValue> = parse(of.get().as_bytes())?;
            let member = |(name, raw): (String, &RawValue)| Ok((name.nfc().collect(), read(raw, depth + 1)?));
            members
                .into_iter()
                .map(member)
                .collect::<Result<_, _>>()
                .map(Type::Object)
        }
        ("tuple", []) => {
            let elements: Vec<&RawValue> = parse(of.get().as_bytes())?;
            elements
                .into_iter()
                .map(|raw| read(raw, depth + 1))
                .collect::<Result<_, _>>()
                .map(Type::Tuple)
        }
        ("list" | "set" | "map" | "object" | "tuple", _) => Err(TypeError::Shape),
        _ => Err(TypeError::NoSuchType(shown(&kind))),
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, TypeError> {
    serde_json::from_slice(json).map_err(|_| TypeError::Shape)
}

/// Writes a type, object members in order of their names.
pub fn type_to_json(ty: &Type) -> String {
    let mut out = String::new();
    write(&mut out, ty);
    out
}

fn write(out: &mut String, ty: &Type) {
    match ty {
        Type::Dynamic => out.push_str("\"dynamic\""),
        Type::Bool => out.push_str("\"bool\""),
        Type::Number => out.push_str("\"number\""),
        Type::String => out.push_str("\"string\""),
        Type::List(element) => write_collection(out, "list", element),
        Type::Set(element) => write_collection(out, "set", element),
        Type::Map(element) => write_collection(out, "map", element),
        Type::Object(members) => {
            out.push_str("[\"object\",{");
            for (index, (name, ty)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                super::write::write_text(out, name);
                out.push(':');
                write(out, ty);
            }
            out.push_str("}]");
        }
        Type::Tuple(elements) => {
            out.push_str("[\"tuple\",[");
            for (index, ty) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, ty);
            }
            out.push_str("]]");
        }
    }
}

fn write_collection(out: &mut String, kind: &str, element: &Type) {
    out.push_str("[\"");
    out.push_str(kind);
    out.push_str("\",");
    write(out, element);
    out.push(']');
}
