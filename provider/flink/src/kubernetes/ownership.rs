//! Who owns which fields of an object: the `managedFields` that server-side apply keeps.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value};

/// The fields that a manager has applied, as the tree of `fieldsV1`; `None` where it has applied none.
pub fn applied_by<'m>(metadata: &'m ObjectMeta, manager: &str) -> Option<&'m Value> {
    entries(metadata)
        .iter()
        .find(|entry| is_apply_of(entry, manager))
        .and_then(claims)
}

/// When a manager has last applied something that changed the object; `None` where it has applied nothing.
pub fn applied_at(metadata: &ObjectMeta, manager: &str) -> Option<Timestamp> {
    let applied = entries(metadata).iter().find(|entry| is_apply_of(entry, manager))?;
    Some(applied.time.as_ref()?.0)
}

/// Names of all managers but `manager` that own fields a user could have set, in their order. Writers of
/// the status, of finalizers and of the operator's own labels do not count.
pub fn other_managers(metadata: &ObjectMeta, manager: &str, operator_labels: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in entries(metadata) {
        if is_apply_of(entry, manager) || !owns_user_fields(entry, operator_labels) {
            continue;
        }
        let name = entry.manager.clone().unwrap_or_else(|| "an unnamed manager".to_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The manager other than `manager` that has set the field at a path of members.
pub fn manager_of(metadata: &ObjectMeta, manager: &str, path: &[&str]) -> Option<String> {
    let others = entries(metadata).iter().filter(|entry| !is_apply_of(entry, manager));
    let mut setters = others.filter(|entry| claims(entry).is_some_and(|claims| covers(claims, path)));
    setters.next()?.manager.clone()
}

/// Whether a tree of claims covers the field at a path of members.
pub fn covers(claims: &Value, path: &[impl AsRef<str>]) -> bool {
    let Some((name, rest)) = path.split_first() else {
        return true;
    };
    match claims.get(format!("f:{}", name.as_ref())) {
        None => false,
        Some(Value::Object(deeper)) if deeper.is_empty() => true,
        Some(deeper) => covers(deeper, rest),
    }
}

/// The part of an object that a tree of claims covers.
pub fn project(object: &Value, claims: &Value) -> Value {
    match (object, claims) {
        (Value::Object(members), Value::Object(tree)) if !tree.is_empty() => {
            let mut part = Map::new();
            for (key, deeper) in tree {
                if let Some(name) = key.strip_prefix("f:")
                    && let Some(member) = members.get(name)
                {
                    part.insert(name.to_owned(), project(member, deeper));
                }
            }
            Value::Object(part)
        }
        _ => object.clone(),
    }
}

/// Whether all that a tree of claims covers in `object` is also in `wanted`: nothing is owned that is
/// not wanted any more.
pub fn within(claims: &Value, object: &Value, wanted: &Value) -> bool {
    let Some(tree) = claims.as_object() else { return true };
    tree.iter().all(|(key, deeper)| {
        let Some(name) = key.strip_prefix("f:") else {
            return true;
        };
        match (object.get(name), wanted.get(name)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(object), Some(wanted)) => within(deeper, object, wanted),
        }
    })
}

/// The managed fields after the claims of others on the fields of `wanted` have gone to `manager`, or
/// `None` where nobody else claims any of them.
///
/// Entries of subresources stay: they are not about what a user set.
pub fn taken_over(
    metadata: &ObjectMeta,
    wanted: &Value,
    manager: &str,
    api_version: &str,
) -> Option<Vec<ManagedFieldsEntry>> {
    let mut ours: Option<ManagedFieldsEntry> = None;
    let mut others = Vec::new();
    let mut taken = Value::Object(Map::new());
    let mut time = None;
    for entry in entries(metadata) {
        if is_apply_of(entry, manager) {
            ours = Some(entry.clone());
            continue;
        }
        let mut entry = entry.clone();
        if entry.subresource.as_deref().unwrap_or_default().is_empty()
            && let Some(fields) = entry.fields_v1.as_mut()
        {
            let (moved, rest) = split(&fields.0, wanted);
            if let Some(moved) = moved {
                merge(&mut taken, moved);
                time = time.max(entry.time.clone());
                match rest {
                    None => continue,
                    Some(rest) => fields.0 = rest,
                }
            }
        }
        others.push(entry);
    }
    if taken.as_object().is_none_or(Map::is_empty) {
        return None;
    }
    let mut ours = ours.unwrap_or_else(|| ManagedFieldsEntry {
        api_version: Some(api_version.to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        manager: Some(manager.to_owned()),
        operation: Some("Apply".to_owned()),
        time,
        ..ManagedFieldsEntry::default()
    });
    let fields = ours
        .fields_v1
        .get_or_insert_with(|| k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1(Value::Object(Map::new())));
    merge(&mut fields.0, taken);
    others.insert(0, ours);
    Some(others)
}

fn entries(metadata: &ObjectMeta) -> &[ManagedFieldsEntry] {
    metadata.managed_fields.as_deref().unwrap_or_default()
}

fn claims(entry: &ManagedFieldsEntry) -> Option<&Value> {
    entry.fields_v1.as_ref().map(|fields| &fields.0)
}

fn is_apply_of(entry: &ManagedFieldsEntry, manager: &str) -> bool {
    entry.manager.as_deref() == Some(manager)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.as_deref().unwrap_or_default().is_empty()
}

fn owns_user_fields(entry: &ManagedFieldsEntry, operator_labels: &[&str]) -> bool {
    if entry.subresource.as_deref() == Some("status") {
        return false;
    }
    let Some(Value::Object(tree)) = claims(entry) else {
        return false;
    };
    tree.iter().any(|(key, deeper)| match key.as_str() {
        "f:metadata" => deeper.as_object().is_some_and(|tree| {
            tree.iter().any(|(key, deeper)| match key.as_str() {
                "." | "f:finalizers" => false,
                "f:labels" => owns_labels(deeper, operator_labels),
                _ => true,
            })
        }),
        // The status is written without its subresource by nobody but the operator.
        "f:status" | "." => false,
        _ => true,
    })
}

/// Whether a tree of claims on labels has one that is not the operator's own.
fn owns_labels(claims: &Value, operator_labels: &[&str]) -> bool {
    let mut keys = claims.as_object().into_iter().flatten().map(|(key, _)| key);
    keys.any(|key| {
        key != "."
            && !key
                .strip_prefix("f:")
                .is_some_and(|label| operator_labels.contains(&label))
    })
}

/// Splits a tree of claims into the part on fields of `wanted` and the rest.
fn split(claims: &Value, wanted: &Value) -> (Option<Value>, Option<Value>) {
    let Some(tree) = claims.as_object() else {
        return (None, Some(claims.clone()));
    };
    let mut taken = Map::new();
    let mut rest = Map::new();
    for (key, deeper) in tree {
        let leaf = deeper.as_object().is_none_or(Map::is_empty);
        let member = key.strip_prefix("f:").map(|name| wanted.get(name));
        match member {
            Some(Some(Value::Object(_))) if !leaf => {
                let (deeper_taken, deeper_rest) = split(deeper, &wanted[&key[2..]]);
                taken.extend(deeper_taken.map(|taken| (key.clone(), taken)));
                rest.extend(deeper_rest.map(|rest| (key.clone(), rest)));
            }
            Some(Some(_)) => {
                taken.insert(key.clone(), deeper.clone());
            }
            Some(None) => {
                rest.insert(key.clone(), deeper.clone());
            }
            // The claim on the object itself goes with its members; items of a list with the list.
            None if key == "." => {}
            None => {
                let part = if wanted.is_array() { &mut taken } else { &mut rest };
                part.insert(key.clone(), deeper.clone());
            }
        }
    }
    if tree.contains_key(".") {
        for part in [&mut taken, &mut rest] {
            if !part.is_empty() {
                part.insert(".".to_owned(), Value::Object(Map::new()));
            }
        }
    }
    let filled = |part: Map<String, Value>| (!part.is_empty()).then_some(Value::Object(part));
    (filled(taken), filled(rest))
}

/// Unites two trees of claims.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, deeper) in from {
                match into.get_mut(&key) {
                    Some(present) => merge(present, deeper),
                    None => {
                        into.insert(key, deeper);
                    }
                }
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests;
