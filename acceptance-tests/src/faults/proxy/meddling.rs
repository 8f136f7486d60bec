//! Somebody else who deletes or changes the object of a lane.

use anyhow::Result;
use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::faults::point::What;
use crate::objects::objects;

/// Deletes the session job of a namespace, else its deployment; or asks for another parallelism of its job, as `kubectl edit`
/// does. Where there is none, nothing is done.
pub async fn meddle(client: &Client, namespace: &str, what: What) -> Result<()> {
    for kind in ["FlinkSessionJob", "FlinkDeployment"] {
        let api = objects(client, namespace, kind);
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
