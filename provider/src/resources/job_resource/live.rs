//! From the object in the cluster to the model: its facts, and which of its fields are ours.

use std::collections::{BTreeMap, BTreeSet};

use flink_client::kubernetes::{Live, field_path};
use flink_client::operator::hand_over::RESTORED_FROM;
use flink_client::operator::status::JobStatusReport;
use flink_client::operator::{JobResource, JobSpec};
use terraform_schema::{AttributePath, Block, Nesting, Type, Value};

use super::JobModel;

/// Written by `kubectl apply` for itself: it repeats the whole object and is nobody's configuration.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Labels or annotations of an object, without what nobody has configured: what tools write for themselves, ours included.
pub fn texts(texts: Option<&BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
    let mut texts = texts.cloned().unwrap_or_default();
    texts.remove(LAST_APPLIED);
    texts.remove(RESTORED_FROM);
    texts.remove(super::private::CLAIM);
    Some(texts)
}

/// The id of a job, where there is one: the operator writes an empty text where it has none.
pub fn job_id(report: &JobStatusReport) -> Option<String> {
    report.job_id.clone().filter(|id| !id.is_empty())
}

/// The job as a configuration would say it: the webhook of older operators writes 0 where nothing was set, and we write the
/// savepoint that was handed over, which is returned.
pub fn as_configured(job: &mut JobSpec, annotations: Option<&BTreeMap<String, String>>) -> Option<String> {
    job.parallelism = job.parallelism.filter(|parallelism| *parallelism != 0);
    let restored_from = restored_from(job, annotations)?;
    job.initial_savepoint_path = None;
    Some(restored_from)
}

/// The savepoint that a job began with, where it was handed over and nobody has set another one since.
pub fn restored_from(job: &JobSpec, annotations: Option<&BTreeMap<String, String>>) -> Option<String> {
    let path = annotations?.get(RESTORED_FROM)?;
    (job.initial_savepoint() == Some(path)).then(|| path.clone())
}

/// Whether an object is the one that state means. Where a create lost its answer, state knows no uid: then it is ours only
/// if our field manager has written it. A state that was `moved` from another provider's resource may know none either.
pub fn is_meant<M: JobModel>(prior: &M, live: &Live<M::Kind>, moved: bool) -> bool {
    moved || prior.uid().is_some() || live.owned_by_us(&["spec"])
}

/// The attributes, map elements and blocks of an object that our field manager owns.
pub fn owned<M: JobModel>(live: &Live<M::Kind>, model: &M) -> BTreeSet<AttributePath> {
    let mut owned = Owned {
        live,
        paths: BTreeSet::new(),
    };
    owned.block(&M::block(), &model.to_value(), &AttributePath::root(), "");
    owned.paths
}

struct Owned<'a, K> {
    live: &'a Live<K>,
    paths: BTreeSet<AttributePath>,
}

impl<K: JobResource> Owned<'_, K> {
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
