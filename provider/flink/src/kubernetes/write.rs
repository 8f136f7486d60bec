//! Writing an object that exists: server-side apply, conflicts, and writes whose answer was lost.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::act::{self, ACTION_MANAGER};
use super::conflict::{FieldConflict, conflicts};
use super::error::KubernetesError;
use super::field_path;
use super::objects::{Live, Objects};
use super::ownership;
use super::request::{Ask, Retry};
use super::spelling;
use crate::operator::resource::{Manifest, Resource};

/// How a write treats what it finds.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The uid of the object that is meant. Another object of the same name is left alone.
    pub uid: &'a str,
    /// What the reviewer of the plan saw as the present values. A conflicting value that is among them
    /// is overwritten: its reverting was in the plan.
    pub prior: Option<&'a Manifest>,
    /// Whether fields of other managers are taken over, whatever their values.
    pub force: bool,
}

/// A field that the installed definition does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// The field: `spec.jobManager.resources`.
    pub field: String,
    /// The first operator version whose definition has it, where that is known.
    pub since: Option<&'static str>,
}

impl std::fmt::Display for UnknownField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.field)?;
        match self.since {
            Some(version) => write!(f, " (operator {version} or newer)"),
            None => Ok(()),
        }
    }
}

/// A write that did not take place, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The request failed.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// The object is not there any more.
    #[error("{kind} {namespace}/{name} is gone")]
    Gone {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
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
    /// The object is being deleted.
    #[error("{kind} {namespace}/{name} is being deleted")]
    BeingDeleted {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Others have set fields that we want to set, to values the plan did not show.
    #[error("{kind} {namespace}/{name}: {}", listed(conflicts))]
    Conflict {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The fields, each with its manager.
        conflicts: Vec<FieldConflict>,
    },
    /// The installed definition does not have some fields.
    #[error(
        "the installed custom resource definition of {kind} does not have {}",
        listed(fields)
    )]
    UnknownFields {
        /// Kind of the object.
        kind: &'static str,
        /// The fields, each with the operator version that has it.
        fields: Vec<UnknownField>,
    },
    /// Every attempt met a change by somebody else.
    #[error("{kind} {namespace}/{name} was changed by others at every one of {attempts} attempts")]
    Contended {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Number of attempts.
        attempts: u32,
    },
    /// It is not known whether the write took place.
    #[error("it is not known whether {kind} {namespace}/{name} was written")]
    Unsettled {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What happened to the last attempt.
        source: KubernetesError,
    },
}

