//! What a command gave back.

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

/// What a command gave back.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the exit code was 0.
    pub success: bool,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
    /// The diagnostics, where the command was asked for JSON.
    pub diagnostics: Vec<Diagnostic>,
}

/// A diagnostic as Terraform prints it with `-json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The headline.
    pub summary: String,
    /// The text.
    #[serde(default)]
    pub detail: String,
    /// The resource that it is about.
    pub address: Option<String>,
    /// The lines of the configuration that it points at.
    pub snippet: Option<Snippet>,
}

/// The part of a configuration that a diagnostic points at.
#[derive(Clone, Debug, Deserialize)]
pub struct Snippet {
    /// The line or lines.
    pub code: String,
}

impl Outcome {
    /// What a command has printed.
    pub fn of(success: bool, stdout: String, stderr: String) -> Self {
        Self {
            success,
            diagnostics: diagnostics(&stdout),
            stdout,
            stderr,
        }
    }

    /// What the plan of `plan -json`, `apply -json` or `destroy -json` does: addresses and actions, such as `replace`.
    pub fn planned(&self) -> Vec<(String, String)> {
        let lines = self
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let changes = lines.filter(|line| line["type"] == "planned_change").map(|line| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&line["change"]["resource"]["addr"]),
                text(&line["change"]["action"]),
            )
        });
        changes.collect()
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == "error")
    }

    /// The outcome, where the command succeeded.
    ///
    /// # Errors
    /// It did not; the message holds what it printed.
    pub fn expect_success(self) -> Result<Self> {
        if self.success {
            Ok(self)
        } else {
            bail!("the command failed:\n{}{}", self.stdout, self.stderr)
        }
    }

    /// The only error, where the command failed with exactly one.
    ///
    /// # Errors
    /// It succeeded, or with other than one error.
    pub fn expect_one_error(&self) -> Result<&Diagnostic> {
        ensure!(!self.success, "expected the command to fail:\n{}", self.stdout);
        let mut errors = self.errors();
        match (errors.next(), errors.next()) {
            (Some(error), None) => Ok(error),
            _ => bail!("expected one error:\n{}{}", self.stdout, self.stderr),
        }
    }

    /// The warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == "warning")
    }
}

/// Diagnostics from the lines of `plan -json` and `apply -json`, or from the one document of `validate -json`. What
/// Terraform says about the override that makes it take this checkout's provider is left out.
fn diagnostics(stdout: &str) -> Vec<Diagnostic> {
    let whole = serde_json::from_str::<Value>(stdout).ok();
    let found: Vec<Diagnostic> = match whole.as_ref().and_then(|document| document.get("diagnostics")) {
        Some(found) => serde_json::from_value(found.clone()).unwrap_or_default(),
        None => stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["type"] == "diagnostic")
            .filter_map(|line| serde_json::from_value(line["diagnostic"].clone()).ok())
            .collect(),
    };
    let about_the_override = |found: &Diagnostic| found.summary == "Provider development overrides are in effect";
    found.into_iter().filter(|found| !about_the_override(found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_found_in_both_forms() {
        let stream = r#"{"type":"version"}
{"type":"diagnostic","diagnostic":{"severity":"error","summary":"a","detail":"b","address":"c.d"}}
not json"#;
        let found = diagnostics(stream);
        assert_eq!(
            (found.len(), found[0].summary.as_str(), found[0].address.as_deref()),
            (1, "a", Some("c.d"))
        );
        let document = r#"{"valid":false,"diagnostics":[{"severity":"warning","summary":"x"}]}"#;
        assert_eq!(diagnostics(document)[0].severity, "warning");
    }
}
