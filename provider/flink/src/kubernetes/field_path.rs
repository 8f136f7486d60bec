//! Paths of fields, as the API server writes them.
//!
//! The API server writes `.spec.flinkConfiguration.taskmanager.numberOfTaskSlots` and does not say
//! which dots separate members and which belong to a name. The object at hand tells.

use serde_json::Value;

/// The members a path leads through in `object`, or `None` where it leads nowhere. A path into a list
/// ends at the list: lists of the operator's custom resources are owned and compared as a whole.
pub fn resolve(path: &str, object: &Value) -> Option<Vec<String>> {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() || path.starts_with('[') {
        return Some(Vec::new());
    }
    let members = object.as_object()?;
    let mut candidates: Vec<(&String, &str)> = members
        .keys()
        .filter_map(|name| {
            let rest = path.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some((name, rest))
        })
        .collect();
    // The longest name first: `a.b` and `a: {b}` may both be there.
    candidates.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    candidates.into_iter().find_map(|(name, rest)| {
        let mut found = resolve(rest, &members[name])?;
        found.insert(0, name.clone());
        Some(found)
    })
}

/// The value at a path of members.
pub fn at<'v>(object: &'v Value, path: &[impl AsRef<str>]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, name| value.get(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dots_in_names() {
        let object = json!({"spec": {
            "flinkConfiguration": {"state.savepoints.dir": "a", "state": {"checkpoints.dir": "b"}},
            "podTemplate": {"spec": {"containers": [{"name": "x"}]}},
        }});
        let cases: &[(&str, Option<&[&str]>)] = &[
            (
                ".spec.flinkConfiguration.state.savepoints.dir",
                Some(&["spec", "flinkConfiguration", "state.savepoints.dir"]),
            ),
            (
                ".spec.flinkConfiguration.state.checkpoints.dir",
                Some(&["spec", "flinkConfiguration", "state", "checkpoints.dir"]),
            ),
            (
                "spec.podTemplate.spec.containers[0].name",
                Some(&["spec", "podTemplate", "spec", "containers"]),
            ),
            (".spec.image", None),
            ("", Some(&[])),
        ];
        for (path, expected) in cases {
            let found = resolve(path, &object);
            let found: Option<Vec<&str>> = found.as_ref().map(|path| path.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), *expected, "{path}");
        }
    }
}
