//! Taking over the fields of a configuration from whoever wrote them before us.
//!
//! An imported object was written by somebody else. Server-side apply removes only what the same
//! manager has applied before, so without this a key removed from the configuration would stay in the
//! cluster for ever.

use http::{Method, StatusCode};
use serde_json::json;
use tracing::info;

use super::error::KubernetesError;
use super::objects::{FIELD_MANAGER, Live, Objects};
use super::ownership;
use super::request::{Ask, Retry};
use super::spelling;
use super::write::{ATTEMPTS, WriteError};
use crate::operator::resource::{Manifest, Resource};

impl<K: Resource> Objects<K> {
    /// Moves the claims of other managers on the fields of `manifest` to us. Values do not change. The
    /// manifest is what the configuration was known to set before the coming write, so that what that
    /// write leaves out is removed.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn take_over(&self, manifest: &Manifest, uid: &str) -> Result<Live<K>, WriteError> {
        let name = &manifest.name;
        let mut lost: Option<KubernetesError> = None;
        for attempt in 0..ATTEMPTS {
            self.pause_before(attempt, lost.as_ref()).await?;
            let live = self.present(name, uid).await?;
            let wanted = spelling::as_live::<K>(&manifest.to_object::<K>(&self.namespace), &live.json);
            let taken = ownership::taken_over(live.metadata(), &wanted, FIELD_MANAGER, &K::api_version());
            let Some(entries) = taken else { return Ok(live) };
            info!(kind = K::KIND, name, managers = ?live.other_managers(), "taking over the fields of the configuration");
            let patch = json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": entries},
                // A lock: the API server refuses the patch where the object has another version by now.
                {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version()},
            ]);
            let about = self.about("patch", name);
            let ask = Ask::new(Method::PATCH, self.path(name))
                .query(&[("fieldManager", FIELD_MANAGER)])
                .body("application/json-patch+json", patch.to_string().into_bytes());
            let outcome = match self.cluster.send(ask, Retry::Busy).await {
                Ok(answer) if answer.status == StatusCode::CONFLICT => continue,
                Ok(answer) => answer.json(&self.cluster, &about).and_then(Live::from_json),
                Err(error) => Err(error.into_error(&self.cluster, &about)),
            };
            match outcome {
                Ok(live) => return Ok(live),
                Err(error) if error.outcome_unknown() => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        let (kind, namespace, name) = (K::KIND, self.namespace.clone(), name.clone());
        Err(match lost {
            Some(source) => WriteError::Unsettled {
                kind,
                namespace,
                name,
                source,
            },
            None => WriteError::Contended {
                kind,
                namespace,
                name,
                attempts: ATTEMPTS,
            },
        })
    }
}
