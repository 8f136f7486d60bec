//! What the API server would say to a write: server-side apply with `dryRun=All`. Schema, defaults, conflicts and admission are
//! gone through, and nothing is kept.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::cluster::Limits;
use super::error::KubernetesError;
use super::objects::Objects;
use super::write::{Applied, Write, WriteError};
use crate::operator::resource::{Manifest, Resource};

/// How long a plan waits for it in all.
const LIMIT: Duration = Duration::from_secs(5);

impl<K: Resource> Objects<K> {
    /// Tries the [`write`](Self::write) of an object that exists, and keeps nothing of it. Returns what is warned of. Takes
    /// five seconds at most, and repeats nothing.
    ///
    /// # Errors
    /// As a write. [`WriteError::is_verdict`] tells what is an answer from what only says that there is none.
    pub async fn dry_run(&self, manifest: &Manifest, how: Write<'_>) -> Result<Vec<String>, WriteError> {
        let limits = Limits {
            request: LIMIT,
            attempts: 1,
            ..self.cluster.limits
        };
        let hasty = Self::new(self.cluster.clone().with_limits(limits), self.namespace.clone());
        tokio::select! {
            tried = hasty.try_write(manifest, how) => tried,
            () = tokio::time::sleep(LIMIT) => Err(KubernetesError::TimedOut {
                server: self.cluster.server().to_owned(),
                what: self.about("patch", &manifest.name).to_string(),
                seconds: LIMIT.as_secs(),
            }
            .into()),
            () = self.cluster.stop.cancelled() => Err(KubernetesError::Stopped {
                what: self.about("patch", &manifest.name).to_string(),
            }
            .into()),
        }
    }

    async fn try_write(&self, manifest: &Manifest, how: Write<'_>) -> Result<Vec<String>, WriteError> {
        let mut object = manifest.to_object::<K>(&self.namespace);
        object["metadata"]["uid"] = json!(how.uid);
        let found = match self.apply_with(&object, &[("dryRun", "All")]).await? {
            Applied::Done { warnings, .. } => return Ok(warnings),
            // Another object has its name by now, or none: that is for the apply to say.
            Applied::Outdated => return Ok(Vec::new()),
            Applied::Conflict(found) => found,
        };
        let live = self.present(&manifest.name, how.uid).await?;
        self.may_take_over(&found, &live, how)?;
        match self
            .apply_with(&object, &[("dryRun", "All"), ("force", "true")])
            .await?
        {
            Applied::Done { warnings, .. } => Ok(warnings),
            Applied::Outdated | Applied::Conflict(_) => Ok(Vec::new()),
        }
    }
}

impl WriteError {
    /// Whether it is what the API server says to the object, so that the same write would fail in the same way. Everything
    /// else says only that nobody could be asked: no connection, no right, no definition, a webhook that does not answer or
    /// cannot be tried without effect.
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::UnknownFields { .. } => true,
            Self::Kubernetes(KubernetesError::Rejected { code, message, .. }) => {
                let speaks_of_the_object = [
                    StatusCode::BAD_REQUEST,
                    StatusCode::FORBIDDEN,
                    StatusCode::PAYLOAD_TOO_LARGE,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    // A type error of server-side apply.
                    StatusCode::INTERNAL_SERVER_ERROR,
                ];
                speaks_of_the_object.iter().any(|status| status.as_u16() == *code)
                    && !message.contains("does not support dry run")
            }
            Self::Kubernetes(_)
            | Self::Gone { .. }
            | Self::Replaced { .. }
            | Self::BeingDeleted { .. }
            | Self::Contended { .. }
            | Self::Unsettled { .. } => false,
        }
    }
}
