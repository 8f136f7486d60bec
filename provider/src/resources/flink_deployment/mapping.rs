//! How the attributes become an object and are read of one, for the tests that go through all of them.

use std::collections::BTreeSet;

use flink_client::kubernetes::Live;
use flink_client::operator::FlinkDeployment;
use flink_client::operator::progress::Baseline;
use serde_json::Value as Json;
use terraform_plugin::Private;
use terraform_schema::{AttributePath, Diagnostics, Model, Plan, Value};

use super::model::Deployment;
use super::plan;
use crate::provider::DefaultNamespace;
use crate::resources::job_resource::plan::Given;
use crate::resources::job_resource::{JobModel, is_done, live, private, write};

/// What the resource adds to a plan, where the provider block is empty.
pub fn modify_plan(plan: &mut Plan) {
    modify(plan, &Private::new());
}

/// The same for an object that was imported.
pub fn modify_imported(plan: &mut Plan) {
    modify(
        plan,
        &Private::from([(private::IMPORTED.to_owned(), "true".to_owned())]),
    );
}

/// The same with this private state.
pub fn modify(plan: &mut Plan, private: &Private) -> Diagnostics {
    let namespace = &DefaultNamespace::Known("default".to_owned());
    plan::modify(plan, Given { namespace, private })
}

/// The object that is sent for a planned state.
pub fn sent(planned: &Value) -> Json {
    let model = Deployment::from_value(planned).unwrap();
    write::manifest(&model)
        .unwrap()
        .to_object::<FlinkDeployment>(model.namespace())
}

/// What is read of an object, and which of it our field manager owns.
pub fn found(object: Json) -> (Value, BTreeSet<AttributePath>) {
    let live: Live<FlinkDeployment> = Live::from_json(object).unwrap();
    let model = Deployment::found(&live, is_done(&live, &Baseline::default()));
    let owned = live::owned(&live, &model);
    (model.to_value(), owned)
}
