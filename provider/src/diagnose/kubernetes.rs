//! What the API server, or the way to it, can answer.

use flink_client::kubernetes::{FieldCause, KubernetesError, Obstacle, Peer};
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{connection, place, sentences};

/// A request that failed. `block` is the schema that the fields of the object belong to.
pub fn kubernetes(error: &KubernetesError, block: &Block) -> Diagnostics {
    let text = error.to_string();
    let (summary, next) = match error {
        KubernetesError::Connection(error) => return connection(error).into(),
        KubernetesError::Unreachable { peer, obstacle, .. } => return unreachable(*obstacle, peer, &text).into(),
        KubernetesError::Cut { .. } | KubernetesError::TimedOut { .. } => (
            "No answer from the Kubernetes API server",
            "Run Terraform again: it looks at what is there before it changes anything.",
        ),
        KubernetesError::Stopped { .. } => ("Stopped on request", "Run Terraform again to go on from here."),
        KubernetesError::Unauthorized { .. } => (
            "Kubernetes does not accept the credentials",
            "They may have expired, have been revoked, or belong to another cluster: renew them, or have them renewed by \
             an `exec` plugin.",
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
        KubernetesError::VersionNotServed { .. } => (
            "Version of the custom resource is not served",
            "The operator there is older or newer than this version of the provider knows, or its definitions were not brought \
             along when it was updated: Helm does not update definitions by itself.",
        ),
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
        KubernetesError::NotAnApiServer { server, .. } if server.starts_with("http://") => (
            "Not a Kubernetes API server",
            "Its address begins with `http://`: an API server wants `https://`.",
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

/// A server that no connection came about with. Nothing was sent to it.
fn unreachable(obstacle: Obstacle, peer: &Peer, text: &str) -> Diagnostic {
    let Peer {
        server,
        named_by,
        authority,
        proxy,
        ..
    } = peer;
    let proxy = proxy.as_deref().unwrap_or("proxy");
    let away = "Kubernetes API server cannot be reached";
    let certificate = "Certificate of the Kubernetes API server is not accepted";
    let (summary, next) = match obstacle {
        Obstacle::Refused => (
            away,
            format!("Nobody listens there. Check that the cluster runs, and that {named_by} names the right one."),
        ),
        Obstacle::UnknownHost => (
            away,
            format!(
                "Its name cannot be looked up here. Check {named_by}, and whether this machine must be in a VPN to know the \
                 name."
            ),
        ),
        Obstacle::Silence => (
            away,
            format!(
                "A firewall may be in between, or a VPN be down. Check {named_by}, or set `proxy_url` where the way is \
                 through a proxy."
            ),
        ),
        Obstacle::UnknownAuthority => (
            certificate,
            format!(
                "It is not signed by {authority}. Set `cluster_ca_certificate` (in a kubeconfig, \
                 `certificate-authority-data`) to the authority of this cluster, or check that {named_by} names the right \
                 one."
            ),
        ),
        Obstacle::OtherName => (
            certificate,
            "Set `tls_server_name` (in a kubeconfig, `tls-server-name`) to a name that it is for, or reach the server by \
             that name."
                .to_owned(),
        ),
        Obstacle::Expired => (
            certificate,
            "The certificate of the API server must be renewed, or the clock of this machine is wrong.".to_owned(),
        ),
        Obstacle::Certificate => (
            certificate,
            format!("The server must be given another certificate, or {authority} is not one that signs certificates."),
        ),
        Obstacle::NoTls => (
            away,
            format!("What listens there does not speak TLS. Check the port in {named_by}."),
        ),
        Obstacle::ProxyUnreachable => (away, format!("The {proxy} cannot be reached. Check its address.")),
        Obstacle::ProxyLogin => (
            away,
            format!("The {proxy} wants a user and a password: write `http://user:password@proxy.example.com`."),
        ),
        Obstacle::ProxyRefused => (
            away,
            format!("The {proxy} does not lead to {server}. See that it may, or take the proxy out."),
        ),
        Obstacle::Other => (
            away,
            "Nothing was sent. Check that the cluster runs, and that the provider block names the right one.".to_owned(),
        ),
    };
    Diagnostic::error(summary).detail(sentences(text, &next))
}

fn forbidden(verb: &str, resource: &str, namespace: &str, message: &str) -> Diagnostic {
    let (name, group) = resource.split_once('.').unwrap_or((resource, ""));
    let said = if message.is_empty() {
        String::new()
    } else {
        format!(" Kubernetes says: {message}.")
    };
    let (scope, role) = match namespace {
        "" => ("the whole cluster".to_owned(), "cluster role"),
        namespace => (format!("namespace `{namespace}`"), "role in that namespace"),
    };
    if message.contains("\"system:anonymous\"") {
        return Diagnostic::error("No credentials for Kubernetes").detail(format!(
            "The request to {verb} {resource} in {scope} was sent without credentials.{said} Set `token`, `exec` or \
             `client_certificate` and `client_key` in the provider block, or name a kubeconfig whose context has a user with \
             credentials."
        ));
    }
    Diagnostic::error("Not allowed by Kubernetes").detail(format!(
        "The credentials do not allow to {verb} {resource} in {scope}.{said} Give them a {role} with apiGroups [\"{group}\"], \
         resources [\"{name}\"], verbs [\"{verb}\"]."
    ))
}

fn not_installed(server: &str, resource: &str) -> Diagnostic {
    Diagnostic::error("Flink Kubernetes Operator is not installed").detail(format!(
        "The cluster at {server} has no CustomResourceDefinition `{resource}`. Install the Flink Kubernetes Operator, for \
         example with its Helm chart `flink-kubernetes-operator`, which brings the definitions, or check that the provider \
         block names the right cluster. Where the same configuration installs it, let this resource depend on that \
         (`depends_on`)."
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
