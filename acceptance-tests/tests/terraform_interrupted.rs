//! Ctrl-C during an apply: what was written is in state, and the next apply goes on waiting. That a wait ends in the very
//! moment of a stop is shown where time is virtual, in the tests of `flink-client`.

use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{SESSION, STATEFUL, with};
use acceptance_tests::terraform::programs;
use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const SWITCH: &str = "sandbox.terraform-provider-flink";

/// A job on the cluster of [`SESSION`], which Terraform does not know to be needed: both are made at the same time.
const SESSION_JOB: &str = r#"
resource "flink_session_job" "clicks" {
  name            = "clicks"
  deployment_name = "session"

  job {
    jar_uri     = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism = 1
  }
}
"#;

const SAVEPOINT: &str = r#"
resource "flink_savepoint" "it" {
  name            = "it"
  deployment_name = flink_deployment.orders.name
}
"#;

/// A configuration whose JobManager does not become ready.
fn held(configuration: &str) -> String {
    let hold = format!("  annotations = {{ \"{SWITCH}/hold\" = \"deploying\" }}\n\n  job_manager {{");
    with(configuration, &[("  job_manager {", &hold)])
}

/// An annotation that is a switch of the stand-in.
fn switch(name: &str, value: Value) -> Value {
    json!({"metadata": {"annotations": {format!("{SWITCH}/{name}"): value}}})
}

/// Waits until objects are as they should be.
async fn until(case: &Case, kind: &str, name: &str, is_so: impl Fn(&Value) -> bool) -> Result<()> {
    let objects = case.objects(kind).await?;
    let looking = async {
        loop {
            let found = objects.get_opt(name).await?.map(serde_json::to_value).transpose()?;
            if found.is_some_and(|found| is_so(&found)) {
                return Ok::<_, anyhow::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let looked = tokio::time::timeout(Duration::from_secs(120), looking).await;
    looked.with_context(|| format!("{kind} {name} did not become so"))?
}

/// Applies, interrupts that as a terminal does once `begun` is done, and returns what was printed and logged.
async fn interrupted(case: &Case, begun: impl Future<Output = Result<()>>) -> Result<String> {
    let apply = case
        .workspace
        .command(&["apply", "-no-color", "-input=false", "-auto-approve"])
        .env("TF_LOG_PROVIDER", "INFO")
        .spawn()?;
    let pid = apply
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
        .context("it runs")?;
    begun.await?;
    kill_process(pid, Signal::INT)?;
    // The wait alone would take many minutes.
    let output = tokio::time::timeout(Duration::from_secs(60), apply.wait_with_output());
    let output = output.await.context("the wait did not end")??;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout))
}

/// What state says of a resource: whether it is ready, whether it is tainted, and which object it is.
async fn state(case: &Case, address: &str) -> Result<(Value, Value, Value)> {
    let state = case.workspace.state(address).await?;
    let state = state.with_context(|| format!("{address} is in state"))?;
    Ok((state["ready"].clone(), state["tainted"].clone(), state["uid"].clone()))
}

/// On every program: what core does after a stop is not part of the protocol.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_wait_forgets_nothing_and_is_resumed() -> Result<()> {
    for program in programs() {
        each_kind(&program).await.with_context(|| program.clone())?;
    }
    Ok(())
}

