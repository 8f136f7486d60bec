//! A `moved` block from another provider's resource: nothing is asked for the move, one look follows, and the plan after it is
//! empty.

use super::*;

fn yaml() -> Result<String> {
    let mut manifest = live();
    for own in ["uid", "generation", "resourceVersion"] {
        manifest["metadata"][own] = Json::Null;
    }
    manifest["status"] = Json::Null;
    Ok(serde_json::to_string(&manifest)?)
}

#[tokio::test]
async fn a_moved_state_is_read_once_and_plans_empty() -> Result<()> {
    let server = Scripted::start(|_, path| match path {
        ORDERS => (200, live()),
        _ => (404, Json::Null),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let manifest: Json = serde_json::from_str(&yaml()?)?;
    for (address, type_name, state) in [
        (
            "registry.terraform.io/hashicorp/kubernetes",
            "kubernetes_manifest",
            json!({"manifest": {"value": manifest, "type": "dynamic"}, "object": {"value": live(), "type": "dynamic"}}),
        ),
        (
            "registry.terraform.io/alekc/kubectl",
            "kubectl_manifest",
            json!({"yaml_body": yaml()?, "uid": "u-1", "namespace": "data"}),
        ),
        (
            "registry.terraform.io/jmorris0x0/k8sconnect",
            "k8sconnect_object",
            json!({"yaml_body": yaml()?, "object_ref": {"namespace": "data"}}),
        ),
    ] {
        let before = server.requests().len();
        let request = pb::move_resource_state::Request {
            source_provider_address: address.to_owned(),
            source_type_name: type_name.to_owned(),
            source_schema_version: 1,
            source_state: Some(pb::RawState {
                json: state.to_string().into_bytes(),
                ..Default::default()
            }),
            target_type_name: TYPE.to_owned(),
            ..Default::default()
        };
        let moved = plugin.provider().move_resource_state(request).await?.into_inner();
        ensure!(moved.diagnostics.is_empty(), "{type_name}: {:?}", moved.diagnostics);
        assert_eq!(server.requests().len(), before, "{type_name}: a move asks nobody");

        let request = pb::read_resource::Request {
            type_name: TYPE.to_owned(),
            current_state: moved.target_state,
            private: moved.target_private,
            ..Default::default()
        };
        let read = plugin.provider().read_resource(request).await?.into_inner();
        ensure!(read.diagnostics.is_empty(), "{type_name}: {:?}", read.diagnostics);
        let block = Deployment::block();
        let state = unpacked(&block, read.new_state.as_ref())?;
        assert_eq!(state.member("uid"), &"u-1".into(), "{type_name}");
        assert_eq!(state.member("ready"), &true.into(), "{type_name}");

        let job = &block.nested("job").context("a block")?.block;
        let job = object(
            job,
            &[
                ("jar_uri", "local:///opt/flink/usrlib/orders.jar".into()),
                ("parallelism", 2.into()),
            ],
        );
        let config = object(
            &block,
            &[
                ("name", "orders".into()),
                ("image", "flink:1.20".into()),
                ("flink_version", "v1_20".into()),
                ("service_account", "flink".into()),
                ("job", job),
            ],
        );
        let request = pb::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: packed(&block, &state)?,
            proposed_new_state: packed(&block, &config)?,
            config: packed(&block, &config)?,
            prior_private: read.private,
            ..Default::default()
        };
        let plan = plugin.provider().plan_resource_change(request).await?.into_inner();
        ensure!(plan.diagnostics.is_empty(), "{type_name}: {:?}", plan.diagnostics);
        assert_eq!(unpacked(&block, plan.planned_state.as_ref())?, state, "{type_name}");
        ensure!(plan.requires_replace.is_empty());
    }
    Ok(())
}
