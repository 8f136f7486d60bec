//! Checks of single attributes that stand outside the specification.

use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::resources::names;

/// Longest name: the operator appends to it for the objects of the cluster.
const LONGEST_NAME: usize = 45;

/// The label that makes a `FlinkDeployment` a health probe of the operator: its status is not kept then.
const CANARY: &str = "flink.apache.org/canary";

/// Checks the name by the operator's rule.
pub fn name(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !is_deployment_name(text) => Diagnostic::error("Not the name of a deployment")
            .detail(format!(
                "The operator refuses the name `{text}`. Use at most {LONGEST_NAME} lower case letters, digits and `-`, \
                 beginning with a letter and ending with a letter or digit."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Whether the operator takes the name.
fn is_deployment_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.starts_with(|c: char| c.is_ascii_lowercase()) && names::is_dns_label(text)
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
        let longest = "a".repeat(45);
        for good in ["a", "orders", "customer-analytics", "job2", longest.as_str()] {
            assert!(is_deployment_name(good), "{good}");
        }
        let too_long = "a".repeat(46);
        for bad in [
            "",
            "1st",
            "-a",
            "a-",
            "Orders",
            "a.b",
            "a_b",
            "a b",
            "ä",
            too_long.as_str(),
        ] {
            assert!(!is_deployment_name(bad), "{bad}");
            assert!(name(&bad.into(), &AttributePath::of(["name"])).has_errors(), "{bad}");
        }
    }

    #[test]
    fn a_health_probe_is_refused() {
        let labels = |value: &str| labels(&Value::map([(CANARY, value.into())]), &AttributePath::of(["labels"]));
        assert!(labels("true").has_errors());
        assert!(labels("false").is_empty());
    }
}
