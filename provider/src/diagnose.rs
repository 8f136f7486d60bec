//! Every error of `flink-client` in the user's words. The matches are exhaustive on purpose: a new error has to find its
//! words before anything compiles.

mod kubernetes;
mod not_ready;
mod remove;
mod write;

use flink_client::kubernetes::ConnectionError;
use terraform_schema::{AttributePath, Block, Diagnostic};

pub use kubernetes::kubernetes;
pub use not_ready::{Afterwards, not_ready};
pub use remove::remove;
pub use write::{create, delete, write};

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
        ConnectionError::InCluster { .. } => ("Service account of the pod cannot be used", ""),
        ConnectionError::Client { .. } => ("Connection to Kubernetes cannot be made", ""),
    };
    Diagnostic::error(summary).detail(sentences(&error.to_string(), next))
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
        | ConnectionError::InCluster { .. } => true,
        ConnectionError::Host { .. }
        | ConnectionError::NotPem { .. }
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
