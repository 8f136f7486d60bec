//! What the stand-in reads and writes through the API server.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{Event as CoreEvent, ServiceAccount};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::operator::rfc3339;
use super::session_job::{SessionJobObject, SessionJobSpec};
use super::simulation::Account;
use super::snapshot::{JobReference, SnapshotObject, SnapshotSpec};
use super::spec::Spec;
use super::world::{Event, Object, Snapshot};

const MANAGER: &str = "flink-kubernetes-operator";

/// One of the operator's kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `FlinkDeployment`.
    Deployment,
    /// `FlinkSessionJob`.
    SessionJob,
    /// `FlinkStateSnapshot`.
    Snapshot,
}

impl Kind {
    /// Its name in an object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployment => "FlinkDeployment",
            Self::SessionJob => "FlinkSessionJob",
            Self::Snapshot => "FlinkStateSnapshot",
        }
    }

    /// For clients.
    pub fn resource(self) -> ApiResource {
        let kind = GroupVersionKind::gvk("flink.apache.org", "v1beta1", self.name());
        ApiResource::from_gvk_with_plural(&kind, &self.plural())
    }

    fn plural(self) -> String {
        format!("{}s", self.name().to_lowercase())
    }

    /// The finalizer of the real operator.
    fn finalizer(self) -> String {
        format!("{}.flink.apache.org/finalizer", self.plural())
    }

    /// Whether the operator's finalizer is on an object of this kind.
    pub fn is_finalized(self, object: &DynamicObject) -> bool {
        let ours = self.finalizer();
        object.finalizers().contains(&ours)
    }
}

/// Whether the API server answered with this code.
pub fn is_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(response) if response.code == code)
}

/// Reads an object. Fails where the operator's own reader would.
pub fn parse(object: &DynamicObject) -> Result<Object> {
    let spec = spec_of(object);
    Ok(Object {
        name: object.name_any(),
        generation: object.metadata.generation.unwrap_or_default(),
        finalizer: Kind::Deployment.is_finalized(object),
        deleting: object.metadata.deletion_timestamp.is_some(),
        spec: Spec::of(&spec).context("read the spec")?,
        status: status_of(object)?,
    })
}

/// Reads a session job. Fails as [`parse`].
pub fn parse_session_job(object: &DynamicObject) -> Result<SessionJobObject> {
    Ok(SessionJobObject {
        name: object.name_any(),
        generation: object.metadata.generation.unwrap_or_default(),
        finalizer: Kind::SessionJob.is_finalized(object),
        deleting: object.metadata.deletion_timestamp.is_some(),
        spec: SessionJobSpec::of(&spec_of(object)).context("read the spec")?,
        status: status_of(object)?,
    })
}

/// Reads a snapshot. Fails as [`parse`].
pub fn parse_snapshot(object: &DynamicObject) -> Result<SnapshotObject> {
    Ok(SnapshotObject {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        labels: object.labels().clone(),
        finalizer: Kind::Snapshot.is_finalized(object),
        deleting: object.metadata.deletion_timestamp.is_some(),
        spec: SnapshotSpec::of(&spec_of(object)).context("read the spec")?,
        status: status_of(object)?,
    })
}

fn spec_of(object: &DynamicObject) -> Value {
    object.data.get("spec").cloned().unwrap_or_else(|| json!({}))
}

fn status_of<S: DeserializeOwned>(object: &DynamicObject) -> Result<Option<S>> {
    let status = object.data.get("status").filter(|status| !status.is_null());
    let status = status.cloned().map(serde_json::from_value).transpose();
    status.context("read the status")
}

/// The API server, from the point of view of one object.
#[derive(Clone)]
pub struct Desk {
    client: Client,
    namespace: String,
    kind: Kind,
    name: String,
    objects: Api<DynamicObject>,
}

impl Desk {
    /// For the object `namespace/name` of a kind.
    pub fn new(client: Client, kind: Kind, namespace: &str, name: &str) -> Self {
        let objects = Api::namespaced_with(client.clone(), namespace, &kind.resource());
        Self {
            client,
            namespace: namespace.to_owned(),
            kind,
            name: name.to_owned(),
            objects,
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Writes the status. Returns the object as it is then, or `None` where it is gone.
    pub async fn write_status(&self, object: &DynamicObject, status: &impl Serialize) -> Result<Option<DynamicObject>> {
        let mut object = object.clone();
        let mut tries = 0;
        loop {
            object.data["status"] = serde_json::to_value(status).context("write the status as JSON")?;
            let parameters = PostParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PostParams::default()
            };
            match self.objects.replace_status(&self.name, &parameters, &object).await {
                Ok(written) => return Ok(Some(written)),
                Err(error) if is_code(&error, 404) => return Ok(None),
                Err(error) if is_code(&error, 409) && tries < 10 => {
                    tries += 1;
                    let Some(newer) = self
                        .objects
                        .get_opt(&self.name)
                        .await
                        .context("read the object again")?
                    else {
                        return Ok(None);
                    };
                    if newer.metadata.uid != object.metadata.uid {
                        return Ok(None);
                    }
                    object = newer;
                }
                Err(error) => return Err(error).context("write the status"),
            }
        }
    }

    /// Puts the finalizer on, or takes it off.
    pub async fn set_finalizer(&self, object: &DynamicObject, present: bool) -> Result<Option<DynamicObject>> {
        let mut object = object.clone();
        loop {
            let ours = self.kind.finalizer();
            let others = object.finalizers().iter().filter(|name| **name != ours);
            let finalizers: Vec<_> = others.chain(present.then_some(&ours)).collect();
            let version = &object.metadata.resource_version;
            let patch = json!({ "metadata": { "finalizers": finalizers, "resourceVersion": version } });
            let parameters = PatchParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PatchParams::default()
            };
            match self.objects.patch(&self.name, &parameters, &Patch::Merge(patch)).await {
                Ok(written) => return Ok(Some(written)),
                Err(error) if is_code(&error, 404) => return Ok(None),
                Err(error) if is_code(&error, 409) => {
                    match self
                        .objects
                        .get_opt(&self.name)
                        .await
                        .context("read the object again")?
                    {
                        Some(newer) if newer.metadata.uid == object.metadata.uid => object = newer,
                        Some(_) | None => return Ok(None),
                    }
                }
                Err(error) => return Err(error).context("write the finalizer"),
            }
        }
    }

