//! Objects of one kind in one namespace: looking at them. What changes them is in the files beside.

use std::marker::PhantomData;
use std::ops::Deref;

use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::cluster::Cluster;
use super::error::{About, KubernetesError};
use super::request::{Ask, Retry, segment};
use crate::operator::resource::{GROUP, Resource, VERSION};

/// The name under which all our writes are recorded in `managedFields`.
pub const FIELD_MANAGER: &str = "terraform-provider-flink";

/// The objects of one kind in one namespace of one cluster.
#[derive(Clone, Debug)]
pub struct Objects<K> {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    kind: PhantomData<fn() -> K>,
}

/// An object as it was when it was last read: typed, and as the API server wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live<K> {
    /// The object.
    pub object: K,
    /// All of its fields, with the spelling they have in the cluster.
    pub json: Value,
}

impl<K> Deref for Live<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.object
    }
}

impl<K: Resource> Live<K> {
    /// Reads the JSON of an object.
    ///
    /// # Errors
    /// Where a field has a type that no operator version knows; the error names the field.
    pub fn from_json(json: Value) -> Result<Self, KubernetesError> {
        let object: K = serde_path_to_error::deserialize(&json).map_err(|error| KubernetesError::Malformed {
            what: format!("read {}", K::KIND),
            reason: format!("`{}`: {}", error.path(), error.inner()),
        })?;
        Ok(Self { object, json })
    }

    /// The uid of the object.
    pub fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or_default()
    }

    /// The version of the object, which every change of it changes.
    pub fn resource_version(&self) -> &str {
        self.metadata().resource_version.as_deref().unwrap_or_default()
    }

    /// The generation of the object, which every change of its specification raises.
    pub fn generation(&self) -> i64 {
        self.metadata().generation.unwrap_or_default()
    }

    /// Whether the object is being deleted.
    pub fn is_being_deleted(&self) -> bool {
        self.metadata().deletion_timestamp.is_some()
    }

    /// Metadata of the object.
    pub fn metadata(&self) -> &ObjectMeta {
        self.object.metadata()
    }

    /// Whether the field at a path such as `["spec", "job", "state"]` was set by us.
    pub fn owned_by_us(&self, path: &[&str]) -> bool {
        super::ownership::applied_by(self.metadata(), FIELD_MANAGER)
            .is_some_and(|claims| super::ownership::covers(claims, path))
    }

    /// When we have last changed the object, to the second; `None` where we have not.
    pub fn written_by_us_at(&self) -> Option<Timestamp> {
        super::ownership::applied_at(self.metadata(), FIELD_MANAGER)
    }

    /// Whether the field at a path was last set by an action.
    pub fn owned_by_action(&self, path: &[&str]) -> bool {
        super::ownership::applied_by(self.metadata(), super::ACTION_MANAGER)
            .is_some_and(|claims| super::ownership::covers(claims, path))
    }

    /// The manager other than us that has set the field at a path, where there is one.
    pub fn manager_of(&self, path: &[&str]) -> Option<String> {
        super::ownership::manager_of(self.metadata(), FIELD_MANAGER, path)
    }

    /// The managers other than us that have set fields of the object.
    pub fn other_managers(&self) -> Vec<String> {
        super::ownership::other_managers(self.metadata(), FIELD_MANAGER, K::OPERATOR_LABELS)
    }
}

impl<K: Resource> Objects<K> {
    /// The objects of kind `K` in a namespace.
    pub fn new(cluster: Cluster, namespace: impl Into<String>) -> Self {
        Self {
            cluster,
            namespace: namespace.into(),
            kind: PhantomData,
        }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The same objects, through a cluster whose waiting is ended by another token.
    #[must_use]
    pub fn stopped_by(&self, stop: tokio_util::sync::CancellationToken) -> Self {
        Self::new(self.cluster.clone().stopped_by(stop), self.namespace.clone())
    }

    /// The object of a name, or `None` where there is none. Only an answer that names the object counts
    /// as "there is none": a cluster that does not know the kind is an error.
    ///
    /// # Errors
    /// See [`KubernetesError`].
    pub async fn find(&self, name: &str) -> Result<Option<Live<K>>, KubernetesError> {
        let about = self.about("get", name);
        let answer = self
            .cluster
            .send(Ask::new(Method::GET, self.path(name)), Retry::Busy)
            .await
            .map_err(|error| error.into_error(&self.cluster, &about))?;
        if answer.status == http::StatusCode::NOT_FOUND && answer.names(K::PLURAL, name) {
            return Ok(None);
        }
        Live::from_json(answer.json(&self.cluster, &about)?).map(Some)
    }

    /// As [`find`](Self::find), for an object that must not be forgotten by mistake: `None` only if the
    /// namespace is there, and is the one with the given uid. Where a role does not allow to read the
    /// namespace, the answer about the object has to do.
    ///
    /// # Errors
    /// See [`KubernetesError`]; a missing or replaced namespace is an error.
    pub async fn find_surely(
        &self,
        name: &str,
        namespace_uid: Option<&str>,
    ) -> Result<Option<Live<K>>, KubernetesError> {
        if let Some(live) = self.find(name).await? {
            return Ok(Some(live));
        }
        let server = self.cluster.server().to_owned();
        let namespace = self.namespace.clone();
        match (self.cluster.namespace_uid(&self.namespace).await, namespace_uid) {
            (Err(error), _) if error.is_forbidden() => Ok(None),
            (Err(error), _) => Err(error),
            (Ok(None), _) => Err(KubernetesError::NamespaceMissing { server, namespace }),
            (Ok(Some(found)), Some(expected)) if found != expected => Err(KubernetesError::NamespaceReplaced {
                server,
                namespace,
                expected: expected.to_owned(),
                found,
            }),
            (Ok(Some(_)), _) => Ok(None),
        }
    }

    /// Path of all objects in the namespace.
    pub(super) fn collection(&self) -> String {
        format!(
            "/apis/{GROUP}/{VERSION}/namespaces/{}/{}",
            segment(&self.namespace),
            K::PLURAL
        )
    }

    /// Path of one object.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{}", self.collection(), segment(name))
    }

    pub(super) fn about<'a>(&'a self, verb: &'static str, name: &'a str) -> About<'a> {
        About {
            verb,
            resource: K::PLURAL,
            namespace: &self.namespace,
            name,
        }
    }
}
