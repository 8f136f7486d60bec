//! The provider's own process over its real socket, with an API server that answers from a table.

use acceptance_tests::direct::{object, packed, unpacked};
use acceptance_tests::scripted::{Scripted, not_found};
use acceptance_tests::terraform::provider_binary;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};
use terraform_plugin::client::{Launch, Plugin};
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::job_resource::Identity;
use terraform_schema::{Block, Model, Value};

mod acting;
mod moved;
mod needs;
mod session_job;

const TYPE: &str = "flink_deployment";
const ORDERS: &str = "/apis/flink.apache.org/v1beta1/namespaces/data/flinkdeployments/orders";
const TOKEN: &str = "canary-token-7f3a";

/// A started provider whose block names this host.
async fn provider(host: Value) -> Result<Plugin> {
    let plugin = Launch::new(provider_binary().await?)
        .env("TF_LOG", "TRACE")
        .env("KUBECONFIG", "")
        .start()
        .await?;
    let block = ProviderConfig::block();
    let config = object(
        &block,
        &[("host", host), ("token", TOKEN.into()), ("namespace", "data".into())],
    );
    let request = pb::configure::Request {
        config: packed(&block, &config)?,
        ..Default::default()
    };
    let answer = plugin.provider().configure(request).await?.into_inner();
    ensure!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    Ok(plugin)
}

fn live() -> Json {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "orders", "namespace": "data", "uid": "u-1", "generation": 1, "resourceVersion": "7"},
        "spec": {
            "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "job": {"jarURI": "local:///opt/flink/usrlib/orders.jar", "parallelism": 2, "state": "running"},
        },
        "status": {
            "lifecycleState": "STABLE", "jobManagerDeploymentStatus": "READY", "observedGeneration": 1,
            "jobStatus": {"jobId": "e5b1", "state": "RUNNING"},
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"},
        },
    })
}

async fn import(
    plugin: &Plugin,
    type_name: &str,
    id: &str,
    identity: Option<pb::ResourceIdentityData>,
) -> Result<pb::import_resource_state::Response> {
    let request = pb::import_resource_state::Request {
        type_name: type_name.to_owned(),
        id: id.to_owned(),
        identity,
        ..Default::default()
    };
    Ok(plugin.provider().import_resource_state(request).await?.into_inner())
}

async fn read(
    plugin: &Plugin,
    of: &pb::import_resource_state::ImportedResource,
) -> Result<pb::read_resource::Response> {
    let request = pb::read_resource::Request {
        type_name: of.type_name.clone(),
        current_state: of.state.clone(),
        private: of.private.clone(),
        ..Default::default()
    };
    Ok(plugin.provider().read_resource(request).await?.into_inner())
}

async fn plan_creation(
    plugin: &Plugin,
    type_name: &str,
    block: &Block,
    config: &Value,
) -> Result<pb::plan_resource_change::Response> {
    let request = pb::plan_resource_change::Request {
        type_name: type_name.to_owned(),
        prior_state: packed(block, &Value::Null)?,
        proposed_new_state: packed(block, config)?,
        config: packed(block, config)?,
        ..Default::default()
    };
    Ok(plugin.provider().plan_resource_change(request).await?.into_inner())
}

