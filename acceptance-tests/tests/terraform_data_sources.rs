//! Data sources through real Terraform: each read from a real Flink, each of their examples, and what is said where there
//! is nothing to read.

use std::path::Path;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, STATEFUL, with};
use acceptance_tests::terraform::{Outcome, Workspace};
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One of each, beside the deployment that they read.
const EACH: &str = r#"
data "flink_operator" "it" {}

data "flink_deployment" "it" {
  name       = flink_deployment.orders.name
  depends_on = [flink_deployment.orders]
}

data "flink_deployments" "all" {
  depends_on = [flink_deployment.orders]
}

data "flink_cluster" "it" {
  deployment_name = flink_deployment.orders.name
  depends_on      = [flink_deployment.orders]
}

data "flink_jobs" "all" {
  deployment_name = flink_deployment.orders.name
  depends_on      = [flink_deployment.orders]
}

# Known only when the job runs: that is reason enough to wait.
data "flink_job" "it" {
  deployment_name = flink_deployment.orders.name
  job_id          = flink_deployment.orders.job_id
}

data "flink_checkpoints" "it" {
  deployment_name = flink_deployment.orders.name
  depends_on      = [flink_deployment.orders]
}
"#;

const DATA: [&str; 6] = [
    "data.flink_checkpoints.it",
    "data.flink_cluster.it",
    "data.flink_deployment.it",
    "data.flink_deployments.all",
    "data.flink_job.it",
    "data.flink_jobs.all",
];

async fn read(workspace: &Workspace, address: &str) -> Result<Value> {
    let state = workspace.state(address).await?;
    state.with_context(|| format!("{address} is not in state"))
}

