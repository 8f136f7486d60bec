//! From a manifest, as `kubectl` applies it, to the model of our resource.

use std::collections::BTreeMap;

use flink_client::kubernetes::{KubernetesError, Live};
use flink_client::operator::Resource;
use flink_client::operator::resource::{GROUP, VERSION};
use serde_json::{Value as Json, json};
use terraform_schema::Value;

use super::{JobModel, write};

/// A manifest that is none of ours. Fragments in lower case.
#[derive(Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// Neither YAML nor JSON, or several documents.
    Syntax(String),
    /// Something else than expected.
    OtherKind {
        /// The `kind` that was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A version of the custom resource that is not known.
    OtherVersion(String),
    /// There is no `metadata.name`.
    Nameless,
    /// A field has a value of the wrong type.
    Unreadable(String),
    /// Fields that no argument stands for.
    Lost(Vec<String>),
}

/// What went wrong, for the user.
pub fn sentence(error: &ManifestError) -> String {
    match error {
        ManifestError::Syntax(reason) => format!("This is no manifest in YAML or JSON: {reason}."),
        ManifestError::OtherKind { found, expected } => {
            format!("The manifest is of kind `{found}`, and {expected} is needed here.")
        }
        ManifestError::OtherVersion(found) => {
            format!("The `apiVersion` of the manifest is `{found}`, and `{GROUP}/{VERSION}` is needed here.")
        }
        ManifestError::Nameless => {
            "The manifest has no `metadata.name`. A name that Kubernetes makes up (`generateName`) is none that Terraform could \
             know."
                .to_owned()
        }
        ManifestError::Unreadable(reason) => format!("The manifest cannot be read: {reason}."),
        ManifestError::Lost(fields) => format!(
            "No argument stands for {}: a misspelt field, or one of a version of the operator that this version of the provider \
             does not know.",
            fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Reads the text of one manifest.
///
/// # Errors
/// It is neither YAML nor JSON.
pub fn parse(text: &str) -> Result<Json, ManifestError> {
    let documents: Vec<Json> = serde_saphyr::from_multiple(text)
        // A parser shows the lines around the place, which may hold anything. Its first line is enough.
        .map_err(|error| ManifestError::Syntax(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
    match <[Json; 1]>::try_from(documents) {
        Ok([manifest]) => Ok(manifest),
        Err(documents) => Err(ManifestError::Syntax(format!(
            "it has {} documents, not one",
            documents.len()
        ))),
    }
}

/// The model of a manifest; nothing of the cluster is in it. What the API server has added to an object is passed over.
///
/// # Errors
/// It is a manifest of something else, or has something that the model cannot hold.
pub fn read<M: JobModel>(manifest: &Json) -> Result<M, ManifestError> {
    let text = |pointer: &str| {
        manifest
            .pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (kind, version) = (text("/kind"), text("/apiVersion"));
    if kind != M::Kind::KIND {
        return Err(ManifestError::OtherKind {
            found: kind,
            expected: M::Kind::KIND,
        });
    }
    if version != M::Kind::api_version() {
        return Err(ManifestError::OtherVersion(version));
    }
    if text("/metadata/name").is_empty() {
        return Err(ManifestError::Nameless);
    }
    let mut metadata = json!({});
    for name in ["name", "namespace", "labels", "annotations"] {
        metadata[name] = manifest["metadata"][name].clone();
    }
    let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": manifest["spec"]});
    let live: Live<M::Kind> = Live::from_json(without_nulls(object)).map_err(|error| {
        ManifestError::Unreadable(if let KubernetesError::Malformed { reason, .. } = error {
            reason
        } else {
            error.to_string()
        })
    })?;
    let model = M::found(&live, false);
    let sent =
        write::manifest(&model).map_err(|_| ManifestError::Unreadable("its specification is none".to_owned()))?;
    let mut fields = Vec::new();
    lost(&live.json["spec"], &sent.spec, "spec", &mut fields);
    if !fields.is_empty() {
        return Err(ManifestError::Lost(fields));
    }
    // What a manifest does not have, a configuration does not have either.
    let mut value = model.to_value();
    if let Value::Map(members) = &mut value {
        for name in ["labels", "annotations"] {
            if members
                .get(name)
                .and_then(Value::as_map)
                .is_some_and(BTreeMap::is_empty)
            {
                members.insert(name.to_owned(), Value::Null);
            }
        }
    }
    M::from_value(&value).map_err(|_| ManifestError::Unreadable("it does not fit the resource".to_owned()))
}

fn without_nulls(mut object: Json) -> Json {
    flink_client::operator::resource::remove_nulls(&mut object);
    object
}

/// Fields that are in a specification and not in what we would send for it.
fn lost(given: &Json, sent: &Json, at: &str, fields: &mut Vec<String>) {
    let Some(members) = given.as_object() else { return };
    for (name, member) in members {
        let field = format!("{at}.{name}");
        // Flattened, and kept as it is.
        if field == "spec.flinkConfiguration" {
            continue;
        }
        // What means nothing need not be sent: an empty object, and the 0 that a webhook writes.
        let is_empty = member.as_object().is_some_and(serde_json::Map::is_empty) || *member == json!(0);
        match sent.get(name) {
            Some(sent) => lost(member, sent, &field, fields),
            None if is_empty => {}
            None => fields.push(field),
        }
    }
}
