//! Finds what is wrong in a pod template, field by field.
//!
//! The Kubernetes types ignore fields they do not know. This deserializer walks along with them: each
//! struct announces the names of its fields, so an unknown one is seen, and the nearest real name on
//! that level is at hand.

use std::cell::RefCell;
use std::fmt;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

/// Something in a pod template that Kubernetes would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A field that does not exist on its level.
    UnknownField {
        /// Where, for example `spec.volumes[0].persistenceVolumeClaim`.
        path: String,
        /// The name of the field.
        field: String,
        /// The real field of that level with the most similar name, if any is similar.
        nearest: Option<&'static str>,
    },
    /// A value of the wrong type, or a required field that is missing.
    WrongType {
        /// Where, for example `spec.containers[0].ports`.
        path: String,
        /// What is wrong, for example ``invalid type: string "8081", expected i32``.
        message: String,
    },
}

impl Problem {
    /// Where the problem is, as a path within the template. Empty for the template itself.
    pub fn path(&self) -> &str {
        match self {
            Self::UnknownField { path, .. } | Self::WrongType { path, .. } => path,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { path, field, nearest } => {
                write!(f, "`{path}`: Kubernetes has no field `{field}` here")?;
                if let Some(nearest) = nearest {
                    write!(f, "; did you mean `{nearest}`?")?;
                }
                Ok(())
            }
            Self::WrongType { path, message } if path.is_empty() => f.write_str(message),
            Self::WrongType { path, message } => write!(f, "`{path}`: {message}"),
        }
    }
}

/// More than this many values of the wrong type are not worth listing one by one.
const MOST_WRONG_TYPES: usize = 10;

/// A template without its envelope, as Kubernetes reads it; nothing where it would not take it as it is.
pub(super) fn typed(template: &Value) -> Option<PodTemplateSpec> {
    let report = Report::default();
    let typed = PodTemplateSpec::deserialize(Checker {
        value: template,
        path: String::new(),
        report: &report,
    });
    typed.ok().filter(|_| report.unknown.borrow().is_empty())
}

/// All problems of a template, without its envelope.
pub(super) fn problems(template: &Value) -> Vec<Problem> {
    let mut template = template.clone();
    let mut wrong_types = Vec::new();
    loop {
        let report = Report::default();
        let outcome = PodTemplateSpec::deserialize(Checker {
            value: &template,
            path: String::new(),
            report: &report,
        });
        let mut found = report.unknown.into_inner();
        let Err(error) = outcome else {
            found.extend(wrong_types);
            return found;
        };
        // The type gives up at its first wrong value: note it, take it out, and look at the rest.
        let path = report.failed.into_inner().unwrap_or_default();
        let removed = remove(&mut template, &path);
        wrong_types.push(Problem::WrongType { path, message: error.0 });
        if !removed || wrong_types.len() >= MOST_WRONG_TYPES {
            found.extend(wrong_types);
            return found;
        }
    }
}

/// What a walk has found.
#[derive(Default)]
struct Report {
    unknown: RefCell<Vec<Problem>>,
    failed: RefCell<Option<String>>,
}

/// The message of a value of the wrong type.
#[derive(Debug)]
struct WrongType(String);

impl fmt::Display for WrongType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongType {}

impl de::Error for WrongType {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Deserializes one value of the template and remembers where it is.
struct Checker<'a> {
    value: &'a Value,
    path: String,
    report: &'a Report,
}

impl<'a> Checker<'a> {
    /// Notes where the first failure is: the innermost value sees it first.
    fn noting<T>(&self, outcome: Result<T, WrongType>) -> Result<T, WrongType> {
        if outcome.is_err() {
            self.report.failed.borrow_mut().get_or_insert_with(|| self.path.clone());
        }
        outcome
    }

