//! What of a live object is ours to report.
//!
//! A field that the prior state sets is compared whoever owns it now; a field that it does not set is
//! only ours to report if we have written it. All else belongs to others.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::objects::{FIELD_MANAGER, Live};
use super::ownership;
use crate::operator::configuration::scalar_text;
use crate::operator::resource::{FieldForm, Manifest, Resource};

impl<K: Resource> Live<K> {
    /// The labels, annotations and specification that are to be reported, as a manifest: fields that
    /// `prior` sets and fields that we own. Without `prior`, as in an import, everything. Nested
    /// configurations come back flat.
    pub fn visible(&self, prior: Option<&Manifest>) -> Manifest {
        let everything = Value::Object(Map::new());
        let claims = match prior {
            None => Some(&everything),
            Some(_) => ownership::applied_by(self.metadata(), FIELD_MANAGER),
        };
        let prior = prior.map(|prior| prior.to_object::<K>(self.metadata().namespace.as_deref().unwrap_or_default()));
        let seen = visible::<K>(&mut Vec::new(), &self.json, prior.as_ref(), claims);
        let seen = seen.unwrap_or_default();
        let texts = |field: &str| {
            let texts = seen.pointer(&format!("/metadata/{field}")).and_then(Value::as_object);
            texts
                .into_iter()
                .flatten()
                .map(|(name, text)| (name.clone(), scalar_text(text)))
                .collect()
        };
        let mut annotations: BTreeMap<String, String> = texts("annotations");
        // kubectl's own notes are no part of anybody's configuration.
        annotations.retain(|name, _| !name.starts_with("kubectl.kubernetes.io/"));
        Manifest {
            name: self.metadata().name.clone().unwrap_or_default(),
            labels: texts("labels"),
            annotations,
            spec: seen.get("spec").cloned().unwrap_or_else(|| Value::Object(Map::new())),
        }
    }
}

/// The visible part of a value. `claims` is the tree of what we own here; an empty tree means all of it.
fn visible<'v, K: Resource>(
    path: &mut Vec<&'v str>,
    live: &'v Value,
    prior: Option<&Value>,
    claims: Option<&Value>,
) -> Option<Value> {
    if prior.is_none() && claims.is_none() {
        return None;
    }
    match (K::form(path), live) {
        (FieldForm::Flattened, Value::Object(members)) => {
            let mut flat = Map::new();
            flatten_visible(&mut flat, "", members, prior, claims);
            (prior.is_some() || !flat.is_empty()).then_some(Value::Object(flat))
        }
        (FieldForm::Tree, Value::Object(members)) => {
            let mut part = Map::new();
            for (name, member) in members {
                path.push(name);
                let prior = prior.and_then(|prior| prior.get(name));
                if let Some(member) = visible::<K>(path, member, prior, deeper(claims, name)) {
                    part.insert(name.clone(), member);
                }
                path.pop();
            }
            (prior.is_some() || !part.is_empty() || owns_itself(claims)).then_some(Value::Object(part))
        }
        _ => Some(live.clone()),
    }
}

fn flatten_visible(
    flat: &mut Map<String, Value>,
    prefix: &str,
    members: &Map<String, Value>,
    prior: Option<&Value>,
    claims: Option<&Value>,
) {
    for (name, member) in members {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let claims = deeper(claims, name);
        if let Value::Object(nested) = member {
            flatten_visible(flat, &key, nested, prior, claims);
        } else if claims.is_some() || prior.is_some_and(|prior| prior.get(&key).is_some()) {
            let text = if let Value::Array(items) = member {
                items.iter().map(scalar_text).collect::<Vec<_>>().join(";")
            } else {
                scalar_text(member)
            };
            flat.insert(key, Value::String(text));
        }
    }
}

/// The claims on a member. An empty tree covers all members.
fn deeper<'c>(claims: Option<&'c Value>, name: &str) -> Option<&'c Value> {
    let claims = claims?;
    if claims.as_object().is_some_and(Map::is_empty) {
        Some(claims)
    } else {
        claims.get(format!("f:{name}"))
    }
}

/// Whether an object is ours even without members.
fn owns_itself(claims: Option<&Value>) -> bool {
    claims.is_some_and(|claims| {
        claims
            .as_object()
            .is_some_and(|tree| tree.is_empty() || tree.contains_key("."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::FlinkDeployment;
    use crate::testing::{deployment, managed};
    use serde_json::json;

    fn live() -> Live<FlinkDeployment> {
        let spec = json!({
            "image": "ours", "serviceAccount": "theirs", "restartNonce": 3,
            "flinkConfiguration": {"ours.key": 1, "prior": {"key": "changed"}, "theirs.key": "x"},
            "job": {"parallelism": 8, "state": "running", "args": []},
            "taskManager": {"replicas": 2},
        });
        let mut object = deployment("1", spec, Value::Null);
        object["metadata"]["labels"] = json!({"team": "a", "theirs": "b"});
        object["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
        object["metadata"]["managedFields"] = json!([managed(
            FIELD_MANAGER,
            "Apply",
            json!({
                "f:metadata": {"f:labels": {"f:team": {}}},
                "f:spec": {"f:image": {}, "f:restartNonce": {}, "f:flinkConfiguration": {"f:ours.key": {}}, "f:job": {}},
            })
        )]);
        Live::from_json(object).unwrap()
    }

    #[test]
    fn what_prior_state_sets_and_what_we_own() {
        let prior = Manifest {
            spec: json!({"image": "ours", "flinkConfiguration": {"prior.key": "a"}, "serviceAccount": "flink"}),
            ..Manifest::default()
        };
        let seen = live().visible(Some(&prior));
        assert_eq!(
            seen.spec,
            json!({
                "image": "ours", "serviceAccount": "theirs", "restartNonce": 3,
                "flinkConfiguration": {"ours.key": "1", "prior.key": "changed"},
                "job": {"parallelism": 8, "state": "running", "args": []},
            }),
        );
        assert_eq!(seen.labels, [("team".to_owned(), "a".to_owned())].into());
    }

    #[test]
    fn everything_in_an_import() {
        let seen = live().visible(None);
        assert_eq!(seen.spec["taskManager"], json!({"replicas": 2}));
        assert_eq!(
            seen.spec["flinkConfiguration"],
            json!({"ours.key": "1", "prior.key": "changed", "theirs.key": "x"}),
        );
        assert_eq!(seen.labels.len(), 2);
        assert!(seen.annotations.is_empty());
    }
}
