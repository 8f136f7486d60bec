//! Mistakes in a model that only its types show, so that the derive cannot refuse them: each stops a debug build as soon
//! as the schema is made, that is in the first test.

use super::Shape;
use super::private::FieldOptions;
use crate::schema::{Attribute, Block, NestedBlock, Nesting};
use crate::ty::Type;
use crate::value::Value;

/// What is wrong with a field. `tests/derive/mistakes.rs` has a case for each.
#[derive(Debug, thiserror::Error)]
pub(super) enum Mistake {
    /// `flatten` can bring in a second field of a name.
    #[error("two fields are called `{name}`: rename one with #[schema(rename = \"...\")]")]
    Twin { name: String },
    /// A range of something else than numbers.
    #[error("the field `{name}`: `range` is for numbers")]
    Range { name: String },
    /// An assumed value of another type.
    #[error("the field `{name}`: `assumed` is {kind}, which is no value of the field's type")]
    AssumedKind { name: String, kind: &'static str },
    /// An assumed text that is not allowed.
    #[error("the field `{name}`: `assumed` is \"{text}\", which is none of its choices")]
    AssumedChoice { name: String, text: String },
    /// Options for inputs on a fact.
    #[error("the field `{name}`: no configuration can set it, yet its options are about that")]
    Fact { name: String },
    /// An option that blocks do not have.
    #[error(
        "the field `{name}`: `{option}` is for attributes, and this is a nested block: say it on the block's own fields"
    )]
    OptionOfBlock { name: String, option: &'static str },
    /// `Option` around blocks of which there may be any number.
    #[error("the field `{name}`: where there are no such blocks the list is empty, not null: leave `Option` away")]
    OptionalBlocks { name: String },
    /// A dynamic attribute where there may be several blocks.
    #[error(
        "the field `{name}`: `{inside}` in it is dynamic, and the blocks of a list or set must have one type: use a \
         String of JSON, or a single block"
    )]
    DynamicInside { name: String, inside: String },
    /// An attribute that both sides set where there may be several blocks.
    #[error(
        "the field `{name}`: `{inside}` in it is optional and computed, and Terraform cannot tell which block of a list \
         or set a computed value belongs to: use Option<..> without Computed or `assumed`"
    )]
    DefaultInside { name: String, inside: String },
    /// What the provider computes in blocks without order.
    #[error(
        "the field `{name}`: `{inside}` in it is computed, and a block of a set is told from others by its values: use \
         Vec<..>"
    )]
    ComputedInSet { name: String, inside: String },
    /// What is not stored in blocks without order.
    #[error(
        "the field `{name}`: `{inside}` in it is write-only, and a block of a set is told from others by its values: use \
         Vec<..>"
    )]
    WriteOnlyInSet { name: String, inside: String },
    /// An option that needs to know which block of a set changed.
    #[error(
        "the field `{name}`: `requires_replace` of `{inside}` in it says nothing, as the blocks of a set come and go as a \
         whole: say it on the set"
    )]
    ReplaceInSet { name: String, inside: String },
}

/// A name that the block has already; `flatten` can bring in a second one.
pub(super) fn of_name(block: &Block, name: &str) -> Option<Mistake> {
    let taken = block.attribute(name).is_some() || block.nested(name).is_some();
    taken.then(|| Mistake::Twin { name: name.to_owned() })
}

/// Options and wrappers that do not go with the shape of a field's type, which `may_be_absent`.
pub(super) fn of_field(shape: &Shape, may_be_absent: bool, name: &str, options: &FieldOptions) -> Option<Mistake> {
    match shape {
        Shape::Attribute(attribute) => of_attribute(attribute, name, options),
        Shape::Block(nested) => of_block(name, options).or_else(|| match nested.nesting {
            Nesting::Single => None,
            Nesting::List | Nesting::Set if may_be_absent => Some(Mistake::OptionalBlocks { name: name.to_owned() }),
            Nesting::List | Nesting::Set => of_content(nested, name),
        }),
    }
}

fn of_attribute(attribute: &Attribute, name: &str, options: &FieldOptions) -> Option<Mistake> {
    let name = name.to_owned();
    if options.range.is_some() && *innermost(&attribute.ty) != Type::Number {
        return Some(Mistake::Range { name });
    }
    if let Some(assumed) = &options.assumed {
        if !fits(&attribute.ty, assumed) {
            let kind = assumed.kind();
            return Some(Mistake::AssumedKind { name, kind });
        }
        let choices = &attribute.choices;
        if let Some(text) = assumed.as_str()
            && !choices.is_empty()
            && !choices.iter().any(|choice| choice.value == text)
        {
            let text = text.to_owned();
            return Some(Mistake::AssumedChoice { name, text });
        }
    }
    let input_only = options.requires_replace || options.update_class.is_some() || !options.checks.is_empty();
    (input_only && !attribute.is_input()).then_some(Mistake::Fact { name })
}

fn of_block(name: &str, options: &FieldOptions) -> Option<Mistake> {
    let refused = [
        ("stable", options.stable),
        ("sensitive", options.sensitive),
        ("assumed", options.assumed.is_some()),
        ("range", options.range.is_some()),
        ("check", !options.checks.is_empty()),
    ];
    let (option, _) = refused.into_iter().find(|(_, given)| *given)?;
    let name = name.to_owned();
    Some(Mistake::OptionOfBlock { name, option })
}

/// What cannot stand in blocks of which there may be several (Terraform: `configschema`, `InternalValidate`).
fn of_content(nested: &NestedBlock, name: &str) -> Option<Mistake> {
    let in_set = nested.nesting == Nesting::Set;
    nested.block.walk().into_iter().find_map(|(path, _, attribute)| {
        let (name, inside) = (name.to_owned(), path.to_string());
        if attribute.ty.has_dynamic() {
            Some(Mistake::DynamicInside { name, inside })
        } else if attribute.optional && attribute.computed {
            Some(Mistake::DefaultInside { name, inside })
        } else if in_set && attribute.computed {
            Some(Mistake::ComputedInSet { name, inside })
        } else if in_set && attribute.write_only {
            Some(Mistake::WriteOnlyInSet { name, inside })
        } else if in_set && attribute.requires_replace {
            Some(Mistake::ReplaceInSet { name, inside })
        } else {
            None
        }
    })
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
