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
        Self {
            value,
            path: AttributePath::root(),
        }
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
        View {
            value: self.value.member(key),
            path: self.path.key(key),
        }
    }

    /// The elements of a list, each with its own path, or of a set, each with the set's path: an element of a set has
    /// no address. None where it is null or unknown.
    pub fn elements(&self) -> Vec<View<'a>> {
        let path = |index| {
            if matches!(self.value, Value::Set(_)) {
                self.path()
            } else {
                self.path.index(index)
            }
        };
        let elements = self.value.as_elements().unwrap_or_default();
        elements
            .iter()
            .enumerate()
            .map(|(index, value)| View {
                value,
                path: path(index),
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Value {
        Value::map([
            ("name", "orders".into()),
            ("labels", Value::map([("a.b", "x".into())])),
            ("args", Value::List(vec!["-v".into(), Value::Unknown])),
            ("hosts", Value::Set(vec!["a".into()])),
            (
                "job",
                Value::map([
                    ("parallelism", 4.into()),
                    ("jar", Value::Unknown),
                    ("mode", Value::Null),
                ]),
            ),
        ])
    }

    #[test]
    fn what_can_be_seen() {
        let config = config();
        let view = View::of(&config);
        assert_eq!(view.at("name").read::<String>(), Ok(Seen::Known("orders".into())));
        assert_eq!(view.at("job.parallelism").get::<i64>(), Seen::Known(4));
        assert_eq!(view.at("job.jar").read::<String>(), Ok(Seen::Unknown));
        assert_eq!(view.at("job.mode").read::<String>(), Ok(Seen::Null));
        // A list that is unknown in part is not yet to be judged.
        assert_eq!(view.at("args").read::<Vec<String>>(), Ok(Seen::Unknown));
        assert_eq!(view.at("args").elements()[0].text(), Some("-v"));
        // What is not there is null, and what is inside the unknown is unknown.
        assert!(view.at("ingress.template").is_null());
        assert!(view.at("job.jar.inside").is_unknown());
    }

    #[test]
    fn every_place_knows_its_path() {
        let config = config();
        let view = View::of(&config);
        let paths = [
            (view.path(), ""),
            (view.at("job.parallelism").path(), "job.parallelism"),
            (view.at("job").at("jar").path(), "job.jar"),
            (view.at("labels").key("a.b").path(), "labels[\"a.b\"]"),
            (view.at("args").elements()[1].path(), "args[1]"),
            (view.at("hosts").elements()[0].path(), "hosts"),
        ];
        for (path, expected) in paths {
            assert_eq!(path.to_string(), expected);
        }
        assert_eq!(view.at("labels").key("a.b").text(), Some("x"));
        assert!(view.at("labels").key("c").is_null());
        assert!(view.at("job.mode").elements().is_empty());
    }

    #[test]
    fn a_value_of_another_kind_is_an_error_that_says_where() {
        let config = config();
        let view = View::of(&config).at("job.parallelism");
        let problems = view.read::<bool>().unwrap_err();
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.path.to_string(), "job.parallelism");
        assert!(problem.detail.contains("not a number"), "{}", problem.detail);
        assert_eq!(view.get::<bool>(), Seen::Null);
    }
}