    /// Writes an event about the object; the same one again counts up.
    pub async fn write_event(&self, object: &DynamicObject, event: &Event, now: i64) -> Result<()> {
        let kind = if event.warning { "Warning" } else { "Normal" };
        let mut hasher = DefaultHasher::new();
        (&object.metadata.uid, kind, &event.reason, &event.message).hash(&mut hasher);
        let name = format!("{}.{}", event.component.to_lowercase(), hasher.finish());
        let time = rfc3339(now - now.rem_euclid(1000));
        let body = json!({
            "metadata": { "name": name, "namespace": self.namespace },
            "involvedObject": {
                "apiVersion": "flink.apache.org/v1beta1",
                "kind": self.kind.name(),
                "name": self.name,
                "namespace": self.namespace,
                "uid": object.metadata.uid,
            },
            "type": kind,
            "reason": event.reason,
            // Longer ones are refused.
            "message": event.message.chars().take(1024).collect::<String>(),
            "source": { "component": event.component },
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        });
        let events: Api<CoreEvent> = Api::namespaced(self.client.clone(), &self.namespace);
        let body: CoreEvent = serde_json::from_value(body).context("write the event as JSON")?;
        match events.create(&PostParams::default(), &body).await {
            Err(error) if is_code(&error, 409) => {}
            done => return done.map(drop).context("write an event"),
        }
        let known = events.get(&name).await.context("read an event")?;
        let count = known.count.unwrap_or_default() + 1;
        let again = Patch::Merge(json!({ "count": count, "lastTimestamp": time }));
        events
            .patch(&name, &PatchParams::default(), &again)
            .await
            .map(drop)
            .context("count an event up")
    }

    /// What pods with this account can do.
    pub async fn account(&self, account: Option<&str>) -> Result<Account> {
        let account = account.unwrap_or_default();
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.namespace);
        let found = accounts
            .get_opt(account)
            .await
            .context("look for the service account")?;
        if found.is_none() {
            return Ok(Account::Missing);
        }
        let question = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(format!("system:serviceaccount:{}:{account}", self.namespace)),
                resource_attributes: Some(ResourceAttributes {
                    namespace: Some(self.namespace.clone()),
                    resource: Some("pods".to_owned()),
                    verb: Some("create".to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let reviews: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &question).await;
        let answer = answer.context("ask for the rights of the service account")?;
        Ok(if answer.status.is_some_and(|status| status.allowed) {
            Account::Usable
        } else {
            Account::Powerless
        })
    }

    /// Names of the session jobs that live on this cluster. None where the kind is not installed.
    pub async fn session_jobs(&self) -> Result<Vec<String>> {
        let jobs: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, &Kind::SessionJob.resource());
        let jobs = match jobs.list(&ListParams::default()).await {
            Ok(jobs) => jobs,
            Err(error) if is_code(&error, 404) => return Ok(Vec::new()),
            Err(error) => return Err(error).context("list the session jobs"),
        };
        let ours = jobs
            .iter()
            .filter(|job| job.data["spec"]["deploymentName"] == self.name.as_str());
        Ok(ours.map(ResourceExt::name_any).collect())
    }

    /// Sets labels beside those that are there. Returns the object as it is then, or `None` where it is gone.
    pub async fn set_labels(&self, labels: &BTreeMap<String, String>) -> Result<Option<DynamicObject>> {
        let labels = Patch::Merge(json!({ "metadata": { "labels": labels } }));
        let parameters = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        match self.objects.patch(&self.name, &parameters, &labels).await {
            Err(error) if is_code(&error, 404) => Ok(None),
            done => done.map(Some).context("write the labels"),
        }
    }

    /// Creates a `FlinkStateSnapshot` of the object's job. Nothing where the kind is not installed.
    pub async fn create_snapshot(&self, snapshot: &Snapshot) -> Result<()> {
        let job = JobReference {
            kind: self.kind.name().to_owned(),
            name: self.name.clone(),
        };
        let body = json!({
            "apiVersion": "flink.apache.org/v1beta1",
            "kind": Kind::Snapshot.name(),
            "metadata": {
                "name": snapshot.name,
                "namespace": self.namespace,
                "labels": { "snapshot.trigger-type": snapshot.trigger },
            },
            "spec": snapshot.spec(&job),
        });
        let body: DynamicObject = serde_json::from_value(body).context("write the snapshot as JSON")?;
        let snapshots: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, &Kind::Snapshot.resource());
        match snapshots.create(&PostParams::default(), &body).await {
            Err(error) if is_code(&error, 404) => Ok(()),
            done => done.map(drop).context("create a FlinkStateSnapshot"),
        }
    }
}

/// Whether a write failed because its namespace is being deleted, or because what it is about is gone.
pub fn is_too_late(error: &anyhow::Error) -> bool {
    let api = error.chain().find_map(|cause| cause.downcast_ref::<kube::Error>());
    matches!(api, Some(kube::Error::Api(response)) if is_terminating(response) || response.code == 404)
}

fn is_terminating(response: &kube::core::Status) -> bool {
    response.code == 403 && response.message.contains("being terminated")
}
