//! Values as Terraform hands them over: null, unknown or known.

use std::collections::BTreeMap;

use crate::number::Number;
use crate::ty::Type;

/// A value. What type it has is said by the schema, not by the value: a list and a tuple look alike, and so do a map
/// and an object. Only under a dynamic attribute does a value carry its own type.
#[derive(Clone, Debug)]
pub enum Value {
    /// Not set.
    Null,
    /// Known after apply. What Terraform says about it beforehand (refinements) is not kept: a refinement that a plan
    /// repeats would bind the apply.
    Unknown,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, in normal form C.
    String(String),
    /// A list or a tuple.
    List(Vec<Value>),
    /// A set; the order of its elements means nothing.
    Set(Vec<Value>),
    /// A map or an object.
    Map(BTreeMap<String, Value>),
    /// A value of a dynamic attribute, with the type that it was given. Null and unknown stand for themselves where
    /// they have no type; where they have one (`null` from a variable of type string), it is kept, because a plan must
    /// give back a null or unknown value of the very type that the configuration has.
    Dynamic(Box<(Type, Value)>),
}

impl Value {
    /// Text, brought to normal form C as Terraform does with every string that it reads.
    pub fn string(text: impl AsRef<str>) -> Self {
        use unicode_normalization::UnicodeNormalization;
        Self::String(text.as_ref().nfc().collect())
    }

    /// An object or map of the given members.
    pub fn map<N: Into<String>>(members: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Whether this is null, with or without a type.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(typed) => typed.1.is_null(),
            Self::Unknown
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_) => false,
        }
    }

    /// Whether this is itself unknown, with or without a type (what is inside is another question:
    /// [`Self::is_wholly_known`]).
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Dynamic(typed) => typed.1.is_unknown(),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_) => false,
        }
    }

    /// Whether nothing in here is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(members) => members.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// The text, where this is known text.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The members, where this is a known map or object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Map(members) = self {
            Some(members)
        } else {
            None
        }
    }

    /// The elements, where this is a known list, tuple or set.
    pub fn as_elements(&self) -> Option<&[Value]> {
        match self {
            Self::List(elements) | Self::Set(elements) => Some(elements),
            Self::Null
            | Self::Unknown
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::Map(_)
            | Self::Dynamic(_) => None,
        }
    }

    /// The member of that name: null where there is none or where this is null, unknown where this is unknown.
    pub fn member(&self, name: &str) -> &Value {
        const NULL: &Value = &Value::Null;
        const UNKNOWN: &Value = &Value::Unknown;
        match self {
            Self::Map(members) => members.get(name).unwrap_or(NULL),
            Self::Unknown => UNKNOWN,
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::List(_)
            | Self::Set(_)
            | Self::Dynamic(_) => NULL,
        }
    }

    /// What this is, in Terraform's words, for messages: `a string`, `a list`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "an object",
            Self::Dynamic(typed) => typed.1.kind(),
        }
    }

    /// The same value in plain JSON, for a dynamic attribute whose content goes on as JSON. Types are dropped; `None`
    /// where something inside is unknown. Numbers that no double holds exactly become the nearest one.
    pub fn to_plain_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Null => serde_json::Value::Null,
            Self::Unknown => return None,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => serde_json::to_value(number).ok()?,
            Self::String(text) => text.as_str().into(),
            Self::List(elements) | Self::Set(elements) => elements
                .iter()
                .map(Self::to_plain_json)
                .collect::<Option<Vec<_>>>()?
                .into(),
            Self::Map(members) => members
                .iter()
                .map(|(name, value)| Some((name.clone(), value.to_plain_json()?)))
                .collect::<Option<serde_json::Map<_, _>>>()?
                .into(),
            Self::Dynamic(typed) => return typed.1.to_plain_json(),
        })
    }

    /// A dynamic value from plain JSON: objects stay objects, arrays become tuples, each typed by what it holds.
    pub fn dynamic_from_json(json: &serde_json::Value) -> Self {
        match typed_from_json(json) {
            (_, Self::Null) => Self::Null,
            typed => Self::Dynamic(Box::new(typed)),
        }
    }
}

fn typed_from_json(json: &serde_json::Value) -> (Type, Value) {
    match json {
        // A null inside an object or tuple has the dynamic type (cty).
        serde_json::Value::Null => (Type::Dynamic, Value::Null),
        serde_json::Value::Bool(value) => (Type::Bool, Value::Bool(*value)),
        serde_json::Value::Number(number) => match number.to_string().parse() {
            Ok(number) => (Type::Number, Value::Number(number)),
            Err(_) => (Type::String, Value::string(number.to_string())),
        },
        serde_json::Value::String(text) => (Type::String, Value::string(text)),
        serde_json::Value::Array(elements) => {
            let (types, values) = elements.iter().map(typed_from_json).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        serde_json::Value::Object(members) => {
            let mut types = BTreeMap::new();
            let mut values = BTreeMap::new();
            for (name, member) in members {
                let (ty, value) = typed_from_json(member);
                types.insert(name.clone(), ty);
                values.insert(name.clone(), value);
            }
            (Type::Object(types), Value::Map(values))
        }
    }
}

/// Sets are equal whatever the order of their elements.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Unknown, Self::Unknown) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Set(a), Self::Set(b)) => {
                a.len() == b.len() && a.iter().all(|element| b.contains(element)) && b.iter().all(|e| a.contains(e))
            }
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Dynamic(a), Self::Dynamic(b)) => a == b,
            (
                Self::Null
                | Self::Unknown
                | Self::Bool(_)
                | Self::Number(_)
                | Self::String(_)
                | Self::List(_)
                | Self::Set(_)
                | Self::Map(_)
                | Self::Dynamic(_),
                _,
            ) => false,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_ignore_order_and_strings_are_normalised() {
        assert_eq!(
            Value::Set(vec!["a".into(), "b".into()]),
            Value::Set(vec!["b".into(), "a".into()])
        );
        assert_ne!(
            Value::List(vec!["a".into(), "b".into()]),
            Value::List(vec!["b".into(), "a".into()])
        );
        assert_eq!(Value::string("e\u{301}"), Value::string("\u{e9}"));
    }

    #[test]
    fn plain_json_there_and_back() {
        let json = serde_json::json!({"a": [1, "x", null, 0.5], "b": {"c": true}});
        let value = Value::dynamic_from_json(&json);
        assert_eq!(value.to_plain_json(), Some(json));
        assert!(Value::map([("a", Value::Unknown)]).to_plain_json().is_none());
    }

    #[test]
    fn members_of_nothing_are_null_and_of_the_unknown_unknown() {
        assert!(Value::Null.member("a").is_null());
        assert!(Value::Unknown.member("a").is_unknown());
    }
}