    fn member(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn note_unknown_fields(&self, members: &Map<String, Value>, fields: &'static [&'static str]) {
        for name in members.keys().filter(|name| !fields.contains(&name.as_str())) {
            let nearest = nearest(
                name,
                fields.iter().copied().filter(|field| !members.contains_key(*field)),
            );
            self.report.unknown.borrow_mut().push(Problem::UnknownField {
                path: self.member(name),
                field: name.clone(),
                nearest,
            });
        }
    }
}

/// The candidate most similar to a name, if one is similar enough to be meant. Similar beginnings
/// count, so that `persistenceVolumeClaim` finds `persistentVolumeClaim`.
pub(crate) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let folded = name.to_lowercase().replace(['_', '-'], "");
    candidates
        .map(|candidate| (strsim::jaro_winkler(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

impl<'de, 'a: 'de> Deserializer<'de> for Checker<'a> {
    type Error = WrongType;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        let outcome = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(whole) = number.as_i64() {
                    visitor.visit_i64(whole)
                } else if let Some(whole) = number.as_u64() {
                    visitor.visit_u64(whole)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                parent: &self,
                items,
                next: 0,
            }),
            Value::Object(members) => visitor.visit_map(Members {
                parent: &self,
                members: members.iter(),
                value: None,
            }),
        };
        self.noting(outcome)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongType> {
        if self.value.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        if let Value::Object(members) = self.value {
            self.note_unknown_fields(members, fields);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongType> {
        let Value::String(word) = self.value else {
            return self.noting(Err(WrongType::custom("expected a word")));
        };
        let word: de::value::StrDeserializer<'_, WrongType> = de::IntoDeserializer::into_deserializer(word.as_str());
        let outcome = visitor.visit_enum(word);
        self.noting(outcome)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The items of a list.
struct Items<'a, 'p> {
    parent: &'p Checker<'a>,
    items: &'a [Value],
    next: usize,
}

impl<'de, 'a: 'de> SeqAccess<'de> for Items<'a, '_> {
    type Error = WrongType;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, WrongType> {
        let Some(value) = self.items.get(self.next) else {
            return Ok(None);
        };
        let path = format!("{}[{}]", self.parent.path, self.next);
        self.next += 1;
        seed.deserialize(Checker {
            value,
            path,
            report: self.parent.report,
        })
        .map(Some)
    }
}

/// The members of an object.
struct Members<'a, 'p> {
    parent: &'p Checker<'a>,
    members: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'de, 'a: 'de> MapAccess<'de> for Members<'a, '_> {
    type Error = WrongType;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, WrongType> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        self.value = Some((name, value));
        let name: de::value::StrDeserializer<'_, WrongType> = de::IntoDeserializer::into_deserializer(name.as_str());
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, WrongType> {
        let Some((name, value)) = self.value.take() else {
            return Err(WrongType::custom("a value was read before its key"));
        };
        let path = self.parent.member(name);
        seed.deserialize(Checker {
            value,
            path,
            report: self.parent.report,
        })
    }
}

/// Removes the value at a path such as `spec.containers[0].ports`. Member names with dots in them (as
/// in labels) are found, too. Returns whether there was one.
fn remove(value: &mut Value, path: &str) -> bool {
    match value {
        Value::Object(members) => {
            let name = members
                .keys()
                .filter(|name| {
                    path.strip_prefix(name.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                })
                .max_by_key(|name| name.len())
                .cloned();
            let Some(name) = name else { return false };
            let rest = path[name.len()..].trim_start_matches('.');
            if rest.is_empty() {
                return members.remove(&name).is_some();
            }
            members.get_mut(&name).is_some_and(|member| remove(member, rest))
        }
        Value::Array(items) => {
            let Some((index, rest)) = path.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
                return false;
            };
            let Ok(index) = index.parse::<usize>() else {
                return false;
            };
            if index >= items.len() {
                return false;
            }
            let rest = rest.trim_start_matches('.');
            if rest.is_empty() {
                items.remove(index);
                return true;
            }
            remove(&mut items[index], rest)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
