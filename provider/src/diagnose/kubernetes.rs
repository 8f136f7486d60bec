//! What the API server, or the way to it, can answer.

use flink_client::kubernetes::{FieldCause, KubernetesError};
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{place, sentences};

/// A request that failed. `block` is the schema that the fields of the object belong to.
pub fn kubernetes(error: &KubernetesError, block: &Block) -> Diagnostics {
    let text = error.to_string();
    let (summary, next) = match error {
        KubernetesError::Unreachable { .. } => (
            "Kubernetes API server cannot be reached",
            "Nothing was sent. Check that the cluster runs, and that the provider block names the right one.",
        ),
        KubernetesError::Cut { .. } | KubernetesError::TimedOut { .. } => (
            "No answer from the Kubernetes API server",
            "Run Terraform again: it looks at what is there before it changes anything.",
        ),
        KubernetesError::Stopped { .. } => ("Stopped on request", "Run Terraform again to go on from here."),
        KubernetesError::Unauthorized { .. } => (
            "Kubernetes does not accept the credentials",
            "Check the token or client certificate of the provider block or kubeconfig: it may have expired, or belong to \
             another cluster.",
        ),
        KubernetesError::Forbidden {
            verb,
            resource,
            namespace,
            message,
        } => {
            return forbidden(verb, resource, namespace, message).into();
        }
        KubernetesError::DefinitionMissing { server, resource } => return not_installed(server, resource).into(),
        KubernetesError::NamespaceMissing { .. } => (
            "Namespace does not exist",
            "Create it, for example with a `kubernetes_namespace` that this resource depends on, or check that the provider \
             block names the right cluster.",
        ),
        KubernetesError::NamespaceReplaced { .. } => (
            "Another cluster, or another namespace of the same name",
            "Check that the provider block names the right cluster. If the namespace was really deleted and made again, take \
             the deployment out of state with `terraform state rm`.",
        ),
        KubernetesError::NamespaceTerminating { .. } => (
            "Namespace is being deleted",
            "Wait until it is gone, or use another one.",
        ),
        KubernetesError::NotAnApiServer { .. } => (
            "Not a Kubernetes API server",
            "Check the address in the provider block or kubeconfig: another service, a proxy or a login page may answer there.",
        ),
        KubernetesError::Rejected { message, causes, .. } => return rejected(message, causes, block),
        KubernetesError::Server { .. } => (
            "Kubernetes API server failed",
            "Run Terraform again; if it stays, look into the log of the API server.",
        ),
        KubernetesError::Malformed { .. } => (
            "Answer of the Kubernetes API server cannot be read",
            "The object may come from a version of the operator that this version of the provider does not know.",
        ),
    };
    Diagnostic::error(summary).detail(sentences(&text, next)).into()
}

fn forbidden(verb: &str, resource: &str, namespace: &str, message: &str) -> Diagnostic {
    let (name, group) = resource.split_once('.').unwrap_or((resource, ""));
    let said = if message.is_empty() {
        String::new()
    } else {
        format!(" Kubernetes says: {message}.")
    };
    Diagnostic::error("Not allowed by Kubernetes").detail(format!(
        "The credentials do not allow to {verb} {resource} in namespace `{namespace}`.{said} Give them a role in that \
         namespace with apiGroups [\"{group}\"], resources [\"{name}\"], verbs [\"{verb}\"]."
    ))
}

fn not_installed(server: &str, resource: &str) -> Diagnostic {
    Diagnostic::error("Flink Kubernetes Operator is not installed").detail(format!(
        "The cluster at {server} has no CustomResourceDefinition `{resource}`. Install the Flink Kubernetes Operator, for \
         example with its Helm chart `flink-kubernetes-operator`, which brings the definitions, or check that the provider \
         block names the right cluster."
    ))
}

/// One message for each field that Kubernetes names, else one for all.
fn rejected(message: &str, causes: &[FieldCause], block: &Block) -> Diagnostics {
    let summary = "Kubernetes refused the object";
    if causes.is_empty() {
        return Diagnostic::error(summary).detail(sentences(message, "")).into();
    }
    causes
        .iter()
        .map(|cause| {
            Diagnostic::error(summary)
                .detail(format!("Field `{}`: {}", cause.field, sentences(&cause.message, "")))
                .at(place(block, &cause.field))
        })
        .collect()
}
