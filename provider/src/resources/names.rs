//! Checks of what Kubernetes allows in names, labels and annotations.

use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Value};

/// Whether a text is made of these characters and begins and ends with a letter or digit.
fn is_word(text: &str, longest: usize, inner: impl Fn(u8) -> bool, outer: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= longest
        && bytes.iter().all(|byte| inner(*byte))
        && bytes.first().is_some_and(|byte| outer(*byte))
        && bytes.last().is_some_and(|byte| outer(*byte))
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether a text is a DNS label: 63 lower case letters, digits and `-` at most.
pub fn is_dns_label(text: &str) -> bool {
    is_word(
        text,
        63,
        |byte| is_lower_alphanumeric(byte) || byte == b'-',
        is_lower_alphanumeric,
    )
}

/// Whether a text is a DNS subdomain: labels joined with dots, 253 characters at most.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// The second half of a label key, or a label value.
pub fn is_label_word(text: &str) -> bool {
    is_word(
        text,
        63,
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        |byte| byte.is_ascii_alphanumeric(),
    )
}

/// Whether a text is a key of a label or annotation: `name`, or `example.com/name`.
pub fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_label_word(name),
        None => is_label_word(text),
    }
}

/// Checks the name of a namespace.
pub fn namespace(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !is_dns_label(text) => Diagnostic::error("Not the name of a namespace")
            .detail(format!(
                "`{text}` cannot be the name of a Kubernetes namespace. Use at most 63 lower case letters, digits and `-`, \
                 beginning and ending with a letter or digit."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Checks the name of an object.
pub fn object(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !is_dns_subdomain(text) => Diagnostic::error("Not the name of an object")
            .detail(format!(
                "`{text}` cannot be the name of a Kubernetes object. Use at most 253 lower case letters, digits, `-` and `.`, \
                 each part between dots beginning and ending with a letter or digit."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Checks labels: keys and values.
pub fn labels(value: &Value, path: &AttributePath) -> Diagnostics {
    let mut problems = keys(value, path, "label");
    for (key, value) in value.as_map().into_iter().flatten() {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty() && !is_label_word(text)) {
            problems.push(
                Diagnostic::error("Not the value of a label")
                    .detail(format!(
                        "`{text}` cannot be the value of a Kubernetes label. Use at most 63 letters, digits, `-`, `_` and \
                         `.`, beginning and ending with a letter or digit. Other text can stand in an annotation."
                    ))
                    .at(path.key(key)),
            );
        }
    }
    problems
}

/// Checks annotations: their keys; a value may be any text.
pub fn annotations(value: &Value, path: &AttributePath) -> Diagnostics {
    keys(value, path, "annotation")
}

fn keys(value: &Value, path: &AttributePath, kind: &str) -> Diagnostics {
    let members = value.as_map().into_iter().flatten();
    members
        .filter(|(key, _)| !is_key(key))
        .map(|(key, _)| {
            Diagnostic::error(format!(
                "Not the key of a{} {kind}",
                if kind == "annotation" { "n" } else { "" }
            ))
            .detail(format!(
                "`{key}` cannot be the key of a Kubernetes {kind}. Use at most 63 letters, digits, `-`, `_` and `.`, \
                     beginning and ending with a letter or digit; a domain with a slash may stand before it, as in \
                     `example.com/team`."
            ))
            .at(path.key(key))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_allows() {
        for good in ["a", "team", "example.com/team", "app.kubernetes.io/part-of", "A_b.c-1"] {
            assert!(is_key(good), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "",
            "-a",
            "a-",
            "a b",
            "/a",
            "a/",
            "Example.com/a",
            "a/b/c",
            long.as_str(),
        ] {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn each_problem_is_at_its_key() {
        let value = Value::map([
            ("team", Value::from("data")),
            ("a b", Value::from("x")),
            ("tier", Value::from("not a word")),
        ]);
        let problems = labels(&value, &AttributePath::of(["labels"]));
        let paths: Vec<String> = problems.iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(paths, [r#"labels["a b"]"#, r#"labels["tier"]"#]);
        assert_eq!(
            annotations(&value, &AttributePath::of(["annotations"])).iter().count(),
            1
        );
    }

    #[test]
    fn names_of_objects() {
        for (text, good) in [
            ("orders", true),
            ("orders.v2", true),
            ("Orders", false),
            ("a_b", false),
            ("a.", false),
        ] {
            assert_eq!(object(&text.into(), &AttributePath::root()).is_empty(), good, "{text}");
        }
    }

    #[test]
    fn namespaces() {
        for (text, good) in [
            ("default", true),
            ("org-data-team-flink", true),
            ("1st", true),
            ("Team", false),
            ("a.b", false),
            ("", false),
        ] {
            assert_eq!(
                namespace(&text.into(), &AttributePath::root()).is_empty(),
                good,
                "{text}"
            );
        }
    }
}
