//! How the attributes become an object and are read of one, for the tests that go through all of them.

use std::collections::BTreeSet;

use flink_client::kubernetes::Live;
use flink_client::operator::progress::Baseline;
use serde_json::Value as Json;
use terraform_plugin::Private;
use terraform_schema::{AttributePath, Diagnostics, Plan, Value};

use super::plan::Given;
use super::{JobModel, is_done, live, private, write};
use crate::provider::DefaultNamespace;

/// What a resource adds to a plan.
pub type Modify = fn(&mut Plan, Given<'_>) -> Diagnostics;

/// What the resource adds to a plan with this private state, where the provider block is empty.
pub fn modified(plan: &mut Plan, private: &Private, modify: Modify) -> Diagnostics {
    let namespace = &DefaultNamespace::Known("default".to_owned());
    modify(plan, Given { namespace, private })
}

/// The private state of an object that was imported.
pub fn imported() -> Private {
    Private::from([(private::IMPORTED.to_owned(), "true".to_owned())])
}

/// The object that is sent for a planned state.
pub fn sent<M: JobModel>(planned: &Value) -> Json {
    let model = M::from_value(planned).unwrap();
    write::manifest(&model).unwrap().to_object::<M::Kind>(model.namespace())
}

/// What is read of an object (on a cluster that is ready), and which of it our field manager owns.
pub fn found<M: JobModel>(object: Json) -> (Value, BTreeSet<AttributePath>) {
    let live: Live<M::Kind> = Live::from_json(object).unwrap();
    let model = M::found(&live, is_done(&live, &Baseline::default()));
    let owned = live::owned(&live, &model);
    (model.to_value(), owned)
}
