//! Between the messages of the wire and the types of `terraform-schema`.

pub(crate) mod private;
pub(crate) mod schema;
pub(crate) mod value;

use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Severity, Step};

use crate::generated::tfplugin5 as pb;
use crate::secrets;

/// Messages for the user.
pub(crate) fn diagnostics(diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> pb::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => pb::diagnostic::Severity::Error,
        Severity::Warning => pb::diagnostic::Severity::Warning,
    };
    pb::Diagnostic {
        severity: severity.into(),
        summary: secrets::without(diagnostic.summary),
        detail: secrets::without(diagnostic.detail),
        attribute: (!diagnostic.path.is_root()).then(|| path(&diagnostic.path)),
    }
}

/// The place of an attribute.
pub(crate) fn path(path: &AttributePath) -> pb::AttributePath {
    use pb::attribute_path::step::Selector;
    let steps = path.steps().iter().map(|step| {
        let selector = match step {
            Step::Name(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        pb::attribute_path::Step {
            selector: Some(selector),
        }
    });
    pb::AttributePath { steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_keeps_severity_text_and_place() {
        let warning = Diagnostic::warning("Old image")
            .detail("Use a newer one.")
            .at(AttributePath::of(["job", "args"]).index(2).key("a"));
        let error = Diagnostic::error("No cluster");
        let sent = diagnostics([warning, error].into_iter().collect());
        assert_eq!(sent[0].severity, i32::from(pb::diagnostic::Severity::Warning));
        assert_eq!(
            (sent[0].summary.as_str(), sent[0].detail.as_str()),
            ("Old image", "Use a newer one.")
        );
        let steps: Vec<String> = sent[0]
            .attribute
            .as_ref()
            .expect("a place")
            .steps
            .iter()
            .map(shown)
            .collect();
        assert_eq!(steps, ["job", "args", "2", "\"a\""]);
        assert_eq!(sent[1].severity, i32::from(pb::diagnostic::Severity::Error));
        assert!(sent[1].attribute.is_none(), "an error about the whole has no place");
    }

    fn shown(step: &pb::attribute_path::Step) -> String {
        use pb::attribute_path::step::Selector;
        match step.selector.as_ref().expect("a selector") {
            Selector::AttributeName(name) => name.clone(),
            Selector::ElementKeyString(key) => format!("{key:?}"),
            Selector::ElementKeyInt(index) => index.to_string(),
        }
    }
}
