//! Actions and lists over the provider's socket: what they ask the API server, and what they refuse.

use acceptance_tests::direct::{Direct, Wanted};
use terraform_provider_flink::actions::flink_reset_autoscaler::ResetAutoscaler;
use terraform_provider_flink::actions::flink_restart::Restart;
use terraform_provider_flink::actions::flink_take_savepoint::TakeSavepoint;
use terraform_provider_flink::list_resources::jobs::DeploymentQuery;

use super::*;

async fn direct(server: &Scripted) -> Result<Direct> {
    Direct::configured(&[
        ("host", server.url().as_str().into()),
        ("token", TOKEN.into()),
        ("namespace", "data".into()),
    ])
    .await
}

/// The old cores ask for neither, and must find nothing in the answers that they do not know.
#[tokio::test]
async fn actions_and_lists_are_in_the_schema_and_in_the_metadata() -> Result<()> {
    let plugin = Launch::new(provider_binary().await?).start().await?;
    let metadata = plugin
        .provider()
        .get_metadata(pb::get_metadata::Request {})
        .await?
        .into_inner();
    let actions: Vec<_> = metadata.actions.iter().map(|one| one.type_name.as_str()).collect();
    assert_eq!(
        actions,
        [
            "flink_reset_autoscaler",
            "flink_restart",
            "flink_take_checkpoint",
            "flink_take_savepoint"
        ]
    );
    let lists: Vec<_> = metadata
        .list_resources
        .iter()
        .map(|one| one.type_name.as_str())
        .collect();
    assert_eq!(lists, ["flink_deployment", "flink_savepoint", "flink_session_job"]);
    let schema = plugin
        .provider()
        .get_schema(pb::get_provider_schema::Request {})
        .await?
        .into_inner();
    ensure!(schema.diagnostics.is_empty(), "{:?}", schema.diagnostics);
    for name in actions {
        ensure!(schema.action_schemas.contains_key(name), "{name}");
    }
    for name in lists {
        ensure!(schema.list_resource_schemas.contains_key(name), "{name}");
        ensure!(schema.resource_schemas.contains_key(name), "{name}");
    }
    Ok(())
}

/// A list asks for no more than is wanted, and for one page where that is enough.
#[tokio::test]
async fn a_list_costs_one_request_a_page() -> Result<()> {
    let server = Scripted::start(|_, path| {
        assert_eq!(path, ORDERS.trim_end_matches("/orders"));
        let items: Vec<Json> = ["a", "b"].map(with_name).into();
        (200, json!({"metadata": {"continue": "more"}, "items": items}))
    })
    .await?;
    let provider = direct(&server).await?;
    let wanted = Wanted {
        limit: 3,
        objects: true,
        ..Wanted::default()
    };
    let found = provider.list::<DeploymentQuery, Identity, Deployment>(wanted).await?;
    let names: Vec<_> = found.iter().map(|one| one.display_name.as_str()).collect();
    assert_eq!(names, ["data/a", "data/b", "data/a"]);
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
    Ok(())
}

fn with_name(name: &str) -> Json {
    let mut object = live();
    object["metadata"]["name"] = name.into();
    object
}

