//! The traits that join Rust types and schemas. People derive them with [`macro@crate::Schema`]; the types that a field can have
//! implement [`AttributeType`] here.
//!
//! A model is wholly known: unknown values stop at [`AttributeType::decode`], except where a field is computed, and
//! there they read as "not yet".

mod mistakes;
pub mod private;
mod std_types;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::AttributePath;
use crate::schema::{Attribute, Block, Members, NestedBlock, Schema};
use crate::value::Value;

/// How a field of some Rust type appears in a schema.
#[derive(Clone, Debug)]
pub enum Shape {
    /// As an attribute.
    Attribute(Box<Attribute>),
    /// As a nested block.
    Block(Box<NestedBlock>),
}

impl Shape {
    /// The type of its values.
    pub fn ty(&self) -> crate::ty::Type {
        match self {
            Self::Attribute(attribute) => attribute.ty.clone(),
            Self::Block(nested) => nested.implied_type(),
        }
    }
}

/// A Rust type that a field of a model can have.
///
/// | type | schema |
/// |---|---|
/// | `String`, `bool`, integers, [`crate::Number`] | a required attribute |
/// | an enum with `#[derive(Schema)]` | a required string, one of the variants' names |
/// | `Option<T>` | the same, optional |
/// | [`Computed<T>`], `Option<Computed<T>>` | computed; optional and computed |
/// | [`WriteOnly<T>`] in `Option` | optional, sent and never stored |
/// | `Vec<T>`, `BTreeSet<T>`, `BTreeMap<String, T>` | list, set, map |
/// | a struct with `#[derive(Schema)]`, in `Option`, in `Vec` | a nested block: required, optional, a list |
/// | such a struct in [`Computed`] or [`WriteOnly`] | an object attribute |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a Terraform schema",
    note = "use String, bool, an integer, Number, Vec, BTreeSet or BTreeMap<String, _>, a type with #[derive(Schema)], \
            or one of these in Option, Computed or WriteOnly"
)]
pub trait AttributeType: Sized {
    /// How a field of this type appears in a schema: without name and description, which the field adds.
    fn shape() -> Shape;

    /// Reads a value.
    ///
    /// # Errors
    /// The value is null, unknown or of another kind; said at `path`.
    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics>;

    /// Writes a value.
    fn encode(&self) -> Value;

    /// What a value that is not there reads as; `None` where it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// A struct that is a block: a resource, a data source, a provider block, or a nested block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model of a Terraform block",
    note = "a model is a struct with named fields and #[derive(Schema)], itself and not in Option, Computed or Vec"
)]
pub trait Model: Sized + Send + Sync + 'static {
    /// The resource type or other name, empty for a nested block.
    const NAME: &'static str;
    /// Version of the stored state.
    const VERSION: i64;

    /// The block that this struct stands for.
    fn block() -> Block;

    /// Reads the members of an object; every problem goes to `problems`, and `None` is returned where there is one.
    fn decode_members(object: &Value, path: &AttributePath, problems: &mut Diagnostics) -> Option<Self>;

    /// Writes the members of an object.
    fn encode_members(&self, members: &mut Members);

    /// The schema made of [`Self::block`].
    fn schema() -> Schema {
        Schema {
            version: Self::VERSION,
            block: Self::block(),
        }
    }

    /// Reads a known object.
    ///
    /// # Errors
    /// Something in it is missing, unknown or of another type.
    fn from_value(value: &Value) -> Result<Self, Diagnostics> {
        Self::from_value_at(value, &AttributePath::root())
    }

    /// Reads a known object at a path.
    ///
    /// # Errors
    /// Something in it is missing, unknown or of another type.
    fn from_value_at(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if value.as_map().is_none() {
            return Err(wrong_kind("An object", value, path));
        }
        let mut problems = Diagnostics::new();
        match Self::decode_members(value, path, &mut problems) {
            Some(model) if !problems.has_errors() => Ok(model),
            Some(_) | None => Err(problems),
        }
    }

    /// Writes the object.
    fn to_value(&self) -> Value {
        let mut members = Members::new();
        self.encode_members(&mut members);
        Value::Map(members)
    }
}

/// A value that the provider computes. `None` while it is not known yet, or where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed<T>(pub Option<T>);

impl<T> Computed<T> {
    /// The value, where there is one.
    pub fn as_ref(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> Default for Computed<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<T> for Computed<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Serialize> Serialize for Computed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Computed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

/// A value that is sent with every write and stored nowhere: null in every plan and state. Never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WriteOnly<T>(pub Option<T>);

impl<T> std::fmt::Debug for WriteOnly<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WriteOnly(..)")
    }
}

/// The problem of a value of the wrong kind.
pub(crate) fn wrong_kind(expected: &str, found: &Value, path: &AttributePath) -> Diagnostics {
    let detail = match found {
        Value::Null => format!("{expected} is required here, and nothing was set."),
        Value::Unknown => {
            return Diagnostic::bug(format!("`{path}` is still unknown where it must be known."))
                .at(path.clone())
                .into();
        }
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::List(_)
        | Value::Set(_)
        | Value::Map(_)
        | Value::Dynamic(_) => format!("{expected} is required here, not {}.", found.kind()),
    };
    Diagnostic::error("Wrong type of value")
        .detail(detail)
        .at(path.clone())
        .into()
}
