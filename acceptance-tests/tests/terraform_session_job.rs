//! `flink_session_job` through the real Terraform, beside its cluster in one configuration. On the sandbox only: the jars are
//! where no other operator would find them.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, SESSION, with};
use acceptance_tests::flink::{Installation, Version};
use acceptance_tests::jars::JarServer;
use acceptance_tests::terraform::Diagnostic;
use anyhow::{Context as _, Result, ensure};
use kube::api::{Api, DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};

const JOB: &str = "flink_session_job.orders";

/// A job that keeps its state, on the cluster of [`cluster`].
const ORDERS: &str = r#"
resource "flink_session_job" "orders" {
  name            = "orders"
  deployment_name = flink_deployment.session.name

  job {
    jar_uri      = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism  = 1
    upgrade_mode = "savepoint"
  }
}
"#;

/// A session cluster that has places for state.
fn cluster() -> String {
    let directories = r#"service_account   = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "4"
    "execution.checkpointing.interval" = "2s"
    "state.checkpoints.dir"            = "file:///flink-data/checkpoints"
    "state.savepoints.dir"             = "file:///flink-data/savepoints"
  }"#;
    with(SESSION, &[("service_account   = \"flink\"", directories)])
}

fn both(job: &str) -> String {
    format!("{}{job}", cluster())
}

async fn session_jobs(case: &Case) -> Result<Api<DynamicObject>> {
    case.objects("FlinkSessionJob").await
}

async fn session_job(case: &Case, name: &str) -> Result<Option<Value>> {
    let found = session_jobs(case).await?.get_opt(name).await?;
    Ok(found.map(serde_json::to_value).transpose()?)
}

