//! A cluster that comes up while it is being worked with: the first look of a creation waits for it.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info};

use super::cluster::Limits;
use super::error::KubernetesError;
use super::objects::{Live, Objects};
use crate::operator::definitions::definitions;
use crate::operator::resource::Resource;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);

impl<K: Resource> Objects<K> {
    /// The object of a name, as [`find`](Self::find) has it, from a cluster that may just be coming up: an API server that
    /// does not answer yet, and definitions that are not there yet, are waited for, for as long as `patience`. What is waited
    /// for is logged at INFO whenever it changes.
    ///
    /// Only before anything was written: nothing that is waited for here has an object yet.
    ///
    /// # Errors
    /// See [`KubernetesError`]: at once where waiting does not help, such as a right that is missing; else what was in the
    /// way last.
    pub async fn find_once_served(&self, name: &str, patience: Duration) -> Result<Option<Live<K>>, KubernetesError> {
        // Sent once: this loop is what repeats it.
        let limits = Limits {
            attempts: 1,
            ..self.cluster.limits
        };
        let hasty = Self::new(self.cluster.clone().with_limits(limits), self.namespace.clone());
        let end = Instant::now() + patience;
        let mut said = String::new();
        loop {
            let error = match hasty.find(name).await {
                Err(error) if error.may_come_up() => hasty.explained(error).await,
                found => return found,
            };
            if Instant::now() + EVERY > end {
                return Err(error);
            }
            let reason = error.to_string();
            if reason != said {
                info!(
                    kind = K::KIND,
                    namespace = self.namespace,
                    name,
                    "waiting to create it: {reason}"
                );
                said = reason;
            }
            tokio::select! {
                () = self.cluster.stop.cancelled() => return Err(error),
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// A definition that seems to be missing may only lack the version that we speak.
    async fn explained(&self, error: KubernetesError) -> KubernetesError {
        let KubernetesError::DefinitionMissing { server, resource } = error else {
            return error;
        };
        let known = definitions(&self.cluster).await.unwrap_or_else(|error| {
            debug!(%error, "it is not known what the cluster serves");
            Vec::new()
        });
        let versions: Vec<String> = known
            .into_iter()
            .filter(|definition| definition.kind == K::KIND)
            .map(|definition| definition.version)
            .collect();
        if versions.is_empty() {
            KubernetesError::DefinitionMissing { server, resource }
        } else {
            KubernetesError::VersionNotServed {
                server,
                resource,
                versions,
            }
        }
    }
}
