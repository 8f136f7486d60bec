//! `make demo`: from a `.tf` file to a running Flink job, its upgrade with state, and its end, as a user would do it.
#![expect(clippy::print_stdout, reason = "what it prints is this program's output")]

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use acceptance_tests::sandbox::{self, Options, Sandbox, say};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

const JOB: &str = "customer-analytics";

#[tokio::main]
async fn main() -> Result<()> {
    let begun = Instant::now();
    let personal = Options::personal()?;
    let directory = personal.state.with_file_name("demo");
    let options = Options {
        state: directory.clone(),
        keep: false,
        flink: "1.20".to_owned(),
        ..personal
    };
    say("starts Kubernetes and the operator's stand-in; a job will be a real Flink 1.20");
    let cluster = Sandbox::start(options).await?;
    let shown = show(&cluster).await;
    drop(cluster);
    // Also after a failure: the demo leaves nothing running.
    tokio::task::spawn_blocking(move || sandbox::down(&directory, true)).await??;
    shown?;
    say(format!("the demo took {}", sandbox::spoken(begun.elapsed())));
    Ok(())
}

async fn show(cluster: &Sandbox) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("flink-quickstart-").tempdir()?;
    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    for file in std::fs::read_dir(&quickstart).context("failed to read examples/quickstart")? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "tf") {
            std::fs::copy(
                &file,
                folder.path().join(file.file_name().context("a file has a name")?),
            )?;
        }
    }
    let job = std::fs::read_to_string(folder.path().join("customer-analytics.tf"))?;
    println!("\n--- examples/quickstart/customer-analytics.tf\n{job}");

    let terraform = Terraform {
        folder: folder.path(),
        kubeconfig: cluster.kubeconfig(),
    };
    terraform.run(&["init", "-input=false"]).await?;
    terraform.run(&["plan", "-input=false", "-out=first.plan"]).await?;
    terraform.run(&["apply", "-input=false", "first.plan"]).await?;
    let result = upgrade(cluster, &terraform).await;
    if result.is_err() {
        // What was made goes away also when something in between went wrong.
        let _ = terraform.run(&["destroy", "-input=false", "-auto-approve"]).await;
    }
    result
}

async fn upgrade(cluster: &Sandbox, terraform: &Terraform<'_>) -> Result<()> {
    let client = cluster.client().await?;
    let first = running_job(&client).await?;
    println!("\n--- the JobManager says, through the API server's service proxy: GET /jobs/overview");
    println!("{}", serde_json::to_string_pretty(&first)?);

    println!("\n--- the same job with twice the parallelism: an upgrade that keeps its state");
    let doubled = "-var=customer_analytics_parallelism=2";
    terraform
        .run(&["plan", "-input=false", doubled, "-out=second.plan"])
        .await?;
    terraform.run(&["apply", "-input=false", "second.plan"]).await?;
    let second = running_job(&client).await?;
    ensure!(first["jid"] != second["jid"], "the upgrade did not start a new job");
    let id = second["jid"].as_str().context("a job has an id")?;
    let checkpoints = rest(&client, &format!("jobs/{id}/checkpoints")).await?;
    let restored = &checkpoints["latest"]["restored"];
    println!("\n--- restored from: GET /jobs/{id}/checkpoints, latest.restored");
    println!("{}", serde_json::to_string_pretty(restored)?);
    ensure!(
        restored["is_savepoint"] == true,
        "the job was not restored from a savepoint"
    );

    terraform
        .run(&["plan", "-input=false", doubled, "-detailed-exitcode"])
        .await
        .context("a second plan is empty")?;
    terraform
        .run(&["destroy", "-input=false", "-auto-approve", doubled])
        .await
}

/// The entry of the one running job in `GET /jobs/overview`.
async fn running_job(client: &kube::Client) -> Result<Value> {
    let overview = rest(client, "jobs/overview").await?;
    let jobs = overview["jobs"].as_array().context("an overview lists jobs")?;
    jobs.iter()
        .find(|job| job["state"] == "RUNNING")
        .cloned()
        .context("the JobManager has no running job")
}

async fn rest(client: &kube::Client, path: &str) -> Result<Value> {
    let path = format!("/api/v1/namespaces/default/services/{JOB}-rest:8081/proxy/{path}");
    let request = http::Request::get(&path).body(Vec::new())?;
    client
        .request(request)
        .await
        .with_context(|| format!("failed to get {path}"))
}

struct Terraform<'a> {
    folder: &'a Path,
    kubeconfig: &'a Path,
}

impl Terraform<'_> {
    /// Runs a command, shown as a user would type it, with its output on this terminal.
    async fn run(&self, arguments: &[&str]) -> Result<()> {
        let program = std::env::var("TERRAFORM").unwrap_or_else(|_| "terraform".to_owned());
        let name = Path::new(&program)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| program.clone());
        let shown: Vec<&str> = arguments
            .iter()
            .copied()
            .filter(|argument| *argument != "-input=false")
            .collect();
        println!("\n$ {name} {}", shown.join(" "));
        let status = Command::new(&program)
            .args(arguments)
            .current_dir(self.folder)
            .env("KUBECONFIG", self.kubeconfig)
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .stdin(Stdio::null())
            .status()
            .await
            .with_context(|| format!("failed to run {program}"))?;
        ensure!(status.success(), "{name} {} failed", shown.join(" "));
        Ok(())
    }
}
