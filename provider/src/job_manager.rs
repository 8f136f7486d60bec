//! A JobManager that resources and data sources can ask, with what must be kept out of messages.

use flink_client::rest::{Endpoint, JobManager};
use flink_client::secret::Mask;
use terraform_plugin::Context;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics};

use crate::diagnose;
use crate::provider::ProviderData;

/// A JobManager that can be asked.
#[derive(Debug)]
pub struct Reached {
    /// The JobManager.
    pub job_manager: JobManager,
    /// Hides the secrets of its deployment, or of the way to it, in texts.
    pub mask: Mask,
}

impl Reached {
    /// The JobManager at `job_manager_url`. Nothing is sent yet.
    ///
    /// # Errors
    /// The arguments make no connection.
    pub fn at_url(endpoint: &Endpoint, cx: &Context<'_, ProviderData>) -> Result<Self, Diagnostics> {
        let mut mask = Mask::default();
        mask.add(endpoint.headers.values().map(String::as_str));
        if endpoint.insecure {
            cx.warn(not_verified(&endpoint.url));
        }
        let job_manager = endpoint
            .connect(cx.stop.clone())
            .map_err(|error| diagnose::endpoint(&error))?;
        Ok(Self { job_manager, mask })
    }
}

fn not_verified(url: &str) -> Diagnostic {
    Diagnostic::warning("Connection to the JobManager is not verified")
        .detail(format!(
            "`insecure` is set: whoever answers at `{url}` is believed and gets the headers. Set `ca_certificate` instead."
        ))
        .at(AttributePath::of(["insecure"]))
}
