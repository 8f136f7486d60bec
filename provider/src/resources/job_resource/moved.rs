//! States of other providers' resources that hold a manifest: a `moved` block takes them over. A translation without a look;
//! the read that follows sees the object itself.

use flink_client::operator::Resource as _;
use serde_json::Value as Json;
use terraform_plugin::MovedState;
use terraform_schema::{Diagnostic, Diagnostics};

use super::JobModel;
use super::manifest::{self, ManifestError};

/// What is taken of a state.
struct Taken {
    manifest: Json,
    /// Where the object is, if the manifest does not say.
    namespace: Option<String>,
    /// Its uid, where the state has it.
    uid: Option<String>,
}

/// The model of another resource's state; `None` where the resource is not one that is known here.
///
/// # Errors
/// Its manifest is not one of this kind.
pub fn from<M: JobModel>(source: &MovedState) -> Result<Option<M>, Diagnostics> {
    let taken = match source.type_name.as_str() {
        "kubernetes_manifest" => Ok(of_kubernetes(&source.state)),
        "kubectl_manifest" => of_kubectl(&source.state),
        "k8sconnect_object" => of_k8sconnect(&source.state),
        _ => return Ok(None),
    };
    let read = taken.and_then(|taken| {
        let mut manifest = taken.manifest;
        if let (Json::Null, Some(namespace)) = (&manifest["metadata"]["namespace"], taken.namespace) {
            manifest["metadata"]["namespace"] = namespace.into();
        }
        Ok(manifest::read::<M>(&manifest)?.taken_over(taken.uid))
    });
    read.map(Some).map_err(|error| refused::<M>(source, &error).into())
}

/// `kubernetes_manifest` of hashicorp/kubernetes. Values of any type stand beside their type in a state.
fn of_kubernetes(state: &Json) -> Taken {
    let (manifest, object) = (&state["manifest"]["value"], &state["object"]["value"]);
    Taken {
        manifest: manifest.clone(),
        namespace: text(&object["metadata"]["namespace"]),
        uid: text(&object["metadata"]["uid"]),
    }
}

/// `kubectl_manifest` of gavinbunney/kubectl and alekc/kubectl.
fn of_kubectl(state: &Json) -> Result<Taken, ManifestError> {
    let mut manifest = manifest::parse(state["yaml_body"].as_str().unwrap_or_default())?;
    // It counts before the manifest's own.
    if let Some(namespace) = text(&state["override_namespace"]) {
        manifest["metadata"]["namespace"] = namespace.into();
    }
    Ok(Taken {
        manifest,
        namespace: text(&state["namespace"]),
        uid: text(&state["uid"]),
    })
}

/// `k8sconnect_object` of jmorris0x0/k8sconnect.
fn of_k8sconnect(state: &Json) -> Result<Taken, ManifestError> {
    Ok(Taken {
        manifest: manifest::parse(state["yaml_body"].as_str().unwrap_or_default())?,
        namespace: text(&state["object_ref"]["namespace"]),
        uid: None,
    })
}

fn text(value: &Json) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn refused<M: JobModel>(source: &MovedState, error: &ManifestError) -> Diagnostic {
    Diagnostic::error(format!("State of `{}` cannot be taken over", source.type_name)).detail(format!(
        "{} A `{}` is moved from the manifest of a {}. Correct the address in the `moved` block, or import the object and take \
         the former resource out of the state without destroying it (a `removed` block with `destroy = false`).",
        manifest::sentence(error),
        M::NAME,
        M::Kind::KIND,
    ))
}

#[cfg(test)]
mod tests;
