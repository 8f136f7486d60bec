//! Somebody else who deletes or changes the object of a lane.

use anyhow::Result;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use crate::faults::point::What;

/// Deletes the session job of a namespace, else its deployment; or asks for another parallelism of its job, as `kubectl edit`
/// does. Where there is none, nothing is done.
pub async fn meddle(client: &Client, namespace: &str, what: What) -> Result<()> {
    for kind in ["FlinkSessionJob", "FlinkDeployment"] {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("flink.apache.org", "v1beta1", kind));
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        if api.get_opt("orders").await?.is_none() {
            continue;
        }
        if what == What::Deleted {
            api.delete("orders", &DeleteParams::default()).await?;
        } else {
            let patch = json!({"spec": {"job": {"parallelism": 7}}});
            let params = PatchParams {
                field_manager: Some("kubectl-edit".to_owned()),
                ..PatchParams::default()
            };
            api.patch("orders", &params, &Patch::Merge(patch)).await?;
        }
        return Ok(());
    }
    Ok(())
}
