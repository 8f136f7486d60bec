//! Pod templates: kept as they were written, checked and compared as the Kubernetes type.
//!
//! A pod template is far too large to be spelled out in a schema. It is read as the Kubernetes type
//! `PodTemplateSpec`, so that a misspelt field is found before anything is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::quantity::Quantity;
use super::resource::remove_nulls;

mod check;

pub use check::Problem;

/// Name of the container that runs Flink in every pod the operator makes.
pub const MAIN_CONTAINER: &str = "flink-main-container";

/// A Kubernetes pod template, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PodTemplate(pub Value);

/// Text that cannot be read as a pod template at all.
#[derive(Debug, thiserror::Error)]
pub enum PodTemplateError {
    /// Neither YAML nor JSON.
    #[error("the pod template is neither YAML nor JSON: {message}")]
    Syntax {
        /// What the parser found, with line and column.
        message: String,
    },
    /// Something else than an object.
    #[error("the pod template is {found}, not an object")]
    NotAnObject {
        /// What was found, with its article: `a list`.
        found: &'static str,
    },
}

impl PodTemplate {
    /// Reads a pod template from YAML or JSON text.
    ///
    /// # Errors
    /// Where the text is neither, or is not an object.
    pub fn from_text(text: &str) -> Result<Self, PodTemplateError> {
        let value: Value = serde_saphyr::from_str(text).map_err(|error| PodTemplateError::Syntax {
            message: error.to_string(),
        })?;
        Self::from_json(value)
    }

    /// Takes a pod template that is already an object. Fractions become text, because Kubernetes
    /// takes a quantity such as 0.5 as text only and has no other fractions in a pod.
    ///
    /// # Errors
    /// Where the value is not an object.
    pub fn from_json(mut value: Value) -> Result<Self, PodTemplateError> {
        let found = match &value {
            Value::Object(_) => {
                remove_nulls(&mut value);
                fractions_to_text(&mut value);
                return Ok(Self(value));
            }
            Value::Array(_) => "a list",
            Value::String(_) => "a text",
            Value::Null => "empty",
            Value::Bool(_) | Value::Number(_) => "a single value",
        };
        Err(PodTemplateError::NotAnObject { found })
    }

    /// Fields that Kubernetes does not know and values of the wrong type, in the order they appear.
    pub fn problems(&self) -> Vec<Problem> {
        check::problems(&self.without_envelope())
    }

    /// Whether there are containers and none of them is the one that runs Flink: then all of them are
    /// side-cars, which is rarely meant.
    pub fn lacks_main_container(&self) -> bool {
        let containers = self.0.pointer("/spec/containers").and_then(Value::as_array);
        containers.is_some_and(|containers| {
            !containers.is_empty()
                && !containers
                    .iter()
                    .any(|container| container.get("name").and_then(Value::as_str) == Some(MAIN_CONTAINER))
        })
    }

    /// Whether two templates mean the same pod: order of keys, spelling of quantities, empty lists and
    /// the envelope do not count.
    pub fn means_same(&self, other: &Self) -> bool {
        self == other || self.canonical() == other.canonical()
    }

    /// The template in one spelling for every meaning. A template Kubernetes cannot read only means
    /// itself.
    fn canonical(&self) -> Value {
        let bare = self.without_envelope();
        let mut canonical = check::typed(&bare)
            .and_then(|template| serde_json::to_value(template).ok())
            .unwrap_or(bare);
        canonicalize(&mut canonical);
        canonical
    }

    /// The template without `apiVersion`, `kind` and `status`, which the custom resource allows and
    /// the operator does not read.
    fn without_envelope(&self) -> Value {
        let mut bare = self.0.clone();
        if let Value::Object(members) = &mut bare {
            for name in ["apiVersion", "kind", "status"] {
                members.remove(name);
            }
        }
        bare
    }
}

/// Turns numbers with a fraction into text, at every depth.
fn fractions_to_text(value: &mut Value) {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            *value = Value::String(number.to_string());
        }
        Value::Array(items) => items.iter_mut().for_each(fractions_to_text),
        Value::Object(members) => members.values_mut().for_each(fractions_to_text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Names of fields that hold quantities, or maps of them.
const QUANTITIES: &[&str] = &["limits", "requests", "sizeLimit", "divisor", "storage", "overhead"];

/// Writes every quantity as a plain number and drops nulls and empty lists, at every depth.
fn canonicalize(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null() && !matches!(member, Value::Array(items) if items.is_empty()));
            for (name, member) in members {
                let holds_quantities = QUANTITIES.contains(&name.as_str());
                if !holds_quantities {
                    canonicalize(member);
                } else if let Value::Object(amounts) = member {
                    amounts.values_mut().for_each(canonicalize_quantity);
                } else {
                    canonicalize_quantity(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(canonicalize),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn canonicalize_quantity(value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return canonicalize(value),
    };
    if let Ok(amount) = Quantity(text).amount() {
        *value = Value::String(amount.normalized().to_plain_string());
    }
}

#[cfg(test)]
mod tests;
