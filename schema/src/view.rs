//! A look at a value that may be unknown in places: what validation and planning work on.

use crate::diagnostic::Diagnostics;
use crate::model::AttributeType;
use crate::path::AttributePath;
use crate::value::Value;

/// What can be seen of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// Not set.
    Null,
    /// Set, to be known after apply.
    Unknown,
    /// Set and known.
    Known(T),
}

impl<T> Seen<T> {
    /// The value where it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// A place in a configuration, plan or state.
#[derive(Clone, Debug)]
pub struct View<'a> {
    value: &'a Value,
    path: AttributePath,
}

impl<'a> View<'a> {
    /// The whole of a value.
    pub fn of(value: &'a Value) -> Self {
        Self { value, path: AttributePath::root() }
    }

    /// The attribute or block of that name inside this one; dots go deeper: `job.upgrade_mode`.
    #[must_use]
    pub fn at(&self, names: &str) -> View<'a> {
        names.split('.').fold(self.clone(), |view, name| View {
            value: view.value.member(name),
            path: view.path.name(name),
        })
    }

    /// The element of a map of that key.
    #[must_use]
    pub fn key(&self, key: &str) -> View<'a> {
        View { value: self.value.member(key), path: self.path.key(key) }
    }

    /// The elements of a list or set, each with its own path; none where it is null or unknown.
    pub fn elements(&self) -> Vec<View<'a>> {
        let elements = self.value.as_elements().unwrap_or_default();
        elements
            .iter()
            .enumerate()
            .map(|(index, value)| View { value, path: self.path.index(index) })
            .collect()
    }

    /// Where this is.
    pub fn path(&self) -> AttributePath {
        self.path.clone()
    }

    /// The value here.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Whether nothing is set here.
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether this is unknown, itself or in part.
    pub fn is_unknown(&self) -> bool {
        !self.value.is_wholly_known()
    }

    /// What is here, as a `T`.
    ///
    /// # Errors
    /// The value is known and no `T`.
    pub fn read<T: AttributeType>(&self) -> Result<Seen<T>, Diagnostics> {
        if self.value.is_null() {
            return Ok(Seen::Null);
        }
        if self.is_unknown() {
            return Ok(Seen::Unknown);
        }
        T::decode(self.value, &self.path).map(Seen::Known)
    }

    /// What is here, as a `T`; a known value that is none counts as null (it has been reported where it was read).
    pub fn get<T: AttributeType>(&self) -> Seen<T> {
        self.read().unwrap_or(Seen::Null)
    }

    /// Known text, where there is any.
    pub fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }
}