fn listed(items: &[impl std::fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Attempts at a write that meets changes of others or whose answers are lost.
pub(super) const ATTEMPTS: u32 = 5;

/// Whether an object that is being deleted is changed all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Refused,
    Allowed,
}

/// What one apply came to.
pub(super) enum Applied<K> {
    /// Written; whether that created the object, and what was warned of.
    Done {
        live: Live<K>,
        created: bool,
        warnings: Vec<String>,
    },
    /// Not written: others own fields with other values.
    Conflict(Vec<FieldConflict>),
    /// Not written: the object is not the one, or not in the version, that was named.
    Outdated,
}

impl<K: Resource> Objects<K> {
    /// Writes an object that exists, so that all fields of the manifest have their values and fields we
    /// have set before and do not set any more are gone. Returns the object as it was written.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn write(&self, manifest: &Manifest, how: Write<'_>) -> Result<Live<K>, WriteError> {
        let name = &manifest.name;
        let mut lost = None;
        for attempt in 0..ATTEMPTS {
            self.pause_before(attempt, lost.as_ref()).await?;
            let live = match self.present(name, how.uid).await {
                Err(WriteError::Kubernetes(error)) if lost.is_some() && error.may_heal() => {
                    lost = Some(error);
                    continue;
                }
                other => other?,
            };
            let mut object = spelling::as_live::<K>(&manifest.to_object::<K>(&self.namespace), &live.json);
            if let Some(prior) = how.prior {
                act::keep_counters(&mut object, &prior.spec, &live);
            }
            match self.write_once(&object, &live, how).await {
                Ok(Some(live)) => return Ok(live),
                Ok(None) => {}
                Err(WriteError::Kubernetes(error)) if error.outcome_unknown() => lost = Some(error),
                Err(error) => return Err(error),
            }
        }
        let Some(source) = lost else {
            return Err(WriteError::Contended {
                kind: K::KIND,
                namespace: self.namespace.clone(),
                name: name.clone(),
                attempts: ATTEMPTS,
            });
        };
        // Settled by looking: a write that is not there is an error, one that is there is none.
        if let Ok(live) = self.present(name, how.uid).await
            && self.is_written(manifest, &live)
        {
            return Ok(live);
        }
        Err(WriteError::Unsettled {
            kind: K::KIND,
            namespace: self.namespace.clone(),
            name: name.clone(),
            source,
        })
    }

    /// Changes single fields of an object, and leaves all others to whom they belong. `change` sees the
    /// fields of our manager, with their live values, and the whole live object. Fields of others that it
    /// sets become ours.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn amend(
        &self,
        name: &str,
        uid: &str,
        change: impl Fn(&mut Value, &Live<K>),
    ) -> Result<Live<K>, WriteError> {
        self.amend_object(name, uid, change, Deleted::Refused).await
    }

    /// As [`amend`](Self::amend), also for an object that is being deleted: some changes let a deletion go on.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn amend_even_if_deleted(
        &self,
        name: &str,
        uid: &str,
        change: impl Fn(&mut Value, &Live<K>),
    ) -> Result<Live<K>, WriteError> {
        self.amend_object(name, uid, change, Deleted::Allowed).await
    }

    async fn amend_object(
        &self,
        name: &str,
        uid: &str,
        change: impl Fn(&mut Value, &Live<K>),
        deleted: Deleted,
    ) -> Result<Live<K>, WriteError> {
        let mut lost = None;
        for attempt in 0..ATTEMPTS {
            self.pause_before(attempt, lost.as_ref()).await?;
            let live = match self.there(name, uid, deleted).await {
                Err(WriteError::Kubernetes(error)) if lost.is_some() && error.may_heal() => {
                    lost = Some(error);
                    continue;
                }
                other => other?,
            };
            let mut object = ownership::applied_by(live.metadata(), self.cluster.manager)
                .map_or_else(|| json!({}), |claims| ownership::project(&live.json, claims));
            change(&mut object, &live);
            object["apiVersion"] = json!(K::api_version());
            object["kind"] = json!(K::KIND);
            object["metadata"]["name"] = json!(name);
            object["metadata"]["namespace"] = json!(self.namespace);
            object["metadata"]["uid"] = json!(uid);
            object["metadata"]["resourceVersion"] = json!(live.resource_version());
            match self.apply(&object, true).await {
                Ok(Applied::Done { live, .. }) => return Ok(live),
                Ok(Applied::Outdated | Applied::Conflict(_)) => {}
                Err(WriteError::Kubernetes(error)) if error.outcome_unknown() => lost = Some(error),
                Err(error) => return Err(error),
            }
        }
        let (kind, namespace, name) = (K::KIND, self.namespace.clone(), name.to_owned());
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

    /// Applies once, by force where that is allowed. `None`: the object has changed meanwhile.
    async fn write_once(&self, object: &Value, live: &Live<K>, how: Write<'_>) -> Result<Option<Live<K>>, WriteError> {
        let mut sent = object.clone();
        sent["metadata"]["uid"] = json!(how.uid);
        let found = match self.apply(&sent, false).await? {
            Applied::Done { live, .. } => return Ok(Some(live)),
            Applied::Outdated => return Ok(None),
            Applied::Conflict(found) => found,
        };
        self.may_take_over(&found, live, how)?;
        for conflict in &found {
            info!(
                kind = K::KIND,
                field = conflict.field,
                manager = conflict.manager,
                "taking over a field"
            );
        }
        // By force, but only over the very object whose values were just looked at.
        sent["metadata"]["resourceVersion"] = json!(live.resource_version());
        match self.apply(&sent, true).await? {
            Applied::Done { live, .. } => Ok(Some(live)),
            Applied::Outdated | Applied::Conflict(_) => Ok(None),
        }
    }

    /// Refuses conflicts about values that the plan did not show as present, unless all are to be taken over.
    pub(super) fn may_take_over(
        &self,
        found: &[FieldConflict],
        live: &Live<K>,
        how: Write<'_>,
    ) -> Result<(), WriteError> {
        let prior = how.prior.map(|prior| prior.to_object::<K>(&self.namespace));
        let contested: Vec<FieldConflict> = found
            .iter()
            .filter(|conflict| conflict.manager != ACTION_MANAGER && !was_shown::<K>(conflict, live, prior.as_ref()))
            .cloned()
            .collect();
        if how.force || contested.is_empty() {
            return Ok(());
        }
        Err(WriteError::Conflict {
            kind: K::KIND,
            namespace: self.namespace.clone(),
            name: live.metadata().name.clone().unwrap_or_default(),
            conflicts: contested,
        })
    }

    /// Sends an object by server-side apply.
    pub(super) async fn apply(&self, object: &Value, force: bool) -> Result<Applied<K>, WriteError> {
        let force: &[_] = if force { &[("force", "true")] } else { &[] };
        self.apply_with(object, force).await
    }

    /// The same, with more to the query.
    pub(super) async fn apply_with(&self, object: &Value, more: &[(&str, &str)]) -> Result<Applied<K>, WriteError> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let about = self.about("patch", name);
        let mut query = vec![("fieldManager", self.cluster.manager), ("fieldValidation", "Strict")];
        query.extend(more);
        let ask = Ask::new(Method::PATCH, self.path(name))
            .query(&query)
            .body("application/apply-patch+yaml", object.to_string().into_bytes());
        let answer = self
            .cluster
            .send(ask, Retry::Busy)
            .await
            .map_err(|error| error.into_error(&self.cluster, &about))?;
        if answer.status == StatusCode::CONFLICT {
            let found = answer.failure().and_then(|status| conflicts(&status, object));
            return Ok(found.map_or(Applied::Outdated, Applied::Conflict));
        }
        if answer.status.is_success() {
            let live = Live::from_json(answer.json(&self.cluster, &about)?)?;
            return Ok(Applied::Done {
                live,
                created: answer.status == StatusCode::CREATED,
                warnings: answer.warnings,
            });
        }
        let error = KubernetesError::of_answer(&answer, &self.cluster, &about);
        Err(match unknown_fields::<K>(&error) {
            Some(fields) => WriteError::UnknownFields { kind: K::KIND, fields },
            None => WriteError::Kubernetes(error),
        })
    }

    /// The object that is meant, or why it is not there to be changed.
    pub(super) async fn present(&self, name: &str, uid: &str) -> Result<Live<K>, WriteError> {
        self.there(name, uid, Deleted::Refused).await
    }

    async fn there(&self, name: &str, uid: &str, deleted: Deleted) -> Result<Live<K>, WriteError> {
        let (kind, namespace, name) = (K::KIND, self.namespace.clone(), name.to_owned());
        match self.find(&name).await? {
            None => Err(WriteError::Gone { kind, namespace, name }),
            Some(live) if live.uid() != uid => Err(WriteError::Replaced {
                kind,
                namespace,
                name,
                expected: uid.to_owned(),
                found: live.uid().to_owned(),
            }),
            Some(live) if live.is_being_deleted() && deleted == Deleted::Refused => {
                Err(WriteError::BeingDeleted { kind, namespace, name })
            }
            Some(live) => Ok(live),
        }
    }

    /// Whether an object is what a write of the manifest leaves behind.
    pub(super) fn is_written(&self, manifest: &Manifest, live: &Live<K>) -> bool {
        let object = spelling::as_live::<K>(&manifest.to_object::<K>(&self.namespace), &live.json);
        spelling::fits::<K>(&object, &live.json)
            && ownership::applied_by(live.metadata(), self.cluster.manager)
                .is_some_and(|claims| ownership::within(claims, &live.json, &object))
    }

    /// Waits before every attempt but the first; longer where the way to the API server is at fault.
    pub(super) async fn pause_before(&self, attempt: u32, lost: Option<&KubernetesError>) -> Result<(), WriteError> {
        if attempt == 0 {
            return Ok(());
        }
        if let Some(error) = lost {
            warn!(kind = K::KIND, attempt, %error, "the outcome of a write is not known; looking, and writing again");
        }
        let pause = if lost.is_some() {
            self.cluster.limits.pause * 2u32.pow(attempt - 1)
        } else {
            Duration::ZERO
        };
        tokio::select! {
            () = self.cluster.stop.cancelled() => match lost {
                // Whoever stops us must still learn that the write may have taken place.
                Some(error) => Err(WriteError::Kubernetes(error.clone())),
                None => Err(KubernetesError::Stopped { what: format!("write {}", K::KIND) }.into()),
            },
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}

/// Whether the live value of a conflicting field is the one the plan showed as present.
fn was_shown<K: Resource>(conflict: &FieldConflict, live: &Live<K>, prior: Option<&Value>) -> bool {
    let Some(prior) = prior else { return false };
    let Some(path) = field_path::resolve(&conflict.field, &live.json) else {
        return false;
    };
    let shown = field_path::resolve(&conflict.field, prior).unwrap_or_else(|| path.clone());
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    !path.is_empty() && K::same_meaning(&names, field_path::at(&live.json, &path), field_path::at(prior, &shown))
}

/// The fields that the installed definition does not have, where that is why a write was refused.
fn unknown_fields<K: Resource>(error: &KubernetesError) -> Option<Vec<UnknownField>> {
    let KubernetesError::Rejected { message, causes, .. } = error else {
        return None;
    };
    let unknown = |field: &str| UnknownField {
        field: field.to_owned(),
        since: K::since(field),
    };
    let by_apply: Vec<UnknownField> = causes
        .iter()
        .filter(|cause| cause.message == "field not declared in schema")
        .map(|cause| unknown(&cause.field))
        .collect();
    let by_strict_decoding = message
        .split("unknown field \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let fields: Vec<UnknownField> = by_apply.into_iter().chain(by_strict_decoding.map(unknown)).collect();
    (!fields.is_empty()).then_some(fields)
}