/// A job without high availability, whose last checkpoint a restart would drop.
#[tokio::test]
async fn a_restart_that_loses_state_is_refused_before_anything_is_written() -> Result<()> {
    let server = Scripted::start(|method, path| match (method, path) {
        ("GET", ORDERS) => (200, live()),
        ("GET", path) if path.ends_with("/proxy/jobs/e5b1/checkpoints") => (
            200,
            json!({"latest": {"completed": {"id": 7, "trigger_timestamp": 1_760_000_000_000_i64,
                                            "external_path": "s3://flink/chk-7"}}}),
        ),
        _ => (404, Json::Null),
    })
    .await?;
    let provider = direct(&server).await?;
    let refused = provider
        .invoke::<Restart>(&[("deployment_name", "orders".into())])
        .await?;
    let text = refused.problems.join("\n");
    for words in [
        "State of the job would be lost",
        "last checkpoint of 2025-10-09T",
        "`allow_state_loss = true`",
    ] {
        ensure!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(server.writes(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_autoscaler_that_is_switched_off_is_not_reset() -> Result<()> {
    let server = Scripted::start(|_, path| {
        let mut object = live();
        object["spec"]["flinkConfiguration"] = json!({"job.autoscaler.enabled": "false"});
        if path == ORDERS {
            (200, object)
        } else {
            (404, Json::Null)
        }
    })
    .await?;
    let provider = direct(&server).await?;
    let refused = provider
        .invoke::<ResetAutoscaler>(&[("deployment_name", "orders".into())])
        .await?;
    ensure!(
        refused.problems.join("\n").contains("Autoscaler is switched off"),
        "{refused:?}"
    );
    assert_eq!(server.requests(), [format!("GET {ORDERS}")]);
    Ok(())
}

/// Jobs on a session cluster lose their state with it: they are named, and nothing is written.
#[tokio::test]
async fn a_session_cluster_with_stateful_jobs_is_not_recreated_unasked() -> Result<()> {
    let jobs = ORDERS.replace("flinkdeployments/orders", "flinksessionjobs");
    let server = Scripted::start(move |method, path| {
        let mut cluster = live();
        cluster["spec"]["job"] = Json::Null;
        let job = json!({
            "metadata": {"name": "hourly", "namespace": "data", "uid": "u-2"},
            "spec": {"deploymentName": "orders", "job": {"upgradeMode": "savepoint"}},
        });
        match (method, path) {
            ("GET", ORDERS) => (200, cluster),
            ("GET", path) if path == jobs => (200, json!({"metadata": {}, "items": [job]})),
            _ => (404, Json::Null),
        }
    })
    .await?;
    let provider = direct(&server).await?;
    let refused = provider
        .invoke::<Restart>(&[("deployment_name", "orders".into())])
        .await?;
    let text = refused.problems.join("\n");
    ensure!(text.contains("lose their state") && text.contains("`hourly`"), "{text}");
    assert_eq!(server.writes(), Vec::<String>::new());
    Ok(())
}

/// Where the operator has no snapshots, the JobManager is asked itself, once; so it is for the resource.
#[tokio::test]
async fn without_snapshot_objects_the_job_manager_takes_the_savepoint() -> Result<()> {
    let asked = std::sync::atomic::AtomicBool::new(false);
    let server = Scripted::start(move |method, path| {
        let proxy = "/proxy/jobs/e5b1/savepoints";
        let was_asked = || asked.load(std::sync::atomic::Ordering::Relaxed);
        match (method, path) {
            ("GET", ORDERS) => (200, live()),
            ("GET", path) if path.ends_with("/proxy/jobs/overview") => {
                let tasks = json!({"total": 1, "running": 1});
                (200, json!({"jobs": [{"jid": "e5b1", "name": "orders", "state": "RUNNING", "start-time": 1, "tasks": tasks}]}))
            }
            ("POST", path) if path.ends_with(proxy) => {
                asked.store(true, std::sync::atomic::Ordering::Relaxed);
                (202, json!({"request-id": "0123456789abcdef0123456789abcdef"}))
            }
            ("GET", path) if path.contains(proxy) && was_asked() => (
                200,
                json!({"status": {"id": "COMPLETED"}, "operation": {"location": "s3://flink/savepoint-1"}}),
            ),
            ("GET", path) if path.contains(proxy) => (404, json!({"errors": ["There is no savepoint operation with triggerId"]})),
            ("GET", path) if path.contains("/flinkstatesnapshots/") => (
                404,
                json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "details": {},
                       "message": "the server could not find the requested resource"}),
            ),
            _ => (404, Json::Null),
        }
    })
    .await?;
    let provider = direct(&server).await?;
    let taken = provider
        .invoke::<TakeSavepoint>(&[("deployment_name", "orders".into())])
        .await?;
    ensure!(taken.problems.is_empty(), "{taken:?} {:?}", server.requests());
    let told = taken.told.last().context("something is told")?;
    ensure!(told.ends_with(" is complete: s3://flink/savepoint-1"), "{told}");
    let writes = server.writes();
    ensure!(writes.len() == 1 && writes[0].starts_with("POST "), "{writes:?}");
    Ok(())
}