async fn state(case: &Case) -> Result<Value> {
    case.workspace.state(JOB).await?.context("the job is in state")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_lives_beside_its_cluster_from_create_to_destroy() -> Result<()> {
    let case = Case::new("session-job", Jobs::StatusOnly, "").await?;
    case.apply(&both(ORDERS)).await?;
    let first = state(&case).await?;
    assert_eq!(first["job_state"], "RUNNING");
    assert_eq!(first["lifecycle_state"], "STABLE");
    assert_eq!(first["ready"], true);
    let live = session_job(&case, "orders").await?.context("it exists")?;
    assert_eq!(live["metadata"]["labels"], json!({"target.session": "session"}));

    // Upgrades in all three modes: each is another job.
    let mut ids = vec![first["job_id"].clone()];
    let mut job = ORDERS.to_owned();
    for (mode, parallelism) in [("savepoint", 2), ("last-state", 3), ("stateless", 4)] {
        job = ORDERS
            .replace("\"savepoint\"", &format!("\"{mode}\""))
            .replace("parallelism  = 1", &format!("parallelism  = {parallelism}"));
        case.apply(&both(&job)).await?;
        let now = state(&case).await?;
        assert_eq!(now["job_state"], "RUNNING", "{mode}");
        ensure!(!ids.contains(&now["job_id"]), "{mode}: {now}");
        ids.push(now["job_id"].clone());
    }
    // The mode alone restarts nothing.
    job = job.replace("\"stateless\"", "\"savepoint\"");
    case.apply(&both(&job)).await?;
    assert_eq!(Some(&state(&case).await?["job_id"]), ids.last());

    let suspended = with(
        &job,
        &[("parallelism ", "state        = \"suspended\"\n    parallelism ")],
    );
    case.apply(&both(&suspended)).await?;
    assert_eq!(state(&case).await?["lifecycle_state"], "SUSPENDED");
    let live = session_job(&case, "orders").await?.context("it exists")?;
    let path = live["status"]["jobStatus"]["upgradeSavepointPath"]
        .as_str()
        .context("a savepoint")?;
    ensure!(path.contains("/savepoints/savepoint-"), "{path}");
    case.apply(&both(&job)).await?;
    assert_eq!(state(&case).await?["job_state"], "RUNNING");

    // The job goes first, with a savepoint; then its cluster.
    let destroyed = case.workspace.destroy().await?.expect_success()?;
    let kept = |warning: &&Diagnostic| warning.summary.ends_with(" is kept");
    let warning = destroyed.warnings().find(kept).context("the path is a warning")?;
    ensure!(warning.detail.contains("/savepoints/savepoint-"), "{}", warning.detail);
    ensure!(session_job(&case, "orders").await?.is_none());
    ensure!(case.deployment("session").await?.is_none());
    Ok(())
}

/// `deployment_name` cannot change in place: the job is replaced, and begins on the other cluster with its state.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_moves_to_another_cluster_with_its_state() -> Result<()> {
    let case = Case::new("session-other", Jobs::StatusOnly, "").await?;
    let green = cluster().replace("\"session\"", "\"green\"");
    let clusters = format!("{}{green}", cluster());
    case.apply(&format!("{clusters}{ORDERS}")).await?;
    let moved = with(
        ORDERS,
        &[("flink_deployment.session.name", "flink_deployment.green.name")],
    );
    case.configure(&format!("{clusters}{moved}"))?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let handed_over = |warning: &&Diagnostic| warning.summary.ends_with(" is handed over");
    let warning = applied.warnings().find(handed_over).context("it is said")?;
    let now = state(&case).await?;
    let path = now["restored_from"].as_str().context("it began with a savepoint")?;
    ensure!(warning.detail.contains(path), "{}", warning.detail);
    let live = session_job(&case, "orders").await?.context("it exists")?;
    assert_eq!(
        (
            &live["spec"]["deploymentName"],
            &live["spec"]["job"]["initialSavepointPath"]
        ),
        (&json!("green"), &json!(path))
    );
    assert_eq!(now["job_state"], "RUNNING");
    case.workspace.expect_no_changes().await?;
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// Suspended by cancellation, operators up to 1.15 stay half-way (FLINK-40164): that is suspended all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_stateless_job_is_suspended_half_way_and_resumes() -> Result<()> {
    let case = Case::new("session-half", Jobs::StatusOnly, "").await?;
    let job = with(ORDERS, &[("\"savepoint\"", "\"stateless\"")]);
    case.apply(&both(&job)).await?;
    let suspended = with(
        &job,
        &[("parallelism ", "state        = \"suspended\"\n    parallelism ")],
    );
    case.apply(&both(&suspended)).await?;
    let now = state(&case).await?;
    assert_eq!((&now["job_state"], &now["ready"]), (&json!("CANCELED"), &json!(true)));
    case.apply(&both(&job)).await?;
    assert_eq!(state(&case).await?["job_state"], "RUNNING");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounded_job_is_done_when_it_has_finished() -> Result<()> {
    let case = Case::new("session-batch", Jobs::StatusOnly, "").await?;
    let batch = with(
        ORDERS,
        &[(
            "upgrade_mode = \"savepoint\"",
            "args         = [\"--execution-mode\", \"BATCH\"]",
        )],
    );
    case.apply(&both(&batch)).await?;
    let now = state(&case).await?;
    assert_eq!((&now["job_state"], &now["ready"]), (&json!("FINISHED"), &json!(true)));
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// What cannot run is said by name, and with the way out.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_run_says_why() -> Result<()> {
    let case = Case::new("session-refused", Jobs::StatusOnly, "").await?;
    case.apply(&format!("{}{APPLICATION}", cluster())).await?;
    let on = |name: &str| with(ORDERS, &[("flink_deployment.session.name", name)]);
    let http = "jar_uri      = \"http://repo.example.com/TopSpeedWindowing.jar\"";
    let strict = "annotations     = { \"sandbox.terraform-provider-flink/artifacts\" = \"strict\" }\n  name ";
    let cases = [
        (
            "a missing cluster",
            on("\"nowhere\""),
            "there is no FlinkDeployment `nowhere` in the namespace",
        ),
        (
            "a jar that is not there",
            with(
                ORDERS,
                &[
                    ("TopSpeedWindowing", "missing"),
                    ("  job {", "  timeouts {\n    create = \"15s\"\n  }\n\n  job {"),
                ],
            ),
            "there is none at this address",
        ),
        (
            "a scheme that operator 1.15 refuses",
            with(
                ORDERS,
                &[
                    ("name ", strict),
                    (
                        "jar_uri      = \"https://repo.example.com/TopSpeedWindowing.jar\"",
                        http,
                    ),
                ],
            ),
            "kubernetes.operator.user.artifacts.allowed-schemes",
        ),
    ];
    // An application is refused by the plan already: as the same run plans it, and as it lives.
    for name in ["flink_deployment.orders.name", "\"orders\""] {
        case.configure(&format!("{}{APPLICATION}{}", cluster(), on(name)))?;
        let refused = case.workspace.plan(&[]).await?;
        let error = refused.expect_one_error()?;
        assert_eq!(error.summary, "Not a session cluster", "{name}");
        let code = error.snippet.as_ref().map(|snippet| snippet.code.as_str());
        ensure!(
            code.is_some_and(|code| code.contains("deployment_name")),
            "{name}: {code:?}"
        );
    }
    for (what, job, words) in cases {
        case.configure(&format!("{}{APPLICATION}{job}", cluster()))?;
        let outcome = case.workspace.apply(&[]).await?;
        let error = outcome.expect_one_error()?;
        ensure!(
            error.summary.starts_with("FlinkSessionJob "),
            "{what}: {}",
            error.summary
        );
        ensure!(error.detail.contains(words), "{what}: {}", error.detail);
        case.configure(&format!("{}{APPLICATION}", cluster()))?;
        case.workspace.apply(&[]).await?.expect_success()?;
        ensure!(
            session_job(&case, "orders").await?.is_none(),
            "{what}: it is in state, and destroyed"
        );
    }
    Ok(())
}

/// A cluster that starts anew without high availability has lost its jobs.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_job_is_brought_back_without_its_state() -> Result<()> {
    let case = Case::new("session-lost", Jobs::StatusOnly, "").await?;
    case.apply(&both(ORDERS)).await?;
    let restarted = with(
        &both(ORDERS),
        &[("service_account", "restart_nonce     = 1\n  service_account")],
    );
    case.configure(&restarted)?;
    let refused = case.workspace.plan(&[]).await?;
    let error = refused.expect_one_error()?;
    assert_eq!(error.summary, "Session cluster is recreated");
    assert!(error.detail.contains("loses the others: orders"), "{}", error.detail);

    let restarted = with(
        &restarted,
        &[("restart_nonce ", "allow_state_loss  = true\n  restart_nonce ")],
    );
    case.configure(&restarted)?;
    let recreated = case.workspace.planned("flink_deployment.session").await?;
    assert_eq!(
        recreated.after["change"],
        "cluster recreated together with 1 session job on it (orders); because of restart_nonce"
    );
    case.workspace.apply(&[]).await?.expect_success()?;
    let mut lost = false;
    for _ in 0..60 {
        let live = session_job(&case, "orders").await?.context("it exists")?;
        lost = live["status"]["error"] == "Job Not Found";
        if lost {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    ensure!(lost, "the cluster does not know the job");
    let planned = case.workspace.plan(&[]).await?.expect_success()?;
    let warning = planned.warnings().next().context("it is said")?;
    assert_eq!(warning.summary, "Job may be lost");

    case.apply(&with(&restarted, &[("\"savepoint\"", "\"stateless\"")]))
        .await?;
    assert_eq!(state(&case).await?["job_state"], "RUNNING");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// A job that somebody else has put on the cluster keeps it, and is named before anything is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_kept_by_a_job_of_somebody_else() -> Result<()> {
    let case = Case::new("session-blocked", Jobs::StatusOnly, "").await?;
    case.apply(&cluster()).await?;
    let foreign: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": "foreign"},
        "spec": {"deploymentName": "session",
                 "job": {"jarURI": "https://repo.example.com/TopSpeedWindowing.jar", "parallelism": 1}},
    }))?;
    let jobs = session_jobs(&case).await?;
    jobs.create(&PostParams::default(), &foreign).await?;
    let outcome = case.workspace.destroy().await?;
    let error = outcome.expect_one_error()?;
    assert_eq!(error.summary, "Jobs run on the session cluster");
    let named = "the FlinkSessionJob `foreign` (not managed by Terraform)";
    ensure!(error.detail.contains(named), "{}", error.detail);
    let live = case.deployment("session").await?.context("it stays")?;
    ensure!(live["metadata"].get("deletionTimestamp").is_none(), "{live}");

    jobs.delete("foreign", &DeleteParams::default()).await?;
    case.workspace.destroy().await?.expect_success()?;
    ensure!(case.deployment("session").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_imported_and_plans_without_a_change() -> Result<()> {
    let case = Case::new("session-import", Jobs::StatusOnly, "").await?;
    case.apply(&both(ORDERS)).await?;
    case.workspace.run(&["state", "rm", JOB]).await?.expect_success()?;
    let id = format!("{}/orders", case.namespace());
    case.workspace
        .run(&["import", "-input=false", JOB, &id])
        .await?
        .expect_success()?;
    case.workspace.expect_no_changes().await?;
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// Where the state came from that the job in state began with.
async fn restored(case: &Case) -> Result<Value> {
    let now = state(case).await?;
    assert_eq!(now["job_state"], "RUNNING");
    let id = now["job_id"].as_str().context("a job has an id")?;
    Ok(case.rest("session", &format!("jobs/{id}/checkpoints")).await?["latest"]["restored"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_keeps_its_state_on_its_cluster() -> Result<()> {
    let case = Case::new("session-real", Jobs::Real, "").await?;
    let installation = tokio::task::spawn_blocking(|| Installation::ensure(Version::V1_20)).await??;
    let jars = JarServer::start(&installation).await?;
    let jar = jars.uri("TopSpeedWindowing.jar");
    let job = with(ORDERS, &[("https://repo.example.com/TopSpeedWindowing.jar", &jar)]);
    case.apply(&both(&job)).await?;
    assert_eq!(restored(&case).await?, Value::Null, "a new job starts from nothing");

    let upgraded = with(&job, &[("parallelism  = 1", "parallelism  = 2")]);
    case.apply(&both(&upgraded)).await?;
    assert_eq!(
        restored(&case).await?["is_savepoint"],
        true,
        "the upgrade took a savepoint"
    );

    let suspended = with(
        &upgraded,
        &[("parallelism ", "state        = \"suspended\"\n    parallelism ")],
    );
    case.apply(&both(&suspended)).await?;
    let live = session_job(&case, "orders").await?.context("it exists")?;
    let savepoint = live["status"]["jobStatus"]["upgradeSavepointPath"]
        .as_str()
        .context("a savepoint")?;
    case.apply(&both(&upgraded)).await?;
    let from = restored(&case).await?;
    let name = savepoint.rsplit('/').next().context("a path has a last part")?;
    ensure!(
        from["external_path"].as_str().is_some_and(|path| path.ends_with(name)),
        "{from} is not {savepoint}"
    );

    let destroyed = case.workspace.destroy().await?.expect_success()?;
    let kept = |warning: &&Diagnostic| warning.summary.ends_with(" is kept");
    let warning = destroyed.warnings().find(kept).context("the path is a warning")?;
    ensure!(
        !warning.detail.contains(name),
        "a savepoint of its own: {}",
        warning.detail
    );
    ensure!(case.deployment("session").await?.is_none());
    Ok(())
}
