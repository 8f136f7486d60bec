//! Type constraints, as a Terraform schema declares them.

use std::collections::BTreeMap;

/// A cty type constraint. Its JSON form is the one of the protocol: `"string"`, `["list","number"]`,
/// `["object",{"a":"bool"}]` (tfplugin5, `Schema.Attribute.type`); [`crate::json`] reads and writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Any type, decided by each value (`DynamicPseudoType`).
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// A decimal number of any size.
    Number,
    /// Unicode text in normal form C.
    String,
    /// Values of one type, in order.
    List(Box<Type>),
    /// Values of one type, without order or duplicates.
    Set(Box<Type>),
    /// Values of one type by name.
    Map(Box<Type>),
    /// A fixed set of named members, each with its own type.
    Object(BTreeMap<String, Type>),
    /// A fixed sequence of values, each with its own type.
    Tuple(Vec<Type>),
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// `object({...})` of the given members.
    pub fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self::Object(members.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Whether a value of this type carries its own type on the wire, here or somewhere inside.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Object(members) => members.values().any(Self::has_dynamic),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
        }
    }
}

/// As written in a Terraform configuration: `list(string)`, `object({ name = string })`.
impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dynamic => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(members) => {
                f.write_str("object({")?;
                for (index, (name, ty)) in members.iter().enumerate() {
                    write!(f, "{} {name} = {ty}", if index == 0 { "" } else { "," })?;
                }
                f.write_str(" })")
            }
            Self::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (index, ty) in elements.iter().enumerate() {
                    write!(f, "{}{ty}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
        }
    }
}