async fn each_kind(program: &str) -> Result<()> {
    let all = |orders: &str, session: &str| format!("{orders}{session}{SESSION_JOB}");
    let mut case = Case::new("interrupted", Jobs::StatusOnly, &all(&held(STATEFUL), &held(SESSION))).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    case.workspace.drive(program);
    let addresses = [
        "flink_deployment.orders",
        "flink_deployment.session",
        "flink_session_job.clicks",
    ];

    // Created, and not ready.
    let text = interrupted(&case, async {
        let has_status = |object: &Value| object["status"].is_object();
        until(&case, "FlinkDeployment", "orders", has_status).await?;
        until(&case, "FlinkDeployment", "session", has_status).await?;
        until(&case, "FlinkSessionJob", "clicks", |job| {
            job["metadata"]["finalizers"].is_array()
        })
        .await
    })
    .await?;
    assert!(text.contains("Stopped on request"), "{text}");
    // What was missing last is named, and what was missing on the way is in the log.
    assert!(text.contains("Last: ") && text.contains("waiting: "), "{text}");
    let mut uids = Vec::new();
    for address in addresses {
        let (ready, tainted, uid) = state(&case, address).await?;
        assert_eq!((ready, tainted), (json!(false), json!(false)), "{address}: {text}");
        assert!(uid.is_string(), "{address}");
        uids.push(uid);
    }

    // The next apply waits for the very same objects.
    for name in ["orders", "session"] {
        case.edit(name, switch("hold", Value::Null)).await?;
    }
    case.apply(&all(STATEFUL, SESSION)).await?;
    for (address, uid) in addresses.iter().zip(&uids) {
        assert_eq!(
            state(&case, address).await?,
            (json!(true), json!(false), uid.clone()),
            "{address}"
        );
    }

    // Changed, and not ready.
    case.edit("orders", switch("hold", json!("suspending"))).await?;
    let wider = all(&with(STATEFUL, &[("parallelism  = 1", "parallelism  = 2")]), SESSION);
    case.configure(&wider)?;
    let text = interrupted(&case, async {
        until(&case, "FlinkDeployment", "orders", |orders| {
            orders["spec"]["job"]["parallelism"] == 2
        })
        .await
    })
    .await?;
    assert!(text.contains("Stopped on request"), "{text}");
    assert_eq!(
        state(&case, addresses[0]).await?,
        (json!(false), json!(false), uids[0].clone())
    );
    case.edit("orders", switch("hold", Value::Null)).await?;
    case.apply(&wider).await?;
    assert_eq!(
        state(&case, addresses[0]).await?,
        (json!(true), json!(false), uids[0].clone())
    );

    // Asked for, and not complete.
    let label = |value: Value| json!({"metadata": {"labels": {format!("{SWITCH}/operator"): value}}});
    case.edit_namespace(label(json!("down"))).await?;
    let with_savepoint = format!("{wider}{SAVEPOINT}");
    case.configure(&with_savepoint)?;
    let text = interrupted(&case, until(&case, "FlinkStateSnapshot", "it", |_| true)).await?;
    assert!(text.contains("Stopped on request"), "{text}");
    let savepoint = case.workspace.state("flink_savepoint.it").await?.context("in state")?;
    assert_eq!(
        (&savepoint["location"], &savepoint["tainted"]),
        (&Value::Null, &json!(false))
    );
    let uid = case.objects("FlinkStateSnapshot").await?.get("it").await?.metadata.uid;
    case.edit_namespace(label(Value::Null)).await?;
    case.apply(&with_savepoint).await?;
    let savepoint = case.workspace.state("flink_savepoint.it").await?.context("in state")?;
    assert_eq!(savepoint["state"], "COMPLETED");
    assert_eq!(
        case.objects("FlinkStateSnapshot").await?.get("it").await?.metadata.uid,
        uid
    );
    Ok(())
}

/// What was written by an apply that was killed is in no state; the job that it restarts is waited for all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_update_is_waited_for_by_the_next_apply() -> Result<()> {
    let case = Case::new("killed", Jobs::StatusOnly, "").await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    case.apply(STATEFUL).await?;
    case.edit("orders", switch("hold", json!("suspending"))).await?;
    case.configure(&with(STATEFUL, &[("parallelism  = 1", "parallelism  = 2")]))?;
    case.killed_when(|orders| orders.is_some_and(|orders| orders["spec"]["job"]["parallelism"] == 2))
        .await?;
    let change = case.workspace.planned("flink_deployment.orders").await?;
    assert_eq!(
        (change.actions, &change.before["ready"]),
        (vec!["update".to_owned()], &json!(false))
    );
    case.edit("orders", switch("hold", Value::Null)).await?;
    case.workspace.apply(&[]).await?.expect_success()?;
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("in state")?;
    assert_eq!(
        (&state["ready"], &state["job_state"]),
        (&json!(true), &json!("RUNNING"))
    );

    // What others write is theirs to wait for.
    case.edit("orders", switch("hold", json!("suspending"))).await?;
    case.edit("orders", json!({"spec": {"job": {"parallelism": 3}}}))
        .await?;
    let change = case.workspace.planned("flink_deployment.orders").await?;
    assert_eq!(change.before["ready"], true);
    Ok(())
}
