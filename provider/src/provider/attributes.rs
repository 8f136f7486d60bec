//! Every attribute of the provider block and of every resource in the provider's list: explained, with its update class
//! and its meaning of "the same", and carried into the object and back. A new attribute or resource joins by itself; what
//! is missing for it is said by name.

mod arbitrary;
mod block;
mod described;
mod table;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use terraform_plugin::Private;
use terraform_plugin::server::AnyResource;
use terraform_schema::plan::Plan;
use terraform_schema::{AttributePath, Block, Step, Value, reconcile};

use super::*;
use crate::resources::flink_checkpoint::Checkpoint;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_savepoint::Savepoint;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::job_resource::mapping;
use crate::resources::snapshot::{self, SnapshotModel};
use crate::resources::{flink_deployment, flink_session_job};

/// How a resource's values become an object and are read of one, without a cluster.
struct Mapping {
    /// Adds to a plan what the resource adds.
    modify_plan: fn(&mut Plan),
    /// The same for an object that was imported.
    modify_imported: fn(&mut Plan),
    /// Makes of any values a configuration that the resource lets through.
    sensible: fn(Value) -> Value,
    /// The object that is sent for a planned state.
    sent: fn(&Value) -> Json,
    /// What is read of an object, and which of it our field manager owns.
    found: fn(Json) -> (Value, BTreeSet<AttributePath>),
}

fn mapping_of(resource: &str) -> Mapping {
    match resource {
        "flink_deployment" => Mapping {
            modify_plan: |plan| drop(mapping::modified(plan, &Private::new(), flink_deployment::plan::modify)),
            modify_imported: |plan| {
                drop(mapping::modified(
                    plan,
                    &mapping::imported(),
                    flink_deployment::plan::modify,
                ))
            },
            sensible: |config| config,
            sent: mapping::sent::<Deployment>,
            found: mapping::found::<Deployment>,
        },
        "flink_session_job" => Mapping {
            modify_plan: |plan| {
                drop(mapping::modified(
                    plan,
                    &Private::new(),
                    flink_session_job::plan::modify,
                ))
            },
            modify_imported: |plan| {
                drop(mapping::modified(
                    plan,
                    &mapping::imported(),
                    flink_session_job::plan::modify,
                ))
            },
            sensible: |config| config,
            sent: mapping::sent::<SessionJob>,
            found: mapping::found::<SessionJob>,
        },
        "flink_savepoint" => snapshot_mapping::<Savepoint>(),
        "flink_checkpoint" => snapshot_mapping::<Checkpoint>(),
        other => panic!("`{other}` is in the provider's list and not here: say how its values become an object"),
    }
}

fn snapshot_mapping<M: SnapshotModel>() -> Mapping {
    Mapping {
        modify_plan: snapshot::mapping::modify_plan::<M>,
        modify_imported: snapshot::mapping::modify_imported::<M>,
        sensible: snapshot::mapping::sensible,
        sent: snapshot::mapping::sent::<M>,
        found: snapshot::mapping::found::<M>,
    }
}

/// The provider in an environment where nothing is set.
fn provider() -> FlinkProvider {
    FlinkProvider::new(Environment::new(|_| None, "/nonexistent"))
}

fn resources() -> Vec<Box<dyn AnyResource<ProviderData>>> {
    let resources = provider().resources();
    assert!(!resources.is_empty());
    resources
}

impl Mapping {
    fn plan(&self, block: &Block, config: &Value, prior: &Value) -> Plan {
        let mut plan = Plan::inputs(block, config, prior);
        (self.modify_plan)(&mut plan);
        plan.finish(block);
        plan
    }

    /// The first plan after an import.
    fn adopt(&self, block: &Block, config: &Value, imported: &Value) -> Plan {
        let mut plan = Plan::inputs(block, config, imported);
        (self.modify_imported)(&mut plan);
        plan.finish(block);
        plan
    }

    /// The planned state of a new object.
    fn planned(&self, block: &Block, config: &Value) -> Value {
        self.plan(block, config, &Value::Null).planned
    }

    /// The state after an apply that found this object.
    fn applied(&self, block: &Block, planned: &Value, object: &Json) -> Value {
        reconcile::applied(block, planned, &(self.found)(object.clone()).0).state
    }

    /// The state after a read that found this object.
    fn read(&self, block: &Block, state: &Value, object: &Json) -> Value {
        let (found, owned) = (self.found)(object.clone());
        let owned = terraform_plugin::Owned::Paths(owned);
        reconcile::read(block, state, &found, &|path| owned.covers(path))
    }
}

/// An object as the API server keeps it after our write: everything that we send of it is ours.
fn owned(mut object: Json) -> Json {
    let mut claims = Map::new();
    let metadata = ["labels", "annotations"].into_iter().filter_map(|name| {
        let member = object["metadata"].get(name)?;
        Some((format!("f:{name}"), fields(member)))
    });
    claims.insert("f:metadata".to_owned(), Json::Object(metadata.collect()));
    claims.insert("f:spec".to_owned(), fields(&object["spec"]));
    object["metadata"]["managedFields"] = json!([{
        "manager": flink_client::kubernetes::FIELD_MANAGER, "operation": "Apply",
        "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": claims,
    }]);
    object
}

/// A value as the tree of `fieldsV1`.
fn fields(value: &Json) -> Json {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, member)| (format!("f:{name}"), fields(member)))
        .collect::<Map<_, _>>()
        .into()
}

/// All values at a path of names: those of every element, where a block may be there several times.
fn values_at<'a>(value: &'a Value, path: &AttributePath) -> Vec<&'a Value> {
    path.steps().iter().fold(vec![value], |values, step| {
        let Step::Name(name) = step else { return values };
        let objects = values.into_iter().flat_map(|value| {
            value
                .as_elements()
                .map_or(vec![value], |elements| elements.iter().collect())
        });
        objects.map(|object| object.member(name)).collect()
    })
}
