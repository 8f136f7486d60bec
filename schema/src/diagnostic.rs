//! Diagnostics: what a user reads when something is wrong or worth knowing.

use crate::path::AttributePath;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went on; the user should know.
    Warning,
}

/// One message to the user. The summary is short, in sentence case and without a full stop. The detail is full sentences: what happened, to
/// which object, why, what to do next. Neither ever holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The headline.
    pub summary: String,
    /// What happened, why, what to do next.
    pub detail: String,
    /// The attribute that it is about; the root where there is none.
    pub path: AttributePath,
}

impl Diagnostic {
    /// An error with that headline.
    pub fn error(summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: String::new(),
            path: AttributePath::root(),
        }
    }

    /// A warning with that headline.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(summary)
        }
    }

    /// An error that only a bug in the provider can cause; asks the user to report it.
    pub fn bug(what: impl AsRef<str>) -> Self {
        Self::error("Bug in the provider").detail(format!(
            "{} This is a bug in the provider, not in your configuration. Please report it with the provider's \
             version and, if you can, the log of a run with TF_LOG_PROVIDER=DEBUG.",
            what.as_ref()
        ))
    }

    /// The same with this detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same at this attribute.
    #[must_use]
    pub fn at(mut self, path: AttributePath) -> Self {
        self.path = path;
        self
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Messages in the order in which they came up. Deliberately not an error type: a list may hold warnings only. Where
/// a `Result<_, Diagnostics>` is returned, its error side holds at least one error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No messages yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    /// Whether any message is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// `value` where no message is an error, else all the messages.
    ///
    /// # Errors
    /// This list, where it holds an error.
    pub fn or_ok<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
