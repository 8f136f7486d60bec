//! Mistakes in a model that only its types show, so that the derive cannot refuse them: each stops a debug build as soon
//! as the schema is made, that is in the first test.

use super::Shape;
use super::private::FieldOptions;
use crate::schema::{Attribute, Block};
use crate::ty::Type;
use crate::value::Value;

/// A name that the block has already; `flatten` can bring in a second one.
pub(super) fn of_name(block: &Block, name: &str) -> Option<String> {
    let taken = block.attribute(name).is_some() || block.nested(name).is_some();
    taken.then(|| format!("two fields are called `{name}`: rename one with #[schema(rename = \"...\")]"))
}

/// Options that do not go with the shape of a field's type.
pub(super) fn of_field(shape: &Shape, name: &str, options: &FieldOptions) -> Option<String> {
    let problem = match shape {
        Shape::Attribute(attribute) => of_attribute(attribute, options),
        Shape::Block(_) => of_block(options),
    };
    problem.map(|problem| format!("the field `{name}`: {problem}"))
}

fn of_attribute(attribute: &Attribute, options: &FieldOptions) -> Option<String> {
    if options.range.is_some() && *innermost(&attribute.ty) != Type::Number {
        return Some("`range` is for numbers".to_owned());
    }
    if let Some(assumed) = &options.assumed {
        if !attribute.optional {
            return Some("`assumed` says what leaving the field out means, so its type must be Option<..>".to_owned());
        }
        if !fits(&attribute.ty, assumed) {
            return Some(format!(
                "`assumed` is {}, which is no value of the field's type",
                assumed.kind()
            ));
        }
        let choices = &attribute.choices;
        if let Some(text) = assumed.as_str()
            && !choices.is_empty()
            && !choices.iter().any(|choice| choice.value == text)
        {
            return Some(format!("`assumed` is \"{text}\", which is none of its choices"));
        }
    }
    let input_only = options.requires_replace || options.update_class.is_some() || !options.checks.is_empty();
    (input_only && !attribute.is_input())
        .then(|| "no configuration can set it, yet its options are about that".to_owned())
}

fn of_block(options: &FieldOptions) -> Option<String> {
    let refused = [
        ("stable", options.stable),
        ("sensitive", options.sensitive),
        ("assumed", options.assumed.is_some()),
        ("range", options.range.is_some()),
        ("check", !options.checks.is_empty()),
    ];
    let (option, _) = refused.into_iter().find(|(_, given)| *given)?;
    Some(format!(
        "`{option}` is for attributes, and this is a nested block: say it on the block's own fields"
    ))
}

fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => innermost(element),
        Type::Dynamic | Type::Bool | Type::Number | Type::String | Type::Object(_) | Type::Tuple(_) => ty,
    }
}

/// Whether a known value is of a type.
fn fits(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Dynamic, _) | (Type::Bool, Value::Bool(_)) | (Type::Number, Value::Number(_)) => true,
        (Type::String, Value::String(_)) => true,
        (Type::List(element), Value::List(values)) | (Type::Set(element), Value::Set(values)) => {
            values.iter().all(|value| fits(element, value))
        }
        (Type::Map(element), Value::Map(members)) => members.values().all(|member| fits(element, member)),
        (Type::Object(types), Value::Map(members)) => members
            .iter()
            .all(|(name, member)| types.get(name).is_some_and(|ty| fits(ty, member))),
        (
            Type::Bool
            | Type::Number
            | Type::String
            | Type::List(_)
            | Type::Set(_)
            | Type::Map(_)
            | Type::Object(_)
            | Type::Tuple(_),
            _,
        ) => false,
    }
}
