//! Deleting an object: the one that is meant, and no other.

use http::{Method, StatusCode};
use serde_json::json;

use super::error::KubernetesError;
use super::objects::Objects;
use super::request::{Ask, Retry};
use super::write::ATTEMPTS;
use crate::operator::resource::Resource;

/// What must be true of an object for it to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Preconditions<'a> {
    /// Its uid.
    pub uid: &'a str,
    /// Its resource version, where it must not have changed since it was looked at.
    pub resource_version: Option<&'a str>,
}

/// What a deletion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The object is gone.
    Gone,
    /// The object is marked for deletion; it goes when its finalizers are done.
    Started,
}

/// A deletion that did not take place.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// The request failed.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// Another object of the same name has taken its place.
    #[error("{kind} {namespace}/{name} is another object than before: its uid is {found}, not {expected}")]
    Replaced {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The uid that was meant.
        expected: String,
        /// The uid there is.
        found: String,
    },
    /// The object has changed since it was looked at.
    #[error("{kind} {namespace}/{name} has changed since it was last looked at")]
    Changed {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl<K: Resource> Objects<K> {
    /// Deletes an object. An object that is gone already is no error.
    ///
    /// # Errors
    /// See [`DeleteError`].
    pub async fn delete(&self, name: &str, only: Preconditions<'_>) -> Result<Deletion, DeleteError> {
        let mut lost = None;
        for attempt in 0..ATTEMPTS {
            if self.pause_before(attempt, lost.as_ref()).await.is_err() {
                break;
            }
            match self.delete_once(name, only).await {
                Ok(Some(deletion)) => return Ok(deletion),
                // A precondition failed: look which.
                Ok(None) => return self.why_not(name, only).await,
                // Deleting twice does no harm: the uid is the same or the object is gone.
                Err(error) if error.outcome_unknown() => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        let error = lost.unwrap_or_else(|| KubernetesError::Stopped {
            what: self.about("delete", name).to_string(),
        });
        match self.find(name).await {
            Ok(None) => Ok(Deletion::Gone),
            Ok(Some(live)) if live.uid() == only.uid && live.is_being_deleted() => Ok(Deletion::Started),
            _ => Err(error.into()),
        }
    }

    async fn delete_once(&self, name: &str, only: Preconditions<'_>) -> Result<Option<Deletion>, KubernetesError> {
        let about = self.about("delete", name);
        let mut preconditions = json!({"uid": only.uid});
        if let Some(version) = only.resource_version {
            preconditions["resourceVersion"] = json!(version);
        }
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        let ask = Ask::new(Method::DELETE, self.path(name)).body("application/json", options.to_string().into_bytes());
        let answer = self
            .cluster
            .send(ask, Retry::Busy)
            .await
            .map_err(|error| error.into_error(&self.cluster, &about))?;
        match answer.status {
            StatusCode::NOT_FOUND if answer.names(K::PLURAL, name) => Ok(Some(Deletion::Gone)),
            StatusCode::CONFLICT => Ok(None),
            _ => {
                let body: serde_json::Value = answer.json(&self.cluster, &about)?;
                // An object without finalizers is gone at once: the answer is a status then.
                Ok(Some(if body["kind"] == "Status" {
                    Deletion::Gone
                } else {
                    Deletion::Started
                }))
            }
        }
    }

    async fn why_not(&self, name: &str, only: Preconditions<'_>) -> Result<Deletion, DeleteError> {
        let (kind, namespace) = (K::KIND, self.namespace.clone());
        match self.find(name).await? {
            None => Ok(Deletion::Gone),
            Some(live) if live.uid() != only.uid => Err(DeleteError::Replaced {
                kind,
                namespace,
                name: name.to_owned(),
                expected: only.uid.to_owned(),
                found: live.uid().to_owned(),
            }),
            Some(_) => Err(DeleteError::Changed {
                kind,
                namespace,
                name: name.to_owned(),
            }),
        }
    }
}
