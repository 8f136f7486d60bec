//! Checks of a configuration against its schema, beyond the types that Terraform itself has checked.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::number::Number;
use crate::path::AttributePath;
use crate::schema::{Attribute, Block, Nesting};
use crate::value::Value;

/// The numbers that an attribute allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least, if there is one.
    pub min: Option<Number>,
    /// The greatest, if there is one.
    pub max: Option<Number>,
    /// Whether fractions are refused.
    pub whole: bool,
}

impl Range {
    /// Whole numbers between the two, both included. The bounds of 64 bit integers count as no bounds when they are
    /// described.
    pub fn integers(min: i128, max: i128) -> Self {
        Self {
            min: min.to_string().parse().ok(),
            max: max.to_string().parse().ok(),
            whole: true,
        }
    }

    /// The narrower of two ranges on each side.
    pub fn narrowed(one: Option<Range>, other: Option<Range>) -> Option<Range> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self {
                min: one.min.max(other.min),
                max: match (one.max, other.max) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                },
                whole: one.whole || other.whole,
            }),
            (one, other) => one.or(other),
        }
    }

    /// What is wrong with a number, or nothing.
    pub fn problem(&self, number: &Number) -> Option<String> {
        if self.whole && number.as_i64().is_none() && number.to_string().contains('.') {
            return Some(format!("{number} is not a whole number."));
        }
        match (&self.min, &self.max) {
            (Some(min), _) if number < min => Some(format!("{number} is less than {min}, the least value allowed.")),
            (_, Some(max)) if number > max => Some(format!("{number} is more than {max}, the greatest value allowed.")),
            _ => None,
        }
    }
}

/// Checks a whole configuration: choices, ranges, further checks of known values, required blocks, deprecations.
/// Unknown values pass; they are checked again when they are known.
pub fn validate(block: &Block, config: &Value) -> Diagnostics {
    let mut problems = Diagnostics::new();
    validate_block(block, config, &AttributePath::root(), &mut problems);
    problems
}

fn validate_block(block: &Block, object: &Value, path: &AttributePath, problems: &mut Diagnostics) {
    for attribute in &block.attributes {
        validate_attribute(
            attribute,
            object.member(&attribute.name),
            &path.name(&attribute.name),
            problems,
        );
    }
    for nested in &block.blocks {
        let at = path.name(&nested.name);
        let value = object.member(&nested.name);
        match nested.nesting {
            Nesting::Single if value.is_null() && nested.required => problems.push(
                Diagnostic::error("Missing block")
                    .detail(format!("A `{}` block is required here.", nested.name))
                    .at(path.clone()),
            ),
            Nesting::Single if value.is_null() || value.is_unknown() => {}
            Nesting::Single => validate_block(&nested.block, value, &at, problems),
            Nesting::List | Nesting::Set => {
                for (index, element) in value.as_elements().unwrap_or_default().iter().enumerate() {
                    if element.is_unknown() {
                        continue;
                    }
                    // Elements of a set have no address: an index would point at another block of the configuration.
                    let at = if nested.nesting == Nesting::List {
                        at.index(index)
                    } else {
                        at.clone()
                    };
                    validate_block(&nested.block, element, &at, problems);
                }
            }
        }
    }
}

fn validate_attribute(attribute: &Attribute, value: &Value, path: &AttributePath, problems: &mut Diagnostics) {
    if value.is_null() {
        return;
    }
    if let Some(instead) = &attribute.deprecated {
        problems.push(
            Diagnostic::warning("Deprecated attribute")
                .detail(instead.clone())
                .at(path.clone()),
        );
    }
    validate_value(attribute, value, path, problems);
    if value.is_wholly_known() {
        for check in &attribute.checks {
            problems.extend(check(value, path));
        }
    }
}

/// Choices and ranges, for the value itself or for each element of a collection.
fn validate_value(attribute: &Attribute, value: &Value, path: &AttributePath, problems: &mut Diagnostics) {
    match value {
        Value::String(text) if !attribute.choices.is_empty() && !attribute.open_choices => {
            let choices = || attribute.choices.iter().map(|choice| choice.value.as_str());
            if !choices().any(|choice| choice == text) {
                problems.push(if attribute.sensitive {
                    hidden(&format!("one of {}", quoted_list(choices())), path)
                } else {
                    not_a_choice(text, choices(), path)
                });
            }
        }
        Value::Number(number) => {
            if let Some(problem) = attribute.range.as_ref().and_then(|range| range.problem(number)) {
                problems.push(if attribute.sensitive {
                    hidden("a number in the range that the documentation gives", path)
                } else {
                    Diagnostic::error("Number out of range")
                        .detail(problem)
                        .at(path.clone())
                });
            }
        }
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                validate_value(attribute, element, &path.index(index), problems);
            }
        }
        Value::Map(members) => {
            for (key, member) in members {
                validate_value(attribute, member, &path.key(key), problems);
            }
        }
        Value::Set(elements) => {
            for element in elements {
                validate_value(attribute, element, path, problems);
            }
        }
        Value::Null | Value::Unknown | Value::Bool(_) | Value::String(_) | Value::Dynamic(_) => {}
    }
}

/// The problem of a text that is none of the allowed ones, with the nearest of them.
pub fn not_a_choice<'a>(text: &str, choices: impl IntoIterator<Item = &'a str>, path: &AttributePath) -> Diagnostic {
    let choices: BTreeSet<&str> = choices.into_iter().collect();
    let allowed = quoted_list(choices.iter().copied());
    let hint = nearest(text, choices.iter().copied())
        .map(|near| format!(" Did you mean `{near}`?"))
        .unwrap_or_default();
    Diagnostic::error("Value not allowed")
        .detail(format!("`{text}` is none of the values allowed here: {allowed}.{hint}"))
        .at(path.clone())
}

/// The problem of a sensitive value, without quoting it.
fn hidden(allowed: &str, path: &AttributePath) -> Diagnostic {
    let detail = format!("The value must be {allowed}. It is not shown here because it is sensitive.");
    Diagnostic::error("Value not allowed").detail(detail).at(path.clone())
}

fn quoted_list<'a>(choices: impl IntoIterator<Item = &'a str>) -> String {
    choices
        .into_iter()
        .map(|choice| format!("`{choice}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The candidate that is most like `text`, where one is alike enough to be a slip of the pen.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&text.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
