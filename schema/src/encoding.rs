//! What both encodings share: their errors, and how deep a value may be.
//!
//! Errors name the place and the kinds that disagree, never a value: what is decoded may hold secrets.

#[cfg(test)]
pub(crate) mod arbitrary;

use crate::json::TypeError;
use crate::path::{AttributePath, Step};
use crate::ty::Type;
use crate::value::Value;

/// How many levels a value or a type may have. Far beyond what a configuration has, and little enough for the stack
/// of any thread.
pub const MAX_DEPTH: usize = 256;

/// Bytes that are not a value of the expected type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to decode {}: {fault}", place(.path))]
pub struct DecodeError {
    /// Where; the root where the whole value is meant. An element of a set has no path of its own: it has the set's.
    pub path: AttributePath,
    /// What is wrong there.
    pub fault: DecodeFault,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// Another kind of value than the type says.
    #[error("{expected} is required here, not {found}")]
    WrongKind {
        /// What the type asks for, with its article.
        expected: &'static str,
        /// What is there, with its article.
        found: &'static str,
    },
    /// An object lacks an attribute of its type.
    #[error("the attribute `{0}` is missing")]
    MissingAttribute(String),
    /// An object has an attribute that its type does not have.
    #[error("there is an attribute `{0}`, which the schema does not have")]
    ExtraAttribute(String),
    /// A tuple has another number of elements than its type.
    #[error("a tuple of {expected} elements is required here, not of {found}")]
    TupleLength {
        /// Elements of the type.
        expected: usize,
        /// Elements of the value.
        found: usize,
    },
    /// The number is infinite, or too long to be represented.
    #[error("the number here cannot be represented")]
    NotANumber,
    /// Text that is not UTF-8.
    #[error("the text here is not valid UTF-8")]
    NotText,
    /// The bytes end before the value does.
    #[error("the data ends early")]
    Truncated,
    /// There are bytes behind the value.
    #[error("there is more data behind the value")]
    TrailingData,
    /// The value has more than [`MAX_DEPTH`] levels.
    #[error("the value has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// A dynamic value is not a pair of type and value.
    #[error("a value with its type is required here")]
    NotTyped,
    /// The type of a dynamic value is none.
    #[error("the type given with the value cannot be read: {0}")]
    Type(TypeError),
    /// The text is not JSON.
    #[error("this is not valid JSON (line {line}, column {column})")]
    Json {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
}

impl DecodeError {
    pub(crate) fn here(fault: DecodeFault) -> Self {
        Self {
            path: AttributePath::root(),
            fault,
        }
    }

    pub(crate) fn wrong_kind(ty: &Type, found: &'static str) -> Self {
        Self::here(DecodeFault::WrongKind {
            expected: required(ty),
            found,
        })
    }

    /// The same error, seen from one level further out. Paths are put together only where there is an error.
    pub(crate) fn inside(self, step: Step) -> Self {
        Self {
            path: below(step, &self.path),
            fault: self.fault,
        }
    }
}

/// A value that is not of the expected type. Only a bug in a provider causes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to encode {}: {fault}", place(.path))]
pub struct EncodeError {
    /// Where; the root where the whole value is meant. An element of a set has no path of its own: it has the set's.
    pub path: AttributePath,
    /// What is wrong there.
    pub fault: EncodeFault,
}

/// What is wrong with the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeFault {
    /// Another kind of value than the type says.
    #[error("{expected} is required here, not {found}")]
    WrongKind {
        /// What the type asks for, with its article.
        expected: &'static str,
        /// What is there, with its article.
        found: &'static str,
    },
    /// An object lacks an attribute of its type.
    #[error("the attribute `{0}` is missing")]
    MissingAttribute(String),
    /// An object has an attribute that its type does not have.
    #[error("there is an attribute `{0}`, which the schema does not have")]
    ExtraAttribute(String),
    /// A tuple has another number of elements than its type.
    #[error("a tuple of {expected} elements is required here, not of {found}")]
    TupleLength {
        /// Elements of the type.
        expected: usize,
        /// Elements of the value.
        found: usize,
    },
    /// The value is unknown, and the encoding has no such thing.
    #[error("the value is still unknown, and stored state holds known values only")]
    Unknown,
    /// The value has more than [`MAX_DEPTH`] levels.
    #[error("the value has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// The text or collection has more than 2³² - 1 bytes or elements.
    #[error("the value is too long to be sent")]
    TooLong,
}

impl EncodeError {
    pub(crate) fn here(fault: EncodeFault) -> Self {
        Self {
            path: AttributePath::root(),
            fault,
        }
    }

    pub(crate) fn wrong_kind(ty: &Type, found: &Value) -> Self {
        Self::here(EncodeFault::WrongKind {
            expected: required(ty),
            found: found.kind(),
        })
    }

    /// The same error, seen from one level further out.
    pub(crate) fn inside(self, step: Step) -> Self {
        Self {
            path: below(step, &self.path),
            fault: self.fault,
        }
    }
}

/// A name that came from outside, for a message: its beginning.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn below(step: Step, path: &AttributePath) -> AttributePath {
    std::iter::once(step).chain(path.steps().iter().cloned()).collect()
}

fn place(path: &AttributePath) -> String {
    if path.is_root() {
        "the value".to_owned()
    } else {
        format!("`{path}`")
    }
}

/// What a type asks for, in Terraform's words.
fn required(ty: &Type) -> &'static str {
    match ty {
        Type::Dynamic => "a value with its type",
        Type::Bool => "a bool",
        Type::Number => "a number",
        Type::String => "a string",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a map",
        Type::Object(_) => "an object",
        Type::Tuple(_) => "a tuple",
    }
}
