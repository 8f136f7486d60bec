//! From the object in the cluster to the model: its facts, and which of its fields are ours.

use std::collections::{BTreeMap, BTreeSet};

use flink_client::kubernetes::{Live, field_path};
use flink_client::operator::FlinkDeployment;
use terraform_schema::{AttributePath, Block, Computed, Model, Nesting, Type, Value};

use super::model::Deployment;

/// Written by `kubectl apply` for itself: it repeats the whole object and is nobody's configuration.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The facts of an object in a model whose inputs stay as they are.
pub fn with_facts(model: Deployment, live: &Live<FlinkDeployment>) -> Deployment {
    let status = live.status.clone().unwrap_or_default();
    let job = if live.is_session_cluster() {
        None
    } else {
        Some(status.job_status)
    };
    let text = |text: &str| Computed::from(text.to_owned());
    Deployment {
        id: Computed::from(model.id()),
        uid: text(live.uid()),
        rest_service: Computed::from(live.rest_service()),
        job_id: Computed(
            job.as_ref()
                .and_then(|job| job.job_id.clone())
                .filter(|id| !id.is_empty()),
        ),
        job_state: Computed(job.and_then(|job| job.state).map(|state| state.to_string())),
        lifecycle_state: Computed(status.lifecycle_state.map(|state| state.to_string())),
        job_manager_status: Computed(status.job_manager_deployment_status.map(|state| state.to_string())),
        ..model
    }
}

/// Everything in an object, whoever put it there. What only Terraform knows is not set.
pub fn model(live: &Live<FlinkDeployment>, ready: bool) -> Deployment {
    let metadata = live.metadata();
    let texts = |texts: &Option<BTreeMap<String, String>>| {
        let mut texts = texts.clone().unwrap_or_default();
        texts.remove(LAST_APPLIED);
        Some(texts)
    };
    let mut spec = live.spec.clone();
    if let Some(job) = &mut spec.job {
        // The webhook of older operators writes 0 where nothing was set.
        job.parallelism = job.parallelism.filter(|parallelism| *parallelism != 0);
    }
    let model = Deployment {
        name: metadata.name.clone().unwrap_or_default(),
        namespace: Some(Computed(metadata.namespace.clone())),
        labels: texts(&metadata.labels),
        annotations: texts(&metadata.annotations),
        spec,
        timeouts: None,
        force_conflicts: None,
        wait_failure: None,
        id: Computed(None),
        uid: Computed(None),
        rest_service: Computed(None),
        job_id: Computed(None),
        job_state: Computed(None),
        lifecycle_state: Computed(None),
        job_manager_status: Computed(None),
        ready: Computed::from(ready),
    };
    with_facts(model, live)
}

/// Whether an object is the one that state means. Where a create lost its answer, state knows no uid: then it is ours only
/// if our field manager has written it.
pub fn is_meant(prior: &Deployment, live: &Live<FlinkDeployment>) -> bool {
    prior.uid.as_ref().is_some() || live.owned_by_us(&["spec"])
}

/// The attributes, map elements and blocks of an object that our field manager owns.
pub fn owned(live: &Live<FlinkDeployment>, model: &Deployment) -> BTreeSet<AttributePath> {
    let mut owned = Owned {
        live,
        paths: BTreeSet::new(),
    };
    owned.block(&Deployment::block(), &model.to_value(), &AttributePath::root(), "");
    owned.paths
}

struct Owned<'a> {
    live: &'a Live<FlinkDeployment>,
    paths: BTreeSet<AttributePath>,
}

impl Owned<'_> {
    fn block(&mut self, block: &Block, value: &Value, at: &AttributePath, remote: &str) {
        for attribute in &block.attributes {
            let Some(field) = joined(remote, attribute.remote.as_deref()) else {
                continue;
            };
            let path = at.name(&attribute.name);
            match (&attribute.ty, value.member(&attribute.name)) {
                // Others may own other elements of the same map.
                (Type::Map(_), Value::Map(elements)) => {
                    let ours = elements.keys().filter(|key| self.is_ours(&format!("{field}.{key}")));
                    let ours: Vec<AttributePath> = ours.map(|key| path.key(key)).collect();
                    self.paths.extend(ours);
                }
                _ => {
                    if self.is_ours(&field) {
                        self.paths.insert(path);
                    }
                }
            }
        }
        for nested in &block.blocks {
            let Some(field) = joined(remote, nested.remote.as_deref()) else {
                continue;
            };
            let path = at.name(&nested.name);
            if !self.is_ours(&field) {
                continue;
            }
            match nested.nesting {
                Nesting::Single => {
                    let before = self.paths.len();
                    self.block(&nested.block, value.member(&nested.name), &path, &field);
                    // An empty block is owned as such.
                    if self.paths.len() == before {
                        self.paths.insert(path);
                    }
                }
                Nesting::List | Nesting::Set => {
                    self.paths.insert(path);
                }
            }
        }
    }

    /// Whether a field is there and ours. Names with dots in them are told apart by the object itself.
    fn is_ours(&self, field: &str) -> bool {
        let members = field_path::resolve(field, &self.live.json).unwrap_or_default();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        !members.is_empty() && self.live.owned_by_us(&members)
    }
}

fn joined(outer: &str, inner: Option<&str>) -> Option<String> {
    let inner = inner?;
    Some(if outer.is_empty() {
        inner.to_owned()
    } else {
        format!("{outer}.{inner}")
    })
}

#[cfg(test)]
mod tests;
