//! Creating an object: looking first, and recognising our own creation whose answer was lost.

use super::error::KubernetesError;
use super::objects::{Live, Objects};
use super::spelling;
use super::write::{ATTEMPTS, Applied, WriteError};
use crate::operator::resource::{Manifest, Resource};

/// An object that exists because it was to be created.
#[derive(Clone, Debug)]
pub struct Created<K> {
    /// The object as it was written.
    pub live: Live<K>,
    /// Whether it was there already: created by us before, untouched since, and exactly what was
    /// planned. Such is a creation whose answer was lost.
    pub adopted: bool,
    /// What the API server, or an admission webhook, has warned of.
    pub warnings: Vec<String>,
}

/// A creation that did not take place, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is an object of this name already, and it is not a lost creation of ours.
    #[error("{kind} {namespace}/{name} exists already, {}", described(*ours, managers))]
    Exists {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its uid.
        uid: String,
        /// Whether we have written it: then it differs from the plan, or others have touched it.
        ours: bool,
        /// The other managers that have set fields of it.
        managers: Vec<String>,
    },
    /// There is an object of this name that is being deleted.
    #[error("{kind} {namespace}/{name} still exists and is being deleted")]
    BeingDeleted {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Writing it failed. [`WriteError::Unsettled`] means that the object may exist.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<KubernetesError> for CreateError {
    fn from(error: KubernetesError) -> Self {
        Self::Write(error.into())
    }
}

impl CreateError {
    /// Whether the object may exist although its creation has failed.
    pub fn may_exist(&self) -> bool {
        matches!(self, Self::Write(WriteError::Unsettled { .. }))
    }
}

fn described(ours: bool, managers: &[String]) -> String {
    match (ours, managers) {
        (true, []) => "written by this provider with other values".to_owned(),
        (true, managers) => format!("written by this provider and changed by {}", managers.join(", ")),
        (false, []) => "with no known manager".to_owned(),
        (false, managers) => format!("managed by {}", managers.join(", ")),
    }
}

impl<K: Resource> Objects<K> {
    /// Creates an object. An object of that name which is there already is an error, unless it is our
    /// own creation whose answer was lost.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, manifest: &Manifest) -> Result<Created<K>, CreateError> {
        let found = self.find(&manifest.name).await?;
        self.create_beside(manifest, found).await
    }

    /// As [`create`](Self::create), where it was looked just before: `found` is what there was.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_beside(&self, manifest: &Manifest, found: Option<Live<K>>) -> Result<Created<K>, CreateError> {
        let object = manifest.to_object::<K>(&self.namespace);
        let mut looked = Some(found);
        let mut lost: Option<KubernetesError> = None;
        for attempt in 0..ATTEMPTS {
            if let Err(error) = self.pause_before(attempt, lost.as_ref()).await {
                return Err(self.unsettled(manifest, lost, error));
            }
            let found = match looked.take() {
                Some(found) => Ok(found),
                None => self.find(&manifest.name).await,
            };
            match found {
                Ok(None) => {}
                Ok(Some(live)) => return self.adopt(manifest, live),
                Err(error) if lost.is_some() && error.may_heal() => {
                    lost = Some(error);
                    continue;
                }
                Err(error) => return Err(self.unsettled(manifest, lost, error.into())),
            }
            match self.apply(&object, false).await {
                Ok(Applied::Done {
                    live,
                    created: true,
                    warnings,
                }) => {
                    return Ok(Created {
                        live,
                        adopted: false,
                        warnings,
                    });
                }
                // Somebody was faster between looking and writing, or an earlier attempt of ours got
                // through late.
                Ok(Applied::Done {
                    live, created: false, ..
                }) => return self.adopt(manifest, live),
                Ok(Applied::Conflict(_) | Applied::Outdated) => {}
                Err(WriteError::Kubernetes(error)) if error.outcome_unknown() => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        let source = lost.unwrap_or(KubernetesError::Rejected {
            what: self.about("patch", &manifest.name).to_string(),
            code: 409,
            message: "others create and delete an object of this name at the same time".to_owned(),
            causes: Vec::new(),
        });
        Err(WriteError::Unsettled {
            kind: K::KIND,
            namespace: self.namespace.clone(),
            name: manifest.name.clone(),
            source,
        }
        .into())
    }

    /// An error after an earlier attempt whose outcome is not known is itself not the whole truth.
    fn unsettled(&self, manifest: &Manifest, lost: Option<KubernetesError>, error: WriteError) -> CreateError {
        match lost {
            None => error.into(),
            Some(source) => WriteError::Unsettled {
                kind: K::KIND,
                namespace: self.namespace.clone(),
                name: manifest.name.clone(),
                source,
            }
            .into(),
        }
    }

    /// Takes an object that is there already for our own creation, if it is.
    fn adopt(&self, manifest: &Manifest, live: Live<K>) -> Result<Created<K>, CreateError> {
        let (kind, namespace, name) = (K::KIND, self.namespace.clone(), manifest.name.clone());
        if live.is_being_deleted() {
            return Err(CreateError::BeingDeleted { kind, namespace, name });
        }
        let manager = self.cluster.manager;
        let managers = super::ownership::other_managers(live.metadata(), manager, K::OPERATOR_LABELS);
        if managers.is_empty() && self.is_written(manifest, &live) && means_exactly::<K>(manifest, &live) {
            return Ok(Created {
                live,
                adopted: true,
                warnings: Vec::new(),
            });
        }
        let ours = super::ownership::applied_by(live.metadata(), manager).is_some();
        Err(CreateError::Exists {
            kind,
            namespace,
            name,
            uid: live.uid().to_owned(),
            ours,
            managers,
        })
    }
}

/// Whether the live specification says nothing more than the manifest. A webhook may have added what
/// the operator assumes anyway.
fn means_exactly<K: Resource>(manifest: &Manifest, live: &Live<K>) -> bool {
    let planned = manifest.to_object::<K>("");
    let live_spec = live.json.get("spec").unwrap_or(&serde_json::Value::Null);
    let spelled = spelling::as_live::<K>(&planned, &live.json);
    K::same_meaning(&["spec"], spelled.get("spec"), Some(live_spec))
}
