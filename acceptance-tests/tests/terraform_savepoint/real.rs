//! Savepoints that a real Flink takes, by the operator's objects and over REST.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{STATEFUL, with};
use acceptance_tests::flink::Version;
use acceptance_tests::sandbox::Options;
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};

use crate::{SAVEPOINT, TAKEN, ours, said, state};

/// What a job was restored from, as its JobManager says.
async fn restored(case: &Case, deployment: &str) -> Result<Value> {
    let job = state(case, &format!("flink_deployment.{deployment}")).await?;
    let id = job["job_id"].as_str().context("a job")?;
    let mut checkpoints = case.rest(deployment, &format!("jobs/{id}/checkpoints")).await?;
    Ok(checkpoints["latest"]["restored"].take())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_job_starts_from_a_savepoint() -> Result<()> {
    let copy = with(
        STATEFUL,
        &[
            ("\"orders\" {", "\"copy\" {"),
            ("= \"orders\"", "= \"copy\""),
            (
                "upgrade_mode = \"savepoint\"",
                "upgrade_mode = \"savepoint\"\n    initial_savepoint_path = flink_savepoint.it.location",
            ),
        ],
    );
    let disposed = with(
        TAKEN,
        &[("  triggers =", "  dispose_on_destroy = true\n\n  triggers =")],
    );
    let configuration = format!("{STATEFUL}{disposed}{copy}");
    let case = Case::new("savepoint-real", Jobs::Real, &configuration).await?;
    case.apply(&configuration).await?;
    let savepoint = state(&case, SAVEPOINT).await?;
    let restored = restored(&case, "copy").await?;
    assert_eq!(
        (&restored["is_savepoint"], &restored["external_path"]),
        (&json!(true), &savepoint["location"]),
        "{restored}"
    );

    // The savepoint goes while the job runs, and its files with it.
    let without = format!(
        "{STATEFUL}{}",
        copy.replace("initial_savepoint_path = flink_savepoint.it.location", "")
    );
    case.configure(&without)?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let warnings: Vec<&String> = applied.warnings().map(|warning| &warning.summary).collect();
    assert!(!warnings.iter().any(|said| said.contains("are kept")), "{warnings:?}");
    assert_eq!(ours(&case).await?, []);
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// The arguments that lead to the JobManager of `orders` through the API server, as through any ingress with certificates.
fn by_url(case: &Case) -> Result<Option<String>> {
    let kubeconfig = std::fs::read_to_string(case.sandbox().kubeconfig())?;
    let kubeconfig: Value = serde_saphyr::from_str(&kubeconfig)?;
    let (cluster, user) = (&kubeconfig["clusters"][0]["cluster"], &kubeconfig["users"][0]["user"]);
    let pems = [
        ("ca.pem", &cluster["certificate-authority-data"]),
        ("client.pem", &user["client-certificate-data"]),
        ("key.pem", &user["client-key-data"]),
    ];
    for (file, data) in pems {
        let Some(data) = data.as_str() else {
            eprintln!("passed over: this kubeconfig holds no certificates");
            return Ok(None);
        };
        case.workspace
            .write(file, &String::from_utf8(STANDARD.decode(data)?)?)?;
    }
    let server = cluster["server"].as_str().context("a server")?;
    let namespace = case.namespace();
    Ok(Some(format!(
        "  job_manager_url    = \"{server}/api/v1/namespaces/{namespace}/services/orders-rest:8081/proxy\"\n  \
         ca_certificate     = file(\"ca.pem\")\n  client_certificate = file(\"client.pem\")\n  client_key         = \
         file(\"key.pem\")\n"
    )))
}

async fn savepoints_taken(case: &Case, job: &str) -> Result<usize> {
    let checkpoints = case.rest("orders", &format!("jobs/{job}/checkpoints")).await?;
    let history = checkpoints["history"].as_array().context("a history")?;
    Ok(history.iter().filter(|one| one["is_savepoint"] == true).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_operator_the_jobmanager_takes_it() -> Result<()> {
    // Few checkpoints of the job's own, so that the history keeps what is counted.
    let stateful = with(STATEFUL, &[("\"2s\"", "\"10min\"")]);
    let case = Case::new("savepoint-url", Jobs::Real, &stateful).await?;
    case.apply(&stateful).await?;
    let job = state(&case, "flink_deployment.orders").await?["job_id"].clone();
    let job = job.as_str().context("a job")?;
    let Some(url) = by_url(&case)? else { return Ok(()) };
    let savepoint = |more: &str| format!("resource \"flink_savepoint\" \"it\" {{\n{url}{more}}}\n");
    let checkpoint = format!("resource \"flink_checkpoint\" \"it\" {{\n{url}}}\n");

    case.apply(&format!("{stateful}{}{checkpoint}", savepoint(""))).await?;
    let taken = state(&case, SAVEPOINT).await?;
    assert_eq!(
        (&taken["state"], &taken["job_id"]),
        (&json!("COMPLETED"), &json!(job)),
        "{taken}"
    );
    assert!(
        taken["location"]
            .as_str()
            .is_some_and(|path| path.contains("/savepoints/savepoint-")),
        "{taken}"
    );
    assert!(taken["completed_at"].is_string() && taken["name"].is_null(), "{taken}");
    let checkpoint = state(&case, "flink_checkpoint.it").await?;
    assert!(
        checkpoint["location"]
            .as_str()
            .is_some_and(|path| path.contains("/chk-")),
        "{checkpoint}"
    );
    assert_eq!(ours(&case).await?, [], "no object of Kubernetes");
    assert_eq!(savepoints_taken(&case, job).await?, 1);

    // An apply whose result was lost: the JobManager knows the request, and takes no second one.
    case.workspace
        .run(&["state", "rm", SAVEPOINT])
        .await?
        .expect_success()?;
    let again = case.workspace.apply(&[]).await?.expect_success()?;
    assert!(
        again
            .warnings()
            .any(|warning| warning.summary == "The savepoint was asked for already")
    );
    assert_eq!(state(&case, SAVEPOINT).await?["location"], taken["location"]);
    assert_eq!(savepoints_taken(&case, job).await?, 1);

    // What is asked for otherwise is another one, with files that go with it.
    let other = savepoint("  dispose_on_destroy = true\n  triggers = { release = \"2\" }\n");
    case.apply(&format!("{stateful}{other}")).await?;
    assert_ne!(state(&case, SAVEPOINT).await?["location"], taken["location"]);
    assert_eq!(savepoints_taken(&case, job).await?, 2);
    case.configure(&stateful)?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(applied.warnings().count(), 0, "its files are deleted");

    // What the JobManager cannot do is said in its words.
    let wrong = savepoint("  path          = \"nowhere://example-bucket/savepoints\"\n  backoff_limit = 0\n");
    case.configure(&format!("{stateful}{wrong}"))?;
    let failed = said(&case.workspace.apply(&[]).await?)?;
    assert!(
        failed.starts_with("The savepoint was not taken: The JobManager could not do it: "),
        "{failed}"
    );
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// What the JobManager of the job knows, in the data sources.
const KNOWN: &str = r#"
data "flink_cluster" "it" {
  deployment_name = flink_deployment.orders.name
  depends_on      = [flink_savepoint.it]
}

data "flink_jobs" "it" {
  deployment_name = flink_deployment.orders.name
  depends_on      = [flink_savepoint.it]
}

data "flink_job" "it" {
  deployment_name = flink_deployment.orders.name
  job_id          = flink_savepoint.it.job_id
}

data "flink_checkpoints" "it" {
  deployment_name = flink_deployment.orders.name
  job_id          = flink_savepoint.it.job_id
}
"#;

/// Operators before 1.10 have no `FlinkStateSnapshot`. Here with Flink 2.1, whose JobManager answers all that is asked.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_snapshots_the_jobmanager_takes_it() -> Result<()> {
    let stateful = with(
        STATEFUL,
        &[
            ("\"2s\"", "\"10min\""),
            ("upgrade_mode = \"savepoint\"", "upgrade_mode = \"stateless\""),
            ("\"flink:1.20\"", "\"flink:2.1\""),
            ("\"v1_20\"", "\"v2_1\""),
        ],
    );
    // A sandbox of its own: nobody in it has the kind.
    let options = Options {
        flink: Version::V2_1.name().to_owned(),
        ..Options::acceptance("acceptance-without-snapshots")?
    };
    let case = Case::on(options, "savepoint-old", Jobs::Real, &stateful).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(case.client().await?);
    let kind = "flinkstatesnapshots.flink.apache.org";
    if definitions.get_opt(kind).await?.is_some() {
        definitions.delete(kind, &DeleteParams::default()).await?;
    }
    while definitions.get_opt(kind).await?.is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    let checkpoint = "resource \"flink_checkpoint\" \"it\" {\n  deployment_name = flink_deployment.orders.name\n}\n";
    case.apply(&format!("{stateful}{TAKEN}{checkpoint}{KNOWN}")).await?;
    let taken = state(&case, SAVEPOINT).await?;
    let job = taken["job_id"].as_str().context("a job")?;
    assert_eq!(taken["state"], "COMPLETED", "{taken}");
    assert_eq!(state(&case, "flink_checkpoint.it").await?["state"], "COMPLETED");
    assert_eq!(savepoints_taken(&case, job).await?, 1);

    // Seen by the data sources at the next plan at the latest.
    case.workspace
        .run(&["apply", "-refresh-only", "-auto-approve"])
        .await?
        .expect_success()?;
    let cluster = state(&case, "data.flink_cluster.it").await?;
    let version = cluster["flink_version"].as_str().context("a version")?;
    assert!(version.starts_with("2.1"), "{version}");
    assert_eq!(state(&case, "data.flink_jobs.it").await?["jobs"][0]["job_id"], job);
    let known = state(&case, "data.flink_job.it").await?;
    assert_eq!(known["state"], "RUNNING");
    assert_eq!(known["checkpoint_config"]["interval"], 600_000, "{known}");
    let checkpoints = state(&case, "data.flink_checkpoints.it").await?;
    assert_eq!(
        checkpoints["latest_savepoint"]["external_path"], taken["location"],
        "{checkpoints}"
    );

    // An apply whose result was lost takes no second one.
    case.workspace
        .run(&["state", "rm", SAVEPOINT])
        .await?
        .expect_success()?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(state(&case, SAVEPOINT).await?["location"], taken["location"]);
    assert_eq!(savepoints_taken(&case, job).await?, 1);

    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}