#[tokio::test]
async fn a_new_object_is_planned_without_a_single_request() -> Result<()> {
    let server = Scripted::start(|_, _| (500, Json::Null)).await?;
    let block = Deployment::block();
    let config = object(
        &block,
        &[
            ("name", "orders".into()),
            ("flink_version", "v1_20".into()),
            ("service_account", "flink".into()),
        ],
    );
    for host in [server.url().as_str().into(), Value::Unknown] {
        let plugin = provider(host).await?;
        let plan = plan_creation(&plugin, TYPE, &block, &config).await?;
        ensure!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
        let planned = unpacked(&block, plan.planned_state.as_ref())?;
        assert_eq!(planned.member("id"), &"data/orders".into());
        assert!(planned.member("job_id").is_unknown());
        plugin.shutdown().await?;
    }
    assert_eq!(server.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_import_by_identity_is_the_same_as_by_id_and_a_refresh_costs_one_request() -> Result<()> {
    let server = Scripted::start(|_, path| match path {
        ORDERS => (200, live()),
        "/api/v1/namespaces/data" => (
            200,
            json!({"kind": "Namespace", "metadata": {"name": "data", "uid": "n-1"}}),
        ),
        _ => (404, Json::Null),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let block = Identity::block();
    let identity = object(&block, &[("name", "orders".into()), ("namespace", "data".into())]);
    let data = pb::ResourceIdentityData {
        identity_data: packed(&block, &identity)?,
    };
    let by_identity = import(&plugin, TYPE, "", Some(data)).await?;
    let by_id = import(&plugin, TYPE, "data/orders", None).await?;
    ensure!(by_id.diagnostics.is_empty(), "{:?}", by_id.diagnostics);
    assert_eq!(by_identity, by_id);
    let imported = by_id.imported_resources.first().context("one resource")?;
    let block = Deployment::block();
    let state = unpacked(&block, imported.state.as_ref())?;
    assert_eq!(state.member("job").member("parallelism"), &2.into());
    assert_eq!(state.member("ready"), &true.into());

    let before = server.requests().len();
    let refreshed = read(&plugin, imported).await?;
    assert_eq!(unpacked(&block, refreshed.new_state.as_ref())?, state);
    assert_eq!(server.requests()[before..], [format!("GET {ORDERS}")]);
    Ok(())
}

/// That a former object of the name was ready says nothing about the one that stands there now.
#[tokio::test]
async fn an_object_that_was_created_anew_is_judged_for_itself() -> Result<()> {
    let found_once = std::sync::atomic::AtomicBool::new(true);
    let server = Scripted::start(move |_, path| match path {
        ORDERS if found_once.swap(false, std::sync::atomic::Ordering::SeqCst) => (200, live()),
        ORDERS => {
            let mut anew = live();
            anew["metadata"]["uid"] = json!("u-2");
            anew["status"]["lifecycleState"] = json!("DEPLOYED");
            anew["status"]["jobStatus"]["state"] = json!("RECONCILING");
            (200, anew)
        }
        _ => (404, Json::Null),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let imported = import(&plugin, TYPE, "data/orders", None).await?;
    let imported = imported.imported_resources.first().context("one resource")?;
    let block = Deployment::block();
    assert_eq!(unpacked(&block, imported.state.as_ref())?.member("ready"), &true.into());
    let answer = read(&plugin, imported).await?;
    let said: Vec<_> = answer.diagnostics.iter().map(|said| said.summary.as_str()).collect();
    assert_eq!(said, ["Deployment was created anew"]);
    let state = unpacked(&block, answer.new_state.as_ref())?;
    assert_eq!(
        (state.member("ready"), state.member("job_state")),
        (&false.into(), &"RECONCILING".into())
    );
    Ok(())
}

/// "Gone" is said of an answer that names the object, in the namespace that was written to, and of nothing else.
#[tokio::test]
async fn only_an_answer_about_the_object_says_that_it_is_gone() -> Result<()> {
    let namespace = |uid: &str| {
        (
            200,
            json!({"kind": "Namespace", "metadata": {"name": "data", "uid": uid}}),
        )
    };
    for (what, answer, namespace, gone) in [
        (
            "the object is gone",
            not_found("flink.apache.org", "flinkdeployments", "orders"),
            namespace("n-1"),
            true,
        ),
        (
            "another cluster",
            not_found("flink.apache.org", "flinkdeployments", "orders"),
            namespace("n-2"),
            false,
        ),
        (
            "a 404 of something in between",
            (404, json!("404 page not found")),
            namespace("n-1"),
            false,
        ),
        (
            "no definitions",
            (
                404,
                json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "details": {},
                         "message": "the server could not find the requested resource"}),
            ),
            namespace("n-1"),
            false,
        ),
        (
            "forbidden",
            (
                403,
                json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403}),
            ),
            namespace("n-1"),
            false,
        ),
    ] {
        let first = std::sync::atomic::AtomicBool::new(true);
        let found_once = std::sync::atomic::AtomicBool::new(true);
        let server = Scripted::start(move |_, path| match path {
            ORDERS if found_once.swap(false, std::sync::atomic::Ordering::SeqCst) => (200, live()),
            ORDERS => answer.clone(),
            "/api/v1/namespaces/data" if first.swap(false, std::sync::atomic::Ordering::SeqCst) => (
                200,
                json!({"kind": "Namespace", "metadata": {"name": "data", "uid": "n-1"}}),
            ),
            "/api/v1/namespaces/data" => namespace.clone(),
            _ => (404, Json::Null),
        })
        .await?;
        let plugin = provider(server.url().as_str().into()).await?;
        let imported = import(&plugin, TYPE, "data/orders", None).await?;
        let imported = imported.imported_resources.first().context("one resource")?;
        let answer = read(&plugin, imported).await?;
        if gone {
            ensure!(answer.diagnostics.is_empty(), "{what}: {:?}", answer.diagnostics);
            assert!(
                unpacked(&Deployment::block(), answer.new_state.as_ref())?.is_null(),
                "{what}"
            );
        } else {
            assert_eq!(answer.diagnostics.len(), 1, "{what}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_log_line_and_no_error_holds_the_token() -> Result<()> {
    let server = Scripted::start(|_, _| {
        (
            401,
            json!({"kind": "Status", "status": "Failure", "reason": "Unauthorized", "code": 401}),
        )
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let answer = import(&plugin, TYPE, "data/orders", None).await?;
    let error = answer.diagnostics.first().context("it is refused")?;
    assert!(!format!("{} {}", error.summary, error.detail).contains(TOKEN));
    ensure!(!plugin.stderr().is_empty(), "something was logged at TRACE");
    assert!(!plugin.stderr().iter().any(|line| line.contains(TOKEN)));
    Ok(())
}
