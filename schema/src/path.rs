//! Attribute paths: where in a configuration something is.

use std::fmt;

/// One step of a path (tfplugin5, `AttributePath.Step`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute or nested block by name.
    Name(String),
    /// An element of a map, or of blocks by label.
    Key(String),
    /// An element of a list.
    Index(i64),
}

/// A path from the root of a configuration: `job.args[0]`, `flink_configuration["state.savepoints.dir"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath(Vec<Step>);

impl AttributePath {
    /// The path of the whole configuration.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of names, as in `AttributePath::of(["job", "upgrade_mode"])`.
    pub fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(names.into_iter().map(|name| Step::Name(name.into())).collect())
    }

    /// This path, one attribute or block deeper.
    #[must_use]
    pub fn name(&self, name: impl Into<String>) -> Self {
        self.step(Step::Name(name.into()))
    }

    /// This path, one map element deeper.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// This path, one list element deeper.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the path of the whole configuration.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is `other` or lies inside it.
    pub fn starts_with(&self, other: &AttributePath) -> bool {
        self.0.starts_with(&other.0)
    }

    /// This path, one step deeper.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl FromIterator<Step> for AttributePath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// As one would write it in a configuration.
impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if position == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_in_a_configuration() {
        let path = AttributePath::of(["job"]).name("args").index(0);
        assert_eq!(path.to_string(), "job.args[0]");
        assert_eq!(
            AttributePath::of(["labels"]).key("a\"b").to_string(),
            "labels[\"a\\\"b\"]"
        );
        assert!(path.starts_with(&AttributePath::of(["job"])));
        assert!(!AttributePath::of(["job"]).starts_with(&path));
    }
}
