//! What the JobManager, or the way to it, can answer.

use flink_client::rest::{EndpointError, RestError};
use terraform_schema::{AttributePath, Block, Diagnostic, Diagnostics};

use super::{kubernetes, sentences};

/// A question that a JobManager did not answer.
pub fn rest(error: &RestError) -> Diagnostics {
    let (summary, next) = match error {
        RestError::NoJobManager { .. } => (
            "JobManager does not answer",
            "The cluster is being started, is suspended, or has failed: look at the deployment's status. Read it again when \
             it runs.",
        ),
        RestError::NoService { .. } => (
            "Cluster is not deployed",
            "The operator makes the service when it starts the cluster. It does not exist before that, nor while the job is \
             suspended.",
        ),
        RestError::Unreachable { .. } => (
            "JobManager cannot be reached",
            "Check `job_manager_url`, and that this machine can reach it.",
        ),
        RestError::NoAnswer { .. } => ("No answer from the JobManager", "Run Terraform again."),
        RestError::Unauthorized { .. } => (
            "Credentials are not accepted",
            "Check `headers`, such as `Authorization`, and the client certificate.",
        ),
        RestError::NotAJobManager { .. } => (
            "Not a JobManager",
            "Check `job_manager_url`: another service, a proxy or a login page may answer there.",
        ),
        RestError::Refused { code: 404, .. } => (
            "JobManager does not have what was asked for",
            "It may have been started anew meanwhile, and then knows other jobs. Run Terraform again.",
        ),
        RestError::Refused { .. } => ("JobManager refuses the question", "Its log says more."),
        RestError::Malformed { .. } => (
            "Answer of the JobManager cannot be read",
            "It may come from a version of Flink that this version of the provider does not know.",
        ),
        RestError::Stopped => ("Stopped on request", "Nothing was changed. Run Terraform again."),
        RestError::Kubernetes(error) => return kubernetes(error, &Block::default()),
    };
    Diagnostic::error(summary)
        .detail(sentences(&error.to_string(), next))
        .into()
}

/// Arguments that make no connection to a JobManager.
pub fn endpoint(error: &EndpointError) -> Diagnostic {
    let (summary, attribute, next) = match error {
        EndpointError::NotAUrl { .. } => ("Not the URL of a JobManager", "job_manager_url", ""),
        EndpointError::Credentials => (
            "Credentials in a URL",
            "job_manager_url",
            "Put them into an `Authorization` header, with `headers`.",
        ),
        EndpointError::NotPem { what } => (
            "Not a certificate or key in PEM",
            match *what {
                "CA certificate" => "ca_certificate",
                "client certificate" => "client_certificate",
                _ => "client_key",
            },
            "Take the decoded text, not its base64 form, and keep its line breaks.",
        ),
        EndpointError::Unpaired => (
            "Client certificate without key, or key without certificate",
            "client_certificate",
            "Set both `client_certificate` and `client_key`.",
        ),
        EndpointError::Header { .. } => (
            "Not a header",
            "headers",
            "Its value must be one line of visible characters.",
        ),
        EndpointError::Client { .. } => (
            "Connection to the JobManager cannot be made",
            "job_manager_url",
            "Check that the key belongs to the certificate.",
        ),
    };
    Diagnostic::error(summary)
        .detail(sentences(&error.to_string(), next))
        .at(AttributePath::of([attribute]))
}
