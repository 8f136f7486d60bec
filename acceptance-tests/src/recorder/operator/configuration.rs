//! The operator's configuration file: YAML, one option a line.

use std::collections::BTreeMap;

use flink_client::secret::is_sensitive;
use serde_json::Value;

/// The options of the operator itself all begin so.
const PREFIX: &str = "kubernetes.operator.";

/// The operator's own options in a file, without secrets.
pub fn options(text: &str) -> BTreeMap<String, String> {
    let file: Value = serde_saphyr::from_str(text).unwrap_or_default();
    let mut options = BTreeMap::new();
    flatten("", &file, &mut options);
    options.retain(|key, _| key.starts_with(PREFIX) && !is_sensitive(key));
    options
}

/// Options may be nested, or one name with dots.
fn flatten(prefix: &str, value: &Value, options: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&name, field, options);
            }
        }
        Value::String(text) => {
            options.insert(prefix.to_owned(), text.clone());
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            options.insert(prefix.to_owned(), value.to_string());
        }
    }
}

/// A file in which these options have these values. All else in it stays as it is.
pub fn with(text: &str, wanted: &Value) -> String {
    let wanted = wanted.as_object();
    let is_wanted = |line: &str| {
        let key = line.split_once(':').map(|(key, _)| key.trim());
        wanted.is_some_and(|wanted| key.is_some_and(|key| wanted.contains_key(key)))
    };
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !is_wanted(line))
        .map(str::to_owned)
        .collect();
    for (key, value) in wanted.into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("{key}: {value}"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_operators_own_options_are_read() {
        let text = "# comment\nkubernetes.operator.reconcile.interval: 5 s\nkubernetes:\n  operator:\n    retry.max.attempts: 15\n\
                    taskmanager.numberOfTaskSlots: 2\nkubernetes.operator.plugin.password: hidden\n";
        let expected = [
            ("kubernetes.operator.reconcile.interval", "5 s"),
            ("kubernetes.operator.retry.max.attempts", "15"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(options(text), expected.into());
        assert_eq!(options("not: [valid"), BTreeMap::new());
    }

    #[test]
    fn an_option_is_set_once_and_the_rest_stays() {
        let wanted = json!({ "kubernetes.operator.reconcile.interval": "5 s" });
        let cases = [
            ("", "kubernetes.operator.reconcile.interval: 5 s\n"),
            (
                "# first\nkubernetes.operator.reconcile.interval: 60 s\na: 1\n",
                "# first\na: 1\nkubernetes.operator.reconcile.interval: 5 s\n",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(with(before, &wanted), after);
            assert_eq!(with(after, &wanted), after);
        }
    }
}
