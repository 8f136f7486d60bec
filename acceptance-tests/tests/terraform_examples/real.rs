//! Examples with jobs that really run.

use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::with;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::example::{Example, apply, end, in_state, move_out, text};

/// How long a job may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks a JobManager until its answer is as wanted. An answer may fail to come while the job restarts.
async fn answer(case: &Case, name: &str, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = None;
    let asked = async {
        loop {
            match case.rest(name, path).await {
                Ok(answer) if is_wanted(&answer) => return answer,
                other => last = Some(other),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    asked.with_context(|| format!("{path} answers {last:?}"))
}

/// The one job of a deployment.
async fn job(case: &Case, name: &str) -> Result<Value> {
    let jobs = answer(case, name, "jobs/overview", |jobs| {
        jobs["jobs"][0]["state"] == "RUNNING"
    })
    .await?;
    Ok(jobs["jobs"][0].clone())
}

/// From two TaskManagers to more and back: Flink itself says that the same job runs on them.
#[tokio::test(flavor = "multi_thread")]
async fn reactive_scaling_rescales_a_real_job() -> Result<()> {
    let case = Example::named("standalone-reactive").started(Jobs::Real, "").await?;
    let started = job(&case, "enrichment").await?;
    let path = format!("jobs/{}", text(&started, "jid")?);
    for number in [4, 2] {
        apply(&case, &format!("task_managers = {number}\n")).await?;
        let runs_on_all = |job: &Value| {
            let vertices = job["vertices"].as_array().into_iter().flatten();
            let widest = vertices.filter_map(|vertex| vertex["parallelism"].as_u64()).max();
            job["state"] == "RUNNING" && widest == Some(number)
        };
        let rescaled = answer(&case, "enrichment", &path, runs_on_all).await?;
        assert_eq!(
            rescaled["start-time"], started["start-time"],
            "the job was not started again"
        );
    }
    end(&case).await
}

/// The checkpoint that the new job was restored from is the savepoint of the old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_moves_to_a_native_cluster_with_its_state() -> Result<()> {
    const PLACE: &str = "state_location = \"file:///flink-data/move\"\n";
    let case = Example::named("standalone-to-native")
        .started(Jobs::Real, PLACE)
        .await?;
    move_out(&case, PLACE).await?;
    let savepoint = in_state(&case, "flink_savepoint.move[0]").await?;
    let job = job(&case, "orders").await?;
    let path = format!("jobs/{}/checkpoints", text(&job, "jid")?);
    let checkpoints = answer(&case, "orders", &path, |answer| {
        answer["latest"]["restored"].is_object()
    })
    .await?;
    let restored = &checkpoints["latest"]["restored"];
    assert_eq!(
        (&restored["is_savepoint"], &restored["external_path"]),
        (&json!(true), &savepoint["location"]),
        "{restored}"
    );
    // The place of the old job's last savepoint is a warning.
    case.workspace
        .write("terraform.tfvars", &format!("{PLACE}stage = \"native\"\n"))?;
    case.workspace.apply(&[]).await?.expect_success()?;
    end(&case).await
}

/// Flink would not start with a value that it cannot read, and says what it made of them. The program is another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_runs_with_the_large_configuration() -> Result<()> {
    let example = Example::named("high-availability");
    let case = example.case(Jobs::Real).await?;
    let program = [
        ("usrlib/payments.jar", "examples/streaming/TopSpeedWindowing.jar"),
        ("    entry_class = \"com.example.payments.Main\"\n", ""),
        ("parallelism = 20", "parallelism = 2"),
    ];
    let main = std::fs::read_to_string(case.workspace.path().join("main.tf"))?;
    case.workspace.write("main.tf", &with(&main, &program))?;
    apply(&case, "state_location = \"file:///flink-data/payments\"\n").await?;
    let job = job(&case, "payments").await?;
    let id = text(&job, "jid")?;
    let path = format!("jobs/{id}/checkpoints/config");
    let checkpoints = answer(&case, "payments", &path, Value::is_object).await?;
    let expected = json!({
        "mode": "exactly_once",
        "interval": 5_000,
        "timeout": 600_000,
        "min_pause": 1_000,
        "tolerable_failed_checkpoints": 5,
        "unaligned_checkpoints": false,
        "state_backend": "EmbeddedRocksDBStateBackend",
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(&checkpoints[name], value, "{name}: {checkpoints}");
    }
    let config = answer(&case, "payments", &format!("jobs/{id}/config"), Value::is_object).await?;
    assert_eq!(config["execution-config"]["object-reuse-mode"], true, "{config}");
    end(&case).await
}