fn said(outcome: &Outcome) -> Result<String> {
    let error = outcome.expect_one_error()?;
    // Terraform breaks the lines of a precondition's message.
    let text = format!("{}: {}", error.summary, error.detail);
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_data_source_reads_a_real_flink() -> Result<()> {
    let configuration = format!("{STATEFUL}{EACH}");
    let case = Case::new("looking", Jobs::Real, &configuration).await?;
    case.workspace.plan(&[]).await?.expect_success()?;
    let planned = case.workspace.changes().await?;
    for address in DATA {
        let change = planned
            .get(address)
            .with_context(|| format!("{address} is not planned"))?;
        assert_eq!(change.actions, ["read"], "{address} waits for what it reads");
    }

    case.workspace.apply(&[]).await?.expect_success()?;
    let orders = read(&case.workspace, "flink_deployment.orders").await?;
    let deployment = read(&case.workspace, "data.flink_deployment.it").await?;
    assert_eq!(deployment["job_state"], "RUNNING", "{deployment}");
    for same in ["namespace", "uid", "job_id", "rest_service", "image", "flink_version"] {
        assert_eq!(deployment[same], orders[same], "{same}");
    }
    assert_eq!(deployment["effective_parallelism"], 1);
    assert_eq!(
        (&deployment["error"], &deployment["mode"]),
        (&Value::Null, &json!("native"))
    );
    assert_eq!(deployment["job"]["upgrade_mode"], "savepoint");
    assert_eq!(deployment["flink_configuration"]["taskmanager.numberOfTaskSlots"], "2");

    let all = read(&case.workspace, "data.flink_deployments.all").await?;
    let listed = &all["deployments"];
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(
        (&listed[0]["name"], &listed[0]["session_cluster"]),
        (&json!("orders"), &json!(false))
    );
    assert_eq!(listed[0]["job_id"], orders["job_id"]);

    let cluster = read(&case.workspace, "data.flink_cluster.it").await?;
    assert!(
        cluster["flink_version"]
            .as_str()
            .is_some_and(|version| version.starts_with("1.")),
        "{cluster}"
    );
    let numbers = ["taskmanagers", "slots_total", "slots_available", "jobs_running"].map(|name| cluster[name].as_i64());
    assert_eq!(numbers, [Some(1), Some(2), Some(1), Some(1)]);
    assert_eq!(cluster["task_manager_slots"][0]["slots_number"], 2);
    assert_eq!(cluster["task_manager_slots"][0]["free_slots"], 1);
    assert_eq!(cluster["configuration"]["taskmanager.numberOfTaskSlots"], "2");
    assert_eq!(cluster["namespace"], case.namespace());

    let jobs = read(&case.workspace, "data.flink_jobs.all").await?;
    assert_eq!(jobs["jobs"][0]["job_id"], orders["job_id"]);
    assert_eq!(
        (&jobs["jobs"][0]["state"], &jobs["jobs"][0]["end_time"]),
        (&json!("RUNNING"), &Value::Null)
    );

    let job = read(&case.workspace, "data.flink_job.it").await?;
    assert_eq!((&job["state"], &job["parallelism"]), (&json!("RUNNING"), &json!(1)));
    assert_eq!(job["job_name"], jobs["jobs"][0]["name"]);
    assert!(
        job["vertices"].as_array().is_some_and(|vertices| !vertices.is_empty()),
        "{job}"
    );
    assert_eq!(job["exceptions"], json!([]));
    assert_eq!(job["checkpoint_config"]["interval"], 2000);

    let checkpoints = read(&case.workspace, "data.flink_checkpoints.it").await?;
    assert_eq!(
        checkpoints["latest_restored"],
        Value::Null,
        "a new job begins with nothing"
    );
    assert_eq!(checkpoints["job_id"], orders["job_id"]);

    let operator = read(&case.workspace, "data.flink_operator.it").await?;
    let flags = ["installed", "session_jobs"].map(|name| operator[name].as_bool());
    assert_eq!(flags, [Some(true), Some(true)], "{operator}");
    let resources = operator["custom_resources"].as_array().context("a list")?;
    let found = resources
        .iter()
        .find(|one| one["kind"] == "FlinkDeployment")
        .context("FlinkDeployment")?;
    assert_eq!(
        (&found["plural"], &found["version"]),
        (&json!("flinkdeployments"), &json!("v1beta1"))
    );
    assert!(
        found["verbs"]
            .as_array()
            .is_some_and(|verbs| verbs.contains(&json!("patch"))),
        "{found}"
    );

    let before = generation(&case).await?;
    examples(&case, &jobs["jobs"][0]["name"]).await?;
    free_slots(&case).await?;
    nothing_there(&case).await?;
    assert_eq!(generation(&case).await?, before, "reading changes nothing");

    // After an upgrade, what the job was restored from is the savepoint of the upgrade.
    let upgraded = with(&configuration, &[("parallelism  = 1", "parallelism  = 2")]);
    case.configure(&upgraded)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    let deployment = read(&case.workspace, "data.flink_deployment.it").await?;
    assert_eq!(deployment["effective_parallelism"], 2);
    let cluster = read(&case.workspace, "data.flink_cluster.it").await?;
    assert_eq!(cluster["slots_available"], 0);
    let restored = &read(&case.workspace, "data.flink_checkpoints.it").await?["latest_restored"];
    assert_eq!(restored["is_savepoint"], true, "{restored}");
    let path = restored["external_path"].as_str().unwrap_or_default();
    assert!(path.contains("/savepoints/savepoint-"), "{restored}");

    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

async fn generation(case: &Case) -> Result<Value> {
    let object = case.deployment("orders").await?.context("orders is there")?;
    Ok(object["metadata"]["generation"].clone())
}

/// Every example of the reference, with other names, reads the same cluster. The one at a URL goes the way of the service
/// proxy, too, with its certificates and below a path.
async fn examples(case: &Case, job_name: &Value) -> Result<()> {
    let kubeconfig = std::fs::read_to_string(case.sandbox().kubeconfig())?;
    let kubeconfig: Value = serde_saphyr::from_str(&kubeconfig)?;
    let cluster = &kubeconfig["clusters"][0]["cluster"];
    let user = &kubeconfig["users"][0]["user"];
    let server = cluster["server"].as_str().context("a server")?;
    let proxy = format!(
        "{server}/api/v1/namespaces/{}/services/orders-rest:8081/proxy",
        case.namespace()
    );
    let Some(authority) = cluster["certificate-authority-data"].as_str() else {
        eprintln!("passed over: this kubeconfig holds no certificates");
        return Ok(());
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data-sources");
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let folder = entry?.path();
        // There is no session cluster here: `terraform_session_move.rs` reads it.
        if folder.ends_with("flink_session_job") {
            continue;
        }
        let edit = |text: &str| {
            text.replace("data-team-flink", case.namespace())
                .replace("\"shared-session\"", "\"orders\"")
                .replace("\"Clicks per minute\"", &job_name.to_string())
                .replace(
                    "\"https://flink.example.com\"",
                    &format!(
                        "\"{proxy}\"\n  ca_certificate = file(\"ca.pem\")\n  client_certificate = file(\"client.pem\")\n  \
                         client_key = file(\"key.pem\")"
                    ),
                )
        };
        let workspace = Workspace::of(&folder, edit).await?;
        workspace.write("provider.tf", &case.provider_block())?;
        workspace.write("terraform.tfvars", "flink_token = \"secret\"\n")?;
        let pems = [
            ("ca.pem", Some(authority)),
            ("client.pem", user["client-certificate-data"].as_str()),
            ("key.pem", user["client-key-data"].as_str()),
        ];
        for (file, data) in pems {
            let pem = STANDARD.decode(data.with_context(|| format!("{file} is in the kubeconfig"))?)?;
            workspace.write(file, &String::from_utf8(pem)?)?;
        }
        let applied = workspace.apply(&[]).await?.expect_success();
        let applied = applied.with_context(|| format!("{}", folder.display()))?;
        let warnings: Vec<_> = applied.warnings().map(|warning| &warning.detail).collect();
        ensure!(
            warnings.iter().all(|said| !said.contains("checkpoint")),
            "{}: {warnings:?}",
            folder.display()
        );
        count += 1;
    }
    assert_eq!(count, DATA.len() + 1, "one for each of the other data sources");
    Ok(())
}

/// A job whose parallelism exceeds the free slots is refused at plan.
async fn free_slots(case: &Case) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/free-slots");
    let workspace = Workspace::of(&folder, |text| text.replace("data-team-flink", case.namespace())).await?;
    workspace.write("override.tf", &case.provider_block())?;
    let variables = |parallelism: i64| {
        format!("cluster = \"orders\"\njob = {{\n  name        = \"clicks\"\n  parallelism = {parallelism}\n}}\n")
    };
    workspace.write("terraform.tfvars", &variables(1))?;
    workspace.plan(&[]).await?.expect_success()?;
    workspace.write("terraform.tfvars", &variables(4))?;
    let refused = said(&workspace.plan(&[]).await?)?;
    assert!(
        refused.contains("The job clicks needs 4 slots, and the cluster orders has 1 free ones of 2."),
        "{refused}"
    );
    Ok(())
}

/// What a JobManager, or the cluster, does not have.
async fn nothing_there(case: &Case) -> Result<()> {
    let id = "0123456789abcdef0123456789abcdef";
    let cases = [
        (
            "data \"flink_deployment\" \"it\" {\n  name = \"bills\"\n}".to_owned(),
            format!(
                "No such deployment: There is no FlinkDeployment `{}/bills`.",
                case.namespace()
            ),
        ),
        (
            "data \"flink_session_job\" \"it\" {\n  name = \"bills\"\n}".to_owned(),
            format!(
                "No such session job: There is no FlinkSessionJob `{}/bills`.",
                case.namespace()
            ),
        ),
        (
            "data \"flink_cluster\" \"it\" {\n  deployment_name = \"bills\"\n}".to_owned(),
            format!(
                "No such deployment: There is no FlinkDeployment `{}/bills`.",
                case.namespace()
            ),
        ),
        (
            format!("data \"flink_job\" \"it\" {{\n  deployment_name = \"orders\"\n  job_id = \"{id}\"\n}}"),
            format!("has no job `{id}`. It knows `"),
        ),
        (
            "data \"flink_checkpoints\" \"it\" {\n  deployment_name = \"orders\"\n  job_name = \"Bills\"\n}".to_owned(),
            "has no job named `Bills`.".to_owned(),
        ),
        (
            "data \"flink_cluster\" \"it\" {\n  job_manager_url = \"http://127.0.0.1:9\"\n}".to_owned(),
            "JobManager cannot be reached: The JobManager at http://127.0.0.1:9 cannot be reached:".to_owned(),
        ),
    ];
    for (configuration, words) in cases {
        let workspace = Workspace::new(&configuration).await?;
        workspace.write("provider.tf", &case.provider_block())?;
        let refused = said(&workspace.plan(&[]).await?)?;
        assert!(refused.contains(&words), "{refused}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_jobmanager_the_object_is_still_read() -> Result<()> {
    let case = Case::new("object", Jobs::StatusOnly, APPLICATION).await?;
    case.apply(APPLICATION).await?;
    let listed = r#"
data "flink_deployments" "none" {
  labels = { team = "nobody" }
}

data "flink_deployments" "elsewhere" {
  namespace = "no-such-namespace"
}

data "flink_deployment" "orders" {
  name = "orders"
}
"#;
    case.configure(&format!("{APPLICATION}{listed}"))?;
    case.be_administrator()?;
    case.workspace.apply(&[]).await?.expect_success()?;
    for none in ["none", "elsewhere"] {
        let found = read(&case.workspace, &format!("data.flink_deployments.{none}")).await?;
        assert_eq!(found["deployments"], json!([]), "an empty list is no error");
    }
    let orders = read(&case.workspace, "data.flink_deployment.orders").await?;
    assert_eq!(orders["lifecycle_state"], "STABLE", "{orders}");

    // The refused plan says what the API server knows, and where the mistake is.
    let cluster = "\ndata \"flink_cluster\" \"it\" {\n  deployment_name = \"orders\"\n}\n";
    case.configure(&format!("{APPLICATION}{cluster}"))?;
    let refused = said(&case.workspace.plan(&[]).await?)?;
    assert!(
        refused.contains("Cluster is not deployed") || refused.contains("JobManager does not answer"),
        "{refused}"
    );
    let elsewhere =
        "\ndata \"flink_deployment\" \"it\" {\n  name = \"orders\"\n  namespace = \"no-such-namespace\"\n}\n";
    case.configure(&format!("{APPLICATION}{elsewhere}"))?;
    let refused = said(&case.workspace.plan(&[]).await?)?;
    assert!(refused.contains("Namespace does not exist"), "{refused}");
    let both = "\ndata \"flink_cluster\" \"it\" {\n  deployment_name = \"orders\"\n  job_manager_url = \
                \"https://flink.example.com\"\n}\n";
    case.configure(&format!("{APPLICATION}{both}"))?;
    let refused = said(&case.workspace.validate().await?)?;
    assert!(refused.starts_with("Two JobManagers"), "{refused}");
    Ok(())
}
