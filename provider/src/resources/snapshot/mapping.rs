//! How the attributes become an object and are read of one, for the tests that go through all of them.

use std::collections::BTreeSet;

use flink_client::operator::FlinkStateSnapshot;
use serde_json::Value as Json;
use terraform_schema::{AttributePath, Plan, Value};

use super::model::Snapshot;
use super::{SnapshotModel, live, order, plan};
use crate::provider::DefaultNamespace;

/// What the resource adds to a plan, where the provider block is empty.
pub fn modify_plan<M: SnapshotModel>(plan: &mut Plan) {
    plan::modify::<M>(plan, &DefaultNamespace::Known("default".to_owned()), false);
}

/// What it adds to the plan of an object that was imported.
pub fn modify_imported<M: SnapshotModel>(plan: &mut Plan) {
    plan::modify::<M>(plan, &DefaultNamespace::Known("default".to_owned()), true);
}

/// One job, by one way: any other configuration is refused.
pub fn sensible(config: Value) -> Value {
    let mut members = config.as_map().cloned().unwrap_or_default();
    let ways = ["deployment_name", "session_job_name"];
    let named = ways
        .into_iter()
        .find(|way| !config.member(way).is_null())
        .unwrap_or("deployment_name");
    for way in ways.into_iter().filter(|way| *way != named) {
        members.insert(way.to_owned(), Value::Null);
    }
    if config.member(named).is_null() {
        members.insert(named.to_owned(), "orders".into());
    }
    for of_url in [
        "job_manager_url",
        "ca_certificate",
        "client_certificate",
        "client_key",
        "insecure",
        "headers",
        "job_id",
    ] {
        members.insert(of_url.to_owned(), Value::Null);
    }
    Value::Map(members)
}

/// The object that is sent for a planned state; none where the JobManager itself is asked.
pub fn sent<M: SnapshotModel>(planned: &Value) -> Json {
    let model = M::from_value(planned).unwrap();
    if model.snapshot().job_manager_url.is_some() {
        return Json::Null;
    }
    order::manifest(&model)
        .unwrap()
        .to_object::<FlinkStateSnapshot>(model.snapshot().namespace())
}

/// What is read of an object, and which of it our field manager owns.
pub fn found<M: SnapshotModel>(object: Json) -> (Value, BTreeSet<AttributePath>) {
    let live: FlinkStateSnapshot = serde_json::from_value(object).unwrap();
    let model: M = live::model(&live, &Snapshot::default());
    let block = M::block();
    (
        model.to_value(),
        block.walk().into_iter().map(|(path, _, _)| path).collect(),
    )
}
