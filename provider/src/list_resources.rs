//! What can be found with `terraform query`, one line each: the objects that resources could manage, whoever made them.

pub mod flink_savepoint;
pub mod jobs;
pub mod selection;

use terraform_plugin::any_list_resource;
use terraform_plugin::server::AnyListResource;

use crate::provider::ProviderData;

/// All of them, one line each.
pub fn all() -> Vec<Box<dyn AnyListResource<ProviderData>>> {
    vec![
        any_list_resource(jobs::FlinkDeploymentList::new()),
        any_list_resource(flink_savepoint::FlinkSavepointList),
        any_list_resource(jobs::FlinkSessionJobList::new()),
    ]
}
