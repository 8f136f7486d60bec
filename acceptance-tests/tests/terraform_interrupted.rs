//! Ctrl-C during an apply: what was written is in state, and the next apply goes on waiting.

use std::time::{Duration, Instant};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const HOLD: &str = "sandbox.terraform-provider-flink/hold";

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_wait_is_over_at_once_and_forgets_nothing() -> Result<()> {
    let case = Case::new("interrupted", Jobs::StatusOnly, APPLICATION).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    let held = with(
        APPLICATION,
        &[(
            "  job {",
            &format!("  annotations = {{ \"{HOLD}\" = \"deploying\" }}\n\n  job {{"),
        )],
    );
    case.configure(&held)?;
    let apply = case
        .workspace
        .command(&["apply", "-no-color", "-input=false", "-auto-approve"])
        .spawn()?;
    let pid = apply
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
        .context("it runs")?;
    let began = Instant::now();
    while case
        .deployment("orders")
        .await?
        .is_none_or(|object| object["status"].is_null())
    {
        if began.elapsed() > Duration::from_secs(60) {
            bail!("the deployment was not written");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    kill_process(pid, Signal::INT)?;
    let interrupted = Instant::now();
    let output = apply.wait_with_output().await?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{text}");
    assert!(
        interrupted.elapsed() < Duration::from_secs(10),
        "the wait ended {:?} after it was told to",
        interrupted.elapsed()
    );

    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .with_context(|| text.clone())?;
    assert_eq!((&state["ready"], &state["tainted"]), (&json!(false), &json!(true)));
    let uid = state["uid"].clone();
    assert!(uid.is_string());

    case.workspace
        .run(&["untaint", "flink_deployment.orders"])
        .await?
        .expect_success()?;
    case.edit("orders", json!({"metadata": {"annotations": {HOLD: Value::Null}}}))
        .await?;
    case.apply(APPLICATION).await?;
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("still in state")?;
    assert_eq!(
        (&state["uid"], &state["ready"], &state["job_state"]),
        (&uid, &json!(true), &json!("RUNNING"))
    );
    Ok(())
}
