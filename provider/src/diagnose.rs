//! Every error of `flink-client` in the user's words. The matches are exhaustive on purpose: a new error has to find its
//! words before anything compiles.

mod kubernetes;
mod not_ready;
mod remove;
mod rest;
mod snapshot;
mod write;

use flink_client::kubernetes::{ConnectionError, ExecProblem};
use terraform_schema::{AttributePath, Block, Diagnostic};

pub use kubernetes::kubernetes;
pub use not_ready::{Afterwards, not_ready};
pub use remove::remove;
pub use rest::{endpoint, rest};
pub use snapshot::{no_target, not_taken, remove_snapshot, taken_over_rest};
pub use write::{create, delete, dry_run, write};

/// A connection that cannot be made.
pub fn connection(error: &ConnectionError) -> Diagnostic {
    let (summary, next) = match error {
        ConnectionError::NothingConfigured => ("No Kubernetes cluster is configured", ""),
        ConnectionError::FileMissing { .. } | ConnectionError::FileUnreadable { .. } => (
            "Kubeconfig cannot be read",
            "Correct the path, or write the file before the provider needs it.",
        ),
        ConnectionError::FileInvalid { .. } | ConnectionError::Kubeconfig { .. } => {
            ("Kubeconfig cannot be used", "Try the file with `kubectl --kubeconfig`.")
        }
        ConnectionError::NotInKubeconfig { what: "cluster", .. } => (
            "Kubeconfig does not have what was asked for",
            "Set `config_context_cluster` in the provider block to one that it has, or another `config_context`.",
        ),
        ConnectionError::NotInKubeconfig { what: "user", .. } => (
            "Kubeconfig does not have what was asked for",
            "Set `config_context_auth_info` in the provider block to one that it has, or another `config_context`.",
        ),
        ConnectionError::NotInKubeconfig { .. } | ConnectionError::NoContext { .. } => (
            "Kubeconfig does not have what was asked for",
            "Set `config_context` in the provider block to one that it has.",
        ),
        ConnectionError::Host { .. } => ("Not the address of a Kubernetes API server", ""),
        ConnectionError::NotPem { .. } => (
            "Not a certificate or key in PEM",
            "Take the decoded text, not its base64 form, and keep its line breaks.",
        ),
        ConnectionError::Unpaired { .. } => ("Client certificate without key, or key without certificate", ""),
        ConnectionError::NotBoolean { .. } => ("Not a switch", ""),
        ConnectionError::NotToken { .. } => ("Not a token", "A token is one word."),
        ConnectionError::Proxy { .. } => ("Proxy cannot be used", ""),
        ConnectionError::ServerName { .. } => (
            "Not a host name",
            "Write a name that the certificate of the API server is for, without scheme and port.",
        ),
        ConnectionError::TokenFile { .. } => (
            "Token cannot be read",
            "Let whatever renews the token write it there, or name another file.",
        ),
        ConnectionError::Exec { problem, .. } => ("Exec plugin handed out no credentials", plugin(problem)),
        ConnectionError::InCluster { .. } => ("Service account of the pod cannot be used", ""),
        ConnectionError::Client { .. } => ("Connection to Kubernetes cannot be made", ""),
    };
    Diagnostic::error(summary).detail(sentences(&error.to_string(), next))
}

/// What to do about an exec plugin.
fn plugin(problem: &ExecProblem) -> &'static str {
    match problem {
        ExecProblem::NoCommand => "Name one in the kubeconfig.",
        ExecProblem::UnknownVersion(_) => {
            "Have the kubeconfig written anew by a newer version of the tool that wrote it, such as `aws eks \
             update-kubeconfig`."
        }
        ExecProblem::WantsTerminal => {
            "Log in with the tool itself first, and set `interactiveMode: IfAvailable` in the kubeconfig, so that it uses \
             that login."
        }
        ExecProblem::NotFound(_) => "Install it, and see that it is on the PATH of whatever runs Terraform.",
        ExecProblem::NotStarted(_) => "See that it may be run by whoever runs Terraform.",
        ExecProblem::Failed { .. } => "Run the command by hand: it may need a login of its own first.",
        ExecProblem::TimedOut { .. } => {
            "It may be waiting for somebody to log in: run it by hand first, so that it need not ask."
        }
        ExecProblem::NotACredential(_) => {
            "See that the command is one that is meant as an exec plugin of Kubernetes, and that it prints nothing else."
        }
        ExecProblem::OtherVersion { .. } => {
            "Set `api_version` (in a kubeconfig, `apiVersion`) to the one that it speaks."
        }
    }
}

/// Whether an error is about files that may be written later, or about where the process runs, rather than about the
/// values of the provider block.
pub fn is_about_files(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::NothingConfigured
        | ConnectionError::FileMissing { .. }
        | ConnectionError::FileUnreadable { .. }
        | ConnectionError::FileInvalid { .. }
        | ConnectionError::NotInKubeconfig { .. }
        | ConnectionError::NoContext { .. }
        | ConnectionError::Kubeconfig { .. }
        | ConnectionError::TokenFile { .. }
        | ConnectionError::Exec { .. }
        | ConnectionError::InCluster { .. } => true,
        ConnectionError::Host { .. }
        | ConnectionError::NotPem { .. }
        | ConnectionError::NotToken { .. }
        | ConnectionError::Proxy { .. }
        | ConnectionError::ServerName { .. }
        | ConnectionError::Unpaired { .. }
        | ConnectionError::NotBoolean { .. }
        | ConnectionError::Client { .. } => false,
    }
}

/// An error's fragment as a sentence, and what to do next.
pub(crate) fn sentences(fragment: &str, next: &str) -> String {
    let mut text = String::with_capacity(fragment.len() + next.len() + 2);
    let mut letters = fragment.trim().chars();
    text.extend(letters.next().into_iter().flat_map(char::to_uppercase));
    text.push_str(letters.as_str());
    if !text.ends_with(['.', '!', '?', '`']) || text.ends_with('`') {
        text.push('.');
    }
    if !next.is_empty() {
        text.push(' ');
        text.push_str(next);
    }
    text
}

/// Where a field of the custom resource stands in the configuration; the root where it does not.
pub(crate) fn place(block: &Block, field: &str) -> AttributePath {
    block.path_of_remote(field).unwrap_or_default()
}

#[cfg(test)]
mod tests;
