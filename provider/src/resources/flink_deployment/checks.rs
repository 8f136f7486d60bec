//! Checks of single attributes that stand outside the specification.

use flink_client::operator::checks::{LONGEST_DEPLOYMENT_NAME, is_deployment_name};
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::resources::names;

/// The label that makes a `FlinkDeployment` a health probe of the operator: its status is not kept then.
const CANARY: &str = "flink.apache.org/canary";

/// Checks the name by the operator's rule.
pub fn name(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !is_deployment_name(text) => Diagnostic::error("Not the name of a deployment")
            .detail(format!(
                "The operator refuses the name `{text}`. Use at most {LONGEST_DEPLOYMENT_NAME} lower case letters, digits and `-`, \
                 beginning with a letter and ending with a letter or digit."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Checks labels, and that the object is not made a health probe.
pub fn labels(value: &Value, path: &AttributePath) -> Diagnostics {
    let mut problems = names::labels(value, path);
    if value.member(CANARY).as_str() == Some("true") {
        problems.push(
            Diagnostic::error("Label of a health probe")
                .detail(format!(
                    "With the label `{CANARY}` the operator takes the deployment for a probe of its own health and does \
                     not keep its status, so that it would never become ready. Remove the label."
                ))
                .at(path.key(CANARY)),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_the_rule_of_the_operator() {
        assert!(name(&"orders".into(), &AttributePath::of(["name"])).is_empty());
        assert!(name(&"1st".into(), &AttributePath::of(["name"])).has_errors());
    }

    #[test]
    fn a_health_probe_is_refused() {
        let labels = |value: &str| labels(&Value::map([(CANARY, value.into())]), &AttributePath::of(["labels"]));
        assert!(labels("true").has_errors());
        assert!(labels("false").is_empty());
    }
}
