//! How the amounts, the pod template and the configuration appear in a Terraform schema: as which type, what is checked,
//! and when two spellings mean the same.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use terraform_schema::model::{AttributeType, Shape};
use terraform_schema::schema::{Check, Semantics};
use terraform_schema::{Attribute, AttributePath, Diagnostic, Diagnostics, Number, Type, UpdateClass, Value};

use super::configuration::{FlinkConfiguration, key_class};
use super::pod_template::{MAIN_CONTAINER, PodTemplate, PodTemplateError};
use super::quantity::{AmountError, Cpu, Memory, Quantities, Quantity};

/// A required attribute with its own meaning of "the same" and a check.
fn meant(ty: Type, same: fn(&Value, &Value) -> bool, words: &'static str, check: Check) -> Attribute {
    let mut attribute = Attribute::new(ty, Semantics::meaning(same, words));
    attribute.checks.push(check);
    attribute
}

fn not_an_amount(error: &AmountError, path: &AttributePath) -> Diagnostic {
    let summary = match error {
        AmountError::Memory { .. } | AmountError::Fraction { .. } => "Not an amount of memory",
        AmountError::Negative { .. } => "Quantity out of range",
        AmountError::Quantity { .. } => "Not a quantity",
        AmountError::Cpu { .. } => "Not a number of CPUs",
    };
    Diagnostic::error(summary).detail(format!("{error}.")).at(path.clone())
}

impl AttributeType for Memory {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => Self(a.to_owned()).means_same(&Self(b.to_owned())),
            _ => false,
        };
        let check: Check = |value, path| match value.as_str().map(|text| Self(text.to_owned()).accepted()) {
            Some(Err(error)) => not_an_amount(&error, path).into(),
            Some(Ok(_)) | None => Diagnostics::new(),
        };
        Shape::Attribute(Box::new(meant(
            Type::String,
            same,
            "compared as an amount of memory",
            check,
        )))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        String::decode(value, path).map(Self)
    }

    fn encode(&self) -> Value {
        Value::string(&self.0)
    }
}

impl AttributeType for Quantity {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => Self(a.to_owned()).means_same(&Self(b.to_owned())),
            _ => false,
        };
        let check: Check = |value, path| match value.as_str().map(str::parse::<Self>) {
            Some(Err(error)) => not_an_amount(&error, path).into(),
            Some(Ok(_)) | None => Diagnostics::new(),
        };
        Shape::Attribute(Box::new(meant(Type::String, same, "compared as a quantity", check)))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        String::decode(value, path).map(Self)
    }

    fn encode(&self) -> Value {
        Value::string(&self.0)
    }
}

impl AttributeType for Cpu {
    fn shape() -> Shape {
        let mut attribute = Attribute::new(Type::Number, Semantics::EXACT);
        attribute.checks.push(|value, path| {
            if let Value::Number(number) = value
                && (number.is_negative() || *number == Number::from(0_i64))
            {
                return Diagnostic::error("Number out of range")
                    .detail(format!("{number} is not more than 0: a process needs some CPU."))
                    .at(path.clone())
                    .into();
            }
            Diagnostics::new()
        });
        Shape::Attribute(Box::new(attribute))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        let number = Number::decode(value, path)?;
        number
            .to_string()
            .parse()
            .map_err(|error| not_an_amount(&error, path).into())
    }

    fn encode(&self) -> Value {
        self.0.to_plain_string().parse().map_or(Value::Null, Value::Number)
    }
}

impl AttributeType for Quantities {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| match (a.as_map(), b.as_map()) {
            (Some(a), Some(b)) => a.len() == b.len() && a.iter().all(|(name, a)| same_quantity(name, a, b.get(name))),
            _ => false,
        };
        let check: Check = |value, path| {
            let members = value.as_map().into_iter().flatten();
            members
                .filter_map(|(name, amount)| quantity_problem(name, amount.as_str()?, &path.key(name)))
                .collect()
        };
        Shape::Attribute(Box::new(meant(
            Type::map(Type::String),
            same,
            "compared as quantities",
            check,
        )))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        let texts = BTreeMap::<String, String>::decode(value, path)?;
        Ok(Self(
            texts.into_iter().map(|(name, text)| (name, Quantity(text))).collect(),
        ))
    }

    fn encode(&self) -> Value {
        Value::map(
            self.iter()
                .map(|(name, quantity)| (name.clone(), Value::string(&quantity.0))),
        )
    }
}

