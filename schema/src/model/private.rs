//! What the output of `#[derive(Schema)]` calls, so that the macro stays thin: a table of fields and these functions.

pub use std::option::Option::{self, None, Some};
pub use std::result::Result::{self, Err, Ok};
pub use std::string::String;

pub use crate::diagnostic::Diagnostics;
pub use crate::model::{AttributeType, Model, Shape};
pub use crate::path::AttributePath;
pub use crate::schema::{Block, Members, UpdateClass};
pub use crate::value::Value;

use crate::model::mistakes;
use crate::schema::{Attribute, Check, Choice, NestedBlock, Nesting, Semantics};
use crate::ty::Type;
use crate::validate::Range;

/// What a field's `#[schema(...)]` and serde attributes say about it.
#[derive(Clone, Debug, Default)]
pub struct FieldOptions {
    /// `requires_replace`.
    pub requires_replace: bool,
    /// `stable`.
    pub stable: bool,
    /// `sensitive`.
    pub sensitive: bool,
    /// `deprecated = "..."`.
    pub deprecated: Option<&'static str>,
    /// `assumed = ...`: what null means to the remote side.
    pub assumed: Option<Value>,
    /// `class = ...`.
    pub update_class: Option<UpdateClass>,
    /// `range(min = .., max = ..)`.
    pub range: Option<Range>,
    /// `check = path`, any number.
    pub checks: &'static [Check],
    /// The field's path in the custom resource: `remote = "..."`, else serde's name.
    pub remote: Option<&'static str>,
}

/// The numbers between the two, both included, as they were written in the source.
pub fn range(min: Option<&str>, max: Option<&str>) -> Option<Range> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    Some(Range {
        min: number(min),
        max: number(max),
        whole: false,
    })
}

/// A list; [`Field::declare`] makes it a set where the field is one.
pub fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::List(elements.into())
}

/// A block with that description and nothing in it yet.
pub fn described(description: &str) -> Block {
    Block {
        description: description.to_owned(),
        ..Block::default()
    }
}

/// What the macro's output does with each field. A trait of its own rather than functions with a bound, so that a type
/// that cannot be a field gives one error and not three.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a Terraform schema",
    note = "use String, bool, an integer, Number, Vec, BTreeSet or BTreeMap<String, _>, a type with #[derive(Schema)], \
            or one of these in Option, Computed or WriteOnly"
)]
pub trait Field: Sized {
    /// Adds the field to a block.
    fn declare(block: &mut Block, name: &str, description: &str, options: FieldOptions);

    /// Reads the field of an object. An unknown value reads as absent where `assumed`.
    fn read(
        object: &Value,
        name: &str,
        assumed: bool,
        path: &AttributePath,
        problems: &mut Diagnostics,
    ) -> Option<Self>;

    /// Writes the field of an object.
    fn write(&self, members: &mut Members, name: &str);
}

impl<T: AttributeType> Field for T {
    fn declare(block: &mut Block, name: &str, description: &str, mut options: FieldOptions) {
        let shape = T::shape();
        options.assumed = match (shape.ty(), options.assumed) {
            (Type::Set(_), Some(Value::List(elements))) => Some(Value::Set(elements)),
            (_, assumed) => assumed,
        };
        let mistake = mistakes::of_name(block, name)
            .or_else(|| mistakes::of_field(&shape, T::absent().is_some(), name, &options));
        refuse(mistake);
        add(block, shape, name, description, options);
    }

    fn read(
        object: &Value,
        name: &str,
        assumed: bool,
        path: &AttributePath,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let value = object.member(name);
        if (value.is_null() || (assumed && value.is_unknown()))
            && let Some(absent) = T::absent()
        {
            return Some(absent);
        }
        T::decode(value, &path.name(name))
            .map_err(|found| problems.extend(found))
            .ok()
    }

    fn write(&self, members: &mut Members, name: &str) {
        members.insert(name.to_owned(), self.encode());
    }
}

fn add(block: &mut Block, shape: Shape, name: &str, description: &str, options: FieldOptions) {
    match shape {
        Shape::Attribute(mut attribute) => {
            attribute.name = name.to_owned();
            attribute.description = description.to_owned();
            attribute.requires_replace = options.requires_replace;
            attribute.stable = options.stable;
            attribute.sensitive |= options.sensitive;
            attribute.deprecated = options.deprecated.map(str::to_owned);
            attribute.computed |= options.assumed.is_some();
            attribute.assumed = options.assumed;
            attribute.update_class = options.update_class;
            attribute.range = Range::narrowed(attribute.range, options.range);
            attribute.checks.extend_from_slice(options.checks);
            attribute.remote = options.remote.map(str::to_owned);
            block.attributes.push(*attribute);
        }
        Shape::Block(mut nested) => {
            nested.name = name.to_owned();
            nested.block.description = description.to_owned();
            nested.block.deprecated = options.deprecated.map(str::to_owned);
            nested.requires_replace = options.requires_replace;
            nested.update_class = options.update_class;
            nested.remote = options.remote.map(str::to_owned);
            block.blocks.push(*nested);
        }
    }
}

/// Stops a debug build where there is a mistake.
fn refuse(mistake: Option<mistakes::Mistake>) {
    debug_assert!(
        mistake.is_none(),
        "{}",
        mistake.map_or_else(String::new, |mistake| mistake.to_string())
    );
}

/// Adds all fields of another model's block to a block; their remote paths begin with `remote`.
pub fn flatten(block: &mut Block, inner: Block, remote: Option<&str>) {
    let mut names = inner
        .attributes
        .iter()
        .map(|field| &field.name)
        .chain(inner.blocks.iter().map(|field| &field.name));
    refuse(names.find_map(|name| mistakes::of_name(block, name)));
    let prefixed = |field: Option<String>| match (remote, field) {
        (Some(prefix), Some(field)) => Some(format!("{prefix}.{field}")),
        (_, field) => field,
    };
    block
        .attributes
        .extend(inner.attributes.into_iter().map(|mut attribute| {
            attribute.remote = prefixed(attribute.remote);
            attribute
        }));
    block.blocks.extend(inner.blocks.into_iter().map(|mut nested| {
        nested.remote = prefixed(nested.remote);
        nested
    }));
}

/// The shape of a struct: a single required block.
pub fn block_shape(block: Block) -> Shape {
    Shape::Block(Box::new(NestedBlock {
        name: String::new(),
        nesting: Nesting::Single,
        required: true,
        requires_replace: false,
        update_class: None,
        remote: None,
        block,
    }))
}

/// The shape of an enum of names: a string, one of these; where they are `open`, any other too.
pub fn choices_shape(choices: &[(&str, &str)], open: bool) -> Shape {
    let mut attribute = Attribute::new(Type::String, Semantics::EXACT);
    attribute.open_choices = open;
    attribute.choices = choices
        .iter()
        .map(|(value, description)| Choice {
            value: (*value).to_owned(),
            description: (*description).to_owned(),
        })
        .collect();
    Shape::Attribute(Box::new(attribute))
}

/// The problem of a text that is none of an enum's variants.
pub fn unknown_choice(value: &Value, path: &AttributePath, choices: &[(&str, &str)]) -> Diagnostics {
    match value.as_str() {
        Some(text) => crate::validate::not_a_choice(text, choices.iter().map(|(value, _)| *value), path).into(),
        None => crate::model::wrong_kind("A string", value, path),
    }
}
