//! What can be done to jobs and clusters and is not declared, one file each, and what several of them use.
//!
//! An action writes under a field manager of its own and only what makes the operator act: a counter, or a new object. So the
//! next plan of the resource that manages the object has nothing to change.

pub mod flink_reset_autoscaler;
pub mod flink_restart;
pub mod flink_take_checkpoint;
pub mod flink_take_savepoint;
mod snapshot;
pub mod target;

use terraform_plugin::server::AnyAction;
use terraform_plugin::{Context, Private, any_action};
use terraform_schema::Diagnostics;

use crate::provider::ProviderData;

/// All of them, one line each.
pub fn all() -> Vec<Box<dyn AnyAction<ProviderData>>> {
    vec![
        any_action(flink_reset_autoscaler::FlinkResetAutoscaler),
        any_action(flink_restart::FlinkRestart),
        any_action(flink_take_checkpoint::FlinkTakeCheckpoint),
        any_action(flink_take_savepoint::FlinkTakeSavepoint),
    ]
}

/// Does something with the steps of resources: what they wait for is told to the user, and what they write is the action's.
async fn act<T>(
    cx: &Context<'_, ProviderData>,
    what: impl AsyncFnOnce(&Context<'_, ProviderData>) -> Result<T, Diagnostics>,
) -> Result<T, Diagnostics> {
    let data = cx.data.acting(cx.progress().clone());
    let inner = Context::new(&data, cx.stop.clone(), Private::new()).telling(cx.progress().clone());
    let outcome = what(&inner).await;
    for warning in inner.warnings() {
        cx.warn(warning);
    }
    outcome
}