/// The operator reads memory as Flink does, also among the Kubernetes quantities.
fn same_quantity(name: &str, a: &Value, b: Option<&Value>) -> bool {
    match (a.as_str(), b.and_then(Value::as_str)) {
        (Some(a), Some(b)) if name == "memory" => Memory(a.to_owned()).means_same(&Memory(b.to_owned())),
        (Some(a), Some(b)) => Quantity(a.to_owned()).means_same(&Quantity(b.to_owned())),
        _ => false,
    }
}

fn quantity_problem(name: &str, text: &str, path: &AttributePath) -> Option<Diagnostic> {
    let parsed = if name == "memory" {
        Memory(text.to_owned()).accepted()
    } else {
        Quantity(text.to_owned()).amount()
    };
    match parsed {
        Err(error) => Some(not_an_amount(&error, path)),
        Ok(amount) if matches!(name, "cpu" | "memory") && amount <= 0 => Some(
            Diagnostic::error("Quantity out of range")
                .detail(format!("`{text}` is not more than 0: a process needs some {name}."))
                .at(path.clone()),
        ),
        Ok(amount) if amount < 0 => Some(
            Diagnostic::error("Quantity out of range")
                .detail(format!("`{text}` is less than 0."))
                .at(path.clone()),
        ),
        Ok(_) => None,
    }
}

impl PodTemplate {
    /// Reads a Terraform value: an object, or a string of YAML or JSON.
    fn from_value(value: &Value) -> Option<Result<Self, PodTemplateError>> {
        let json = value.to_plain_json()?;
        Some(if let Json::String(text) = &json {
            Self::from_text(text)
        } else {
            Self::from_json(json)
        })
    }
}

impl AttributeType for PodTemplate {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| match (Self::from_value(a), Self::from_value(b)) {
            (Some(Ok(a)), Some(Ok(b))) => a.means_same(&b),
            _ => false,
        };
        Shape::Attribute(Box::new(meant(
            Type::Dynamic,
            same,
            "compared as a pod template",
            pod_template_problems,
        )))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        match Self::from_value(value) {
            Some(Ok(template)) => Ok(template),
            Some(Err(error)) => Err(not_a_pod_template(&error, path).into()),
            None => Err(
                Diagnostic::bug(format!("`{path}` is still unknown where it must be known."))
                    .at(path.clone())
                    .into(),
            ),
        }
    }

    fn encode(&self) -> Value {
        Value::dynamic_from_json(&self.0)
    }
}

fn not_a_pod_template(error: &PodTemplateError, path: &AttributePath) -> Diagnostic {
    let detail = match error {
        PodTemplateError::Syntax { message } => format!("The text is neither YAML nor JSON: {message}."),
        PodTemplateError::NotAnObject { found } => format!(
            "A pod template is an object with `metadata` and `spec`, or a string of YAML or JSON that holds one; this is {found}."
        ),
    };
    Diagnostic::error("Not a pod template").detail(detail).at(path.clone())
}

fn pod_template_problems(value: &Value, path: &AttributePath) -> Diagnostics {
    let template = match PodTemplate::from_value(value) {
        None => return Diagnostics::new(),
        Some(Err(error)) => return not_a_pod_template(&error, path).into(),
        Some(Ok(template)) => template,
    };
    let mut problems: Diagnostics = template
        .problems()
        .iter()
        .map(|problem| {
            Diagnostic::error("Mistake in the pod template")
                .detail(format!("Kubernetes would not take the pod template. {problem}."))
                .at(path.clone())
        })
        .collect();
    if template.lacks_main_container() {
        problems.push(
            Diagnostic::warning("No container for Flink in the pod template")
                .detail(format!(
                    "None of the containers is named `{MAIN_CONTAINER}`, so all of them run beside Flink and none of their \
                     settings reaches it. Give that name to the container that is meant to run Flink."
                ))
                .at(path.clone()),
        );
    }
    problems
}

impl AttributeType for FlinkConfiguration {
    fn shape() -> Shape {
        let semantics = Semantics {
            class: Some(configuration_class),
            ..Semantics::EXACT
        };
        Shape::Attribute(Box::new(Attribute::new(Type::map(Type::String), semantics)))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        BTreeMap::decode(value, path).map(Self)
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }
}

/// The greatest class among the keys that differ.
fn configuration_class(before: &Value, after: &Value) -> UpdateClass {
    let members = |value: &Value| value.as_map().cloned().unwrap_or_default();
    let (before, after) = (members(before), members(after));
    let changed = before
        .keys()
        .chain(after.keys())
        .filter(|key| before.get(*key) != after.get(*key));
    changed.map(|key| key_class(key)).max().unwrap_or(UpdateClass::Ignored)
}

#[cfg(test)]
mod tests;
