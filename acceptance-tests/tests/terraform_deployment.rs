//! The life of a `flink_deployment` under the real Terraform, against a real API server. Statuses are the stand-in's,
//! or a real operator's where `FLINK_ACC_KUBECONFIG` names a cluster.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, SESSION, STATEFUL, with};
use acceptance_tests::terraform::Diagnostic;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const ORDERS: &str = "flink_deployment.orders";

async fn state(case: &Case, address: &str) -> Result<Value> {
    case.workspace
        .state(address)
        .await?
        .with_context(|| format!("{address} is not in state"))
}

async fn object(case: &Case, name: &str) -> Result<Value> {
    case.deployment(name)
        .await?
        .with_context(|| format!("there is no deployment {name}"))
}

/// What others than the operator have a say in. The operator reports at any time, the size of a job's state for one, and
/// each report is another resource version.
fn without_reports(object: &Value) -> Value {
    let mut object = object.clone();
    let removed = object.as_object_mut().and_then(|object| object.remove("status"));
    assert!(removed.is_some(), "an object with a status: {object}");
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    if let Some(managers) = object["metadata"]["managedFields"].as_array_mut() {
        managers.retain(|manager| manager["subresource"] != "status");
    }
    object
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_from_create_to_destroy() -> Result<()> {
    let case = Case::new("application", Jobs::StatusOnly, APPLICATION).await?;

    let plan = case.workspace.planned(ORDERS).await?;
    assert_eq!(plan.actions, ["create"]);
    assert_eq!(
        plan.after["namespace"],
        case.namespace(),
        "the provider's namespace is known in the plan"
    );
    assert_eq!(plan.after_unknown["job_id"], true);

    case.workspace.apply(&[]).await?.expect_success()?;
    let created = state(&case, ORDERS).await?;
    let live = object(&case, "orders").await?;
    assert_eq!(created["id"], format!("{}/orders", case.namespace()));
    assert_eq!(created["uid"], live["metadata"]["uid"]);
    assert_eq!(created["job_state"], "RUNNING");
    assert_eq!(created["lifecycle_state"], "STABLE");
    assert_eq!(created["job_manager_status"], "READY");
    assert_eq!(created["ready"], true);
    assert_eq!(created["tainted"], false);
    assert!(
        created["rest_service"]
            .as_str()
            .is_some_and(|service| service.starts_with("orders-rest")),
        "{created}"
    );
    assert_eq!(created["job_id"], live["status"]["jobStatus"]["jobId"]);
    assert_eq!(live["spec"]["jobManager"]["resource"]["cpu"], json!(0.1));
    assert!(
        live["spec"]["job"].get("state").is_none(),
        "what the user did not set is not written"
    );
    case.workspace.expect_no_changes().await?;

    case.workspace.destroy().await?.expect_success()?;
    assert!(case.deployment("orders").await?.is_none());
    assert!(case.workspace.state(ORDERS).await?.is_none());
    Ok(())
}

/// One update of each class: what restarts the job gives it a new id, what does not leaves it alone.
#[tokio::test(flavor = "multi_thread")]
async fn updates_of_each_class() -> Result<()> {
    let case = Case::new("updates", Jobs::StatusOnly, STATEFUL).await?;
    case.workspace.apply(&[]).await?.expect_success()?;

    let image = (
        "image             = \"flink:1.20\"",
        "image             = \"flink:1.20.5\"",
    );
    let labels = ("  flink_version ", "  labels = { team = \"data\" }\n  flink_version ");
    let timeouts = ("  job {", "  timeouts {\n    update = \"20m\"\n  }\n\n  job {");
    let operator_option = (
        "\"taskmanager.numberOfTaskSlots\"    = \"2\"",
        "\"taskmanager.numberOfTaskSlots\"    = \"2\"\n    \"kubernetes.operator.savepoint.history.max.count\" = \"5\"",
    );
    let parallelism = ("parallelism  = 1", "parallelism  = 2");
    let redeploy = (
        "upgrade_mode = \"savepoint\"",
        "upgrade_mode = \"savepoint\"\n    initial_savepoint_path = \"file:///flink-data/savepoints/nightly\"\n    \
         savepoint_redeploy_nonce = 1",
    );
    let mut configuration = STATEFUL.to_owned();
    for (class, change, written, restarts) in [
        ("local: a timeout", timeouts, false, false),
        ("metadata: a label", labels, true, false),
        ("ignored: an option of the operator", operator_option, true, false),
        ("scaled: the parallelism, native, so a restart", parallelism, true, true),
        ("restart: the image", image, true, true),
        ("redeploy: from a given savepoint", redeploy, true, true),
    ] {
        // A real operator would look for that savepoint, and pull that image.
        if !case.sandbox().is_own() && (class.starts_with("redeploy") || class.starts_with("restart")) {
            continue;
        }
        let before = (state(&case, ORDERS).await?, object(&case, "orders").await?);
        configuration = with(&configuration, &[change]);
        case.configure(&configuration)?;
        let plan = case.workspace.planned(ORDERS).await.with_context(|| class.to_owned())?;
        assert_eq!(plan.actions, ["update"], "{class}");
        assert_eq!(
            plan.after_unknown["job_id"] == true,
            restarts,
            "{class}: {:?}",
            plan.after_unknown
        );
        case.apply(&configuration).await.with_context(|| class.to_owned())?;
        let after = (state(&case, ORDERS).await?, object(&case, "orders").await?);
        assert_eq!(before.0["uid"], after.0["uid"], "{class}: in place");
        assert_eq!(after.0["ready"], true, "{class}");
        assert_eq!(after.0["job_state"], "RUNNING", "{class}");
        assert_eq!(before.0["job_id"] != after.0["job_id"], restarts, "{class}");
        let changed = without_reports(&before.1) != without_reports(&after.1);
        assert_eq!(changed, written, "{class}: was written");
    }
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_and_resumed() -> Result<()> {
    let case = Case::new("suspend", Jobs::StatusOnly, STATEFUL).await?;
    case.workspace.apply(&[]).await?.expect_success()?;

    let suspended = with(
        STATEFUL,
        &[("parallelism  = 1", "parallelism  = 1\n    state        = \"suspended\"")],
    );
    case.apply(&suspended).await?;
    let state_of = state(&case, ORDERS).await?;
    assert_eq!(state_of["lifecycle_state"], "SUSPENDED");
    assert_eq!(state_of["ready"], true, "suspended is what was asked for");
    let live = object(&case, "orders").await?;
    assert!(
        live["status"]["jobStatus"]["upgradeSavepointPath"].is_string(),
        "{live}"
    );

    case.apply(STATEFUL).await?;
    assert_eq!(state(&case, ORDERS).await?["job_state"], "RUNNING");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// The operator never gives an object that was created suspended a status.
#[tokio::test(flavor = "multi_thread")]
async fn created_suspended_then_started() -> Result<()> {
    let suspended = with(
        APPLICATION,
        &[("parallelism = 1", "parallelism = 1\n    state       = \"suspended\"")],
    );
    let case = Case::new("suspended-first", Jobs::StatusOnly, &suspended).await?;
    case.apply(&suspended).await?;
    let created = state(&case, ORDERS).await?;
    assert_eq!((&created["ready"], &created["job_state"]), (&json!(true), &Value::Null));
    case.apply(APPLICATION).await?;
    assert_eq!(state(&case, ORDERS).await?["job_state"], "RUNNING");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn session_clusters_native_and_standalone() -> Result<()> {
    let case = Case::new("session", Jobs::StatusOnly, SESSION).await?;
    case.apply(SESSION).await?;
    let session = state(&case, "flink_deployment.session").await?;
    assert_eq!(
        (&session["ready"], &session["job_manager_status"]),
        (&json!(true), &json!("READY"))
    );
    assert!(object(&case, "session").await?["spec"].get("job").is_none());
    case.workspace.destroy().await?.expect_success()?;

    let standalone = with(
        SESSION,
        &[
            (
                "flink_version     = \"v1_20\"",
                "flink_version     = \"v1_20\"\n  mode              = \"standalone\"",
            ),
            ("task_manager {", "task_manager {\n    replicas = 2\n"),
        ],
    );
    case.apply(&standalone).await?;
    case.apply(&with(&standalone, &[("replicas = 2", "replicas = 3")]))
        .await?;
    assert_eq!(object(&case, "session").await?["spec"]["taskManager"]["replicas"], 3);

    // A job that wants more is planned with a warning, by the number that is planned.
    let job = "\nresource \"flink_session_job\" \"big\" {\n  name            = \"big\"\n  deployment_name = \
               flink_deployment.session.name\n  job {\n    jar_uri     = \"https://repo.example.com/a.jar\"\n    parallelism = \
               3\n  }\n}\n";
    for (replicas, warnings) in [("replicas = 2", 1), ("replicas = 3", 0)] {
        let cluster = with(&standalone, &[("replicas = 2", replicas)]);
        case.configure(&format!("{cluster}{job}"))?;
        let planned = case.workspace.plan(&[]).await?.expect_success()?;
        let slots = |warning: &&Diagnostic| warning.summary == "Not enough slots on the session cluster";
        assert_eq!(planned.warnings().filter(slots).count(), warnings, "{replicas}");
    }

    // An autoscaler of Kubernetes decides instead: what it writes is no difference, and stays when something else changes.
    let ignored = "\n  lifecycle {\n    ignore_changes = [task_manager.replicas]\n  }\n\n  task_manager {";
    let left_alone = with(
        &standalone,
        &[("task_manager {", ignored), ("replicas = 2", "replicas = 3")],
    );
    case.apply(&left_alone).await?;
    let scaled = json!({"spec": {"taskManager": {"replicas": 5}}});
    case.edit("session", scaled).await?;
    case.workspace.expect_no_changes().await?;
    let labelled = with(
        &left_alone,
        &[(
            "service_account ",
            "labels            = { team = \"data\" }\n  service_account ",
        )],
    );
    case.apply(&labelled).await?;
    let live = object(&case, "session").await?;
    assert_eq!(
        (
            &live["spec"]["taskManager"]["replicas"],
            &live["metadata"]["labels"]["team"]
        ),
        (&json!(5), &json!("data"))
    );
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_change_in_place_is_replaced() -> Result<()> {
    let case = Case::new("replace", Jobs::StatusOnly, SESSION).await?;
    case.apply(SESSION).await?;
    let uid = state(&case, "flink_deployment.session").await?["uid"].clone();

    let spelled_out = with(SESSION, &[("\"v1_20\"", "\"v1_20\"\n  mode              = \"native\"")]);
    case.configure(&spelled_out)?;
    // Terraform wants a configured value in the plan, so this is an update; nothing is replaced.
    let plan = case.workspace.planned("flink_deployment.session").await?;
    assert_eq!(
        plan.actions,
        ["update"],
        "null means native: spelling it out replaces nothing"
    );
    assert_ne!(plan.after_unknown["lifecycle_state"], true, "and restarts nothing");
    let generation = object(&case, "session").await?["metadata"]["generation"].clone();
    case.apply(&spelled_out).await?;
    assert_eq!(state(&case, "flink_deployment.session").await?["uid"], uid);
    let after = object(&case, "session").await?["metadata"]["generation"].clone();
    assert_eq!(
        after, generation,
        "the operator restarts for its own default: it is not sent"
    );

    let standalone = with(
        SESSION,
        &[("\"v1_20\"", "\"v1_20\"\n  mode              = \"standalone\"")],
    );
    case.configure(&standalone)?;
    assert_eq!(
        case.workspace.planned("flink_deployment.session").await?.actions,
        ["delete", "create"]
    );
    case.apply(&standalone).await?;
    assert_ne!(state(&case, "flink_deployment.session").await?["uid"], uid);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_shown_and_repaired_and_what_others_add_is_not_drift() -> Result<()> {
    let case = Case::new("drift", Jobs::StatusOnly, APPLICATION).await?;
    case.apply(APPLICATION).await?;

    case.edit(
        "orders",
        json!({"metadata": {"labels": {"team": "other"}, "annotations": {"note": "by hand"}}}),
    )
    .await?;
    case.workspace.expect_no_changes().await.context("labels of others")?;
    case.edit(
        "orders",
        json!({"spec": {"jobManager": {"resource": {"memory": "1g"}}}}),
    )
    .await?;
    case.workspace
        .expect_no_changes()
        .await
        .context("the same amount of memory, spelled differently")?;

    case.edit("orders", json!({"spec": {"job": {"parallelism": 3}}}))
        .await?;
    let plan = case.workspace.planned(ORDERS).await?;
    assert_eq!(plan.actions, ["update"]);
    assert_eq!(plan.before["job"]["parallelism"], 3);
    assert_eq!(plan.after["job"]["parallelism"], 1);
    case.apply(APPLICATION).await?;
    let live = object(&case, "orders").await?;
    assert_eq!(live["spec"]["job"]["parallelism"], 1);
    assert_eq!(live["metadata"]["labels"]["team"], "other", "what others set stays");

    case.deployments().await?.delete("orders", &Default::default()).await?;
    for _ in 0..100 {
        if case.deployment("orders").await?.is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert_eq!(
        case.workspace.planned(ORDERS).await?.actions,
        ["create"],
        "what is gone is created again"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_by_id_and_by_import_block_without_a_change() -> Result<()> {
    let case = Case::new("import", Jobs::StatusOnly, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    let before = object(&case, "orders").await?;
    let id = format!("{}/orders", case.namespace());

    case.workspace.run(&["state", "rm", ORDERS]).await?.expect_success()?;
    case.workspace
        .run(&["import", "-input=false", ORDERS, &id])
        .await?
        .expect_success()?;
    case.workspace
        .expect_no_changes()
        .await
        .context("after terraform import")?;

    case.workspace.run(&["state", "rm", ORDERS]).await?.expect_success()?;
    case.configure(&format!("import {{\n  to = {ORDERS}\n  id = \"{id}\"\n}}\n{STATEFUL}"))?;
    assert_eq!(case.workspace.planned(ORDERS).await?.actions, ["no-op"]);
    case.workspace.apply(&[]).await?.expect_success()?;
    let after = object(&case, "orders").await?;
    assert_eq!(without_reports(&before), without_reports(&after), "nothing was written");

    // Where there is no configuration, Terraform writes one that means the same. Newer ones look for `hashicorp/flink` then,
    // unless the block names the provider.
    case.workspace.run(&["state", "rm", ORDERS]).await?.expect_success()?;
    case.configure(&format!(
        "import {{\n  to       = {ORDERS}\n  id       = \"{id}\"\n  provider = flink\n}}\n"
    ))?;
    let generated = ["plan", "-input=false", "-no-color", "-generate-config-out=generated.tf"];
    let planned = case.workspace.run(&generated).await?.expect_success()?;
    let nothing_else = "1 to import, 0 to add, 0 to change, 0 to destroy";
    ensure!(planned.stdout.contains(nothing_else), "{}", planned.stdout);
    // Beside the resource the block must not name it any more.
    case.configure(&format!("import {{\n  to = {ORDERS}\n  id = \"{id}\"\n}}\n"))?;
    case.workspace.apply(&[]).await?.expect_success()?;
    case.workspace
        .expect_no_changes()
        .await
        .context("with the configuration that was generated")?;
    std::fs::remove_file(case.workspace.path().join("generated.tf"))?;

    for (wrong, reason) in [
        ("orders", "namespace/name"),
        (&*format!("{}/nobody", case.namespace()), "nobody"),
    ] {
        case.workspace.run(&["state", "rm", ORDERS]).await?;
        case.configure(STATEFUL)?;
        let outcome = case
            .workspace
            .run(&["import", "-input=false", "-no-color", ORDERS, wrong])
            .await?;
        ensure!(
            !outcome.success && outcome.stderr.contains(reason),
            "{wrong}: {}",
            outcome.stderr
        );
    }
    Ok(())
}

/// An object written by others is taken over on the first write after its import: what leaves the configuration leaves
/// the object.
#[tokio::test(flavor = "multi_thread")]
async fn an_imported_object_is_taken_over() -> Result<()> {
    let case = Case::new("takeover", Jobs::StatusOnly, APPLICATION).await?;
    let object_of_others = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "orders"},
        "spec": {
            "image": "flink:1.20", "imagePullPolicy": "IfNotPresent", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2", "rest.flamegraph.enabled": "true"},
            "jobManager": {"resource": {"cpu": 0.1, "memory": "1024m"}},
            "taskManager": {"resource": {"cpu": 0.1, "memory": "1024m"}},
            "job": {"jarURI": "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar", "parallelism": 1},
        },
    });
    let created = serde_json::from_value(object_of_others)?;
    let params = kube::api::PostParams {
        field_manager: Some("kubectl-create".into()),
        ..Default::default()
    };
    case.deployments().await?.create(&params, &created).await?;

    let exists = case.workspace.apply(&[]).await?;
    let error = exists.expect_one_error()?;
    assert!(
        error.detail.contains("import {"),
        "the import block to write is in the message: {}",
        error.detail
    );
    assert!(
        case.workspace.state(ORDERS).await?.is_none(),
        "what was there before is not ours"
    );

    let id = format!("{}/orders", case.namespace());
    case.workspace
        .run(&["import", "-input=false", ORDERS, &id])
        .await?
        .expect_success()?;
    let plan = case.workspace.planned(ORDERS).await?;
    assert_eq!(
        plan.before["flink_configuration"]["rest.flamegraph.enabled"], "true",
        "an import takes everything"
    );
    case.apply(APPLICATION).await?;
    let configuration = object(&case, "orders").await?["spec"]["flinkConfiguration"].clone();
    assert_eq!(configuration, json!({"taskmanager.numberOfTaskSlots": "2"}));
    Ok(())
}
