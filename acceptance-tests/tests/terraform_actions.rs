//! Actions and lists on the sandbox, with what they leave for Terraform: an empty plan.
//!
//! The provider's process is asked directly, so that any program shows what follows. Where the program has actions and queries
//! itself (Terraform 1.14 or newer), it asks, too; else that is printed.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{SESSION, STATEFUL, with};
use acceptance_tests::direct::{Direct, Found, Wanted};
use acceptance_tests::terraform::{has_actions, has_identities};
use anyhow::{Context as _, Result, ensure};
use kube::api::ListParams;
use serde_json::{Value as Json, json};
use terraform_provider_flink::actions::flink_reset_autoscaler::ResetAutoscaler;
use terraform_provider_flink::actions::flink_restart::Restart;
use terraform_provider_flink::actions::flink_take_checkpoint::TakeCheckpoint;
use terraform_provider_flink::actions::flink_take_savepoint::TakeSavepoint;
use terraform_provider_flink::list_resources::flink_savepoint::SavepointQuery;
use terraform_provider_flink::list_resources::jobs::{DeploymentQuery, SessionJobQuery};
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::flink_savepoint::Savepoint;
use terraform_provider_flink::resources::flink_session_job::model::SessionJob;
use terraform_provider_flink::resources::job_resource::Identity;
use terraform_provider_flink::resources::snapshot::model::Identity as SnapshotIdentity;
use terraform_schema::Value;

const JOB: &str = r#"
resource "flink_session_job" "hourly" {
  name            = "hourly"
  deployment_name = flink_deployment.session.name

  job {
    jar_uri     = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism = 1
  }
}
"#;

/// [`STATEFUL`] with an argument.
fn stateful(line: &str) -> String {
    with(
        STATEFUL,
        &[(
            "service_account   = \"flink\"",
            &format!("service_account = \"flink\"\n{line}"),
        )],
    )
}

fn triggers(text: &str) -> String {
    stateful(&format!("restart_triggers = {{ config = \"{text}\" }}"))
}

async fn live(case: &Case) -> Result<Json> {
    case.deployment("orders").await?.context("it is there")
}

async fn snapshots(case: &Case) -> Result<Vec<Json>> {
    let all = case
        .objects("FlinkStateSnapshot")
        .await?
        .list(&ListParams::default())
        .await?;
    all.into_iter().map(|one| Ok(serde_json::to_value(one)?)).collect()
}

fn orders() -> [(&'static str, Value); 1] {
    [("deployment_name", "orders".into())]
}

/// Every restart of an action and of a trigger happens once, whoever counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_no_drift_and_triggers_go_on_counting() -> Result<()> {
    let case = Case::new("actions", Jobs::StatusOnly, "").await?;
    case.apply(STATEFUL).await?;
    let provider = Direct::of(&case).await?;
    let jobs = async || Ok::<_, anyhow::Error>(live(&case).await?["status"]["jobStatus"]["jobId"].clone());
    let first = jobs().await?;

    let restarted = provider.invoke::<Restart>(&orders()).await?;
    ensure!(restarted.problems.is_empty(), "{restarted:?}");
    let object = format!("FlinkDeployment {}/orders", case.namespace());
    assert_eq!(
        restarted.told.first(),
        Some(&format!("Restarting {object}, upgrade mode savepoint"))
    );
    assert_eq!(restarted.told.last(), Some(&format!("{object} was restarted")));
    ensure!(restarted.told.len() > 2, "it tells what it waits for: {restarted:?}");
    let second = jobs().await?;
    ensure!(second != first, "another job runs");
    assert_eq!(live(&case).await?["spec"]["restartNonce"], 1);
    let managers = live(&case).await?["metadata"]["managedFields"].clone();
    let action = managers
        .as_array()
        .and_then(|all| {
            all.iter()
                .find(|one| one["manager"] == "terraform-provider-flink-action")
        })
        .context("the action has a manager of its own")?;
    assert_eq!(action["fieldsV1"], json!({"f:spec": {"f:restartNonce": {}}}));
    case.workspace.expect_no_changes().await?;

    // The first trigger counts on from there, and restarts the job.
    case.apply(&triggers("a")).await?;
    assert_eq!(live(&case).await?["spec"]["restartNonce"], 2);
    let third = jobs().await?;
    ensure!(third != second, "the trigger has restarted the job");

    // So does an action after a trigger, and a trigger after that.
    let restarted = provider.invoke::<Restart>(&orders()).await?;
    ensure!(restarted.problems.is_empty(), "{restarted:?}");
    assert_eq!(live(&case).await?["spec"]["restartNonce"], 3);
    case.workspace.expect_no_changes().await?;
    case.apply(&triggers("b")).await?;
    assert_eq!(live(&case).await?["spec"]["restartNonce"], 4);

    // A change that knows nothing of the action's restart does not take it back.
    let restarted = provider.invoke::<Restart>(&orders()).await?;
    ensure!(restarted.problems.is_empty(), "{restarted:?}");
    let before = jobs().await?;
    let labelled = with(
        &triggers("b"),
        &[("restart_triggers", "labels = { team = \"data\" }\nrestart_triggers")],
    );
    case.configure(&labelled)?;
    case.workspace.apply(&["-refresh=false"]).await?.expect_success()?;
    assert_eq!(live(&case).await?["spec"]["restartNonce"], 5);
    assert_eq!(live(&case).await?["metadata"]["labels"]["team"], "data");
    assert_eq!(jobs().await?, before, "nothing was restarted");
    case.workspace.expect_no_changes().await?;

    if has_actions().await? {
        let action = "\naction \"flink_restart\" \"orders\" {\n  config {\n    deployment_name = flink_deployment.orders.name\n  }\n}\n";
        case.configure(&format!("{labelled}{action}"))?;
        let invoked = case
            .workspace
            .apply(&["-invoke=action.flink_restart.orders"])
            .await?
            .expect_success()?;
        ensure!(
            invoked.stdout.contains("was restarted"),
            "progress is shown: {}",
            invoked.stdout
        );
        assert_eq!(live(&case).await?["spec"]["restartNonce"], 6);
        case.workspace.expect_no_changes().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_and_resets_leave_no_trace_in_a_plan() -> Result<()> {
    let case = Case::new("actions", Jobs::StatusOnly, "").await?;
    case.apply(STATEFUL).await?;
    let provider = Direct::of(&case).await?;
    let taken = provider
        .invoke::<TakeSavepoint>(&[orders()[0].clone(), ("format_type", "NATIVE".into())])
        .await?;
    ensure!(taken.problems.is_empty(), "{taken:?}");
    let told = taken.told.last().context("something is told")?;
    ensure!(
        told.contains(" is complete: ") && told.contains("/savepoint-"),
        "{told}"
    );
    let reset = provider.invoke::<ResetAutoscaler>(&orders()).await?;
    ensure!(reset.problems.is_empty(), "{reset:?}");
    assert_eq!(live(&case).await?["spec"]["job"]["autoscalerResetNonce"], 1);
    let checked = provider.invoke::<TakeCheckpoint>(&orders()).await?;
    ensure!(checked.problems.is_empty(), "{checked:?}");
    let snapshots = snapshots(&case).await?;
    assert_eq!(snapshots.len(), 2, "{snapshots:?}");
    let savepoint = snapshots
        .iter()
        .find(|one| !one["spec"]["savepoint"].is_null())
        .context("a savepoint")?;
    assert_eq!(savepoint["spec"]["savepoint"]["disposeOnDelete"], false);
    assert_eq!(savepoint["spec"]["savepoint"]["formatType"], "NATIVE");
    let name = savepoint["metadata"]["name"].as_str().unwrap_or_default();
    ensure!(name.starts_with("orders-savepoint-action-"), "{name}");
    case.workspace.expect_no_changes().await?;

    // What cannot be done is said, and nothing is.
    for (config, words) in [
        (vec![("deployment_name", "order".into())], "There is no FlinkDeployment"),
        (vec![], "Not one object"),
        (
            vec![orders()[0].clone(), ("session_job_name", "hourly".into())],
            "Not one object",
        ),
    ] {
        let refused = provider.invoke::<TakeSavepoint>(&config).await?;
        ensure!(refused.problems.join("\n").contains(words), "{words}: {refused:?}");
    }
    let suspended = with(
        STATEFUL,
        &[("parallelism  = 1", "parallelism  = 1\n    state = \"suspended\"")],
    );
    case.configure(&suspended)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    let refused = provider.invoke::<Restart>(&orders()).await?;
    ensure!(
        refused.problems.join("\n").contains("Nothing to restart"),
        "{refused:?}"
    );
    Ok(())
}

/// Session jobs are found and restarted like deployments; what a restart would lose is refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_can_be_listed_and_generated() -> Result<()> {
    let case = Case::new("query", Jobs::StatusOnly, "").await?;
    let labelled = with(
        SESSION,
        &[(
            "service_account   = \"flink\"",
            "service_account = \"flink\"\nlabels = { team = \"data\" }",
        )],
    );
    let both = format!("{STATEFUL}{labelled}{JOB}");
    case.apply(&both).await?;
    let provider = Direct::of(&case).await?;
    let restarted = provider
        .invoke::<Restart>(&[("session_job_name", "hourly".into())])
        .await?;
    ensure!(restarted.problems.is_empty(), "{restarted:?}");
    let taken = provider.invoke::<TakeSavepoint>(&orders()).await?;
    ensure!(taken.problems.is_empty(), "{taken:?}");
    case.workspace.expect_no_changes().await?;

    let names = |found: &[Found]| -> Vec<String> { found.iter().map(|one| one.display_name.clone()).collect() };
    let name = |name: &str| format!("{}/{name}", case.namespace());
    let all = Wanted {
        objects: true,
        ..Wanted::default()
    };
    let deployments = provider.list::<DeploymentQuery, Identity, Deployment>(all).await?;
    assert_eq!(names(&deployments), [name("orders"), name("session")]);
    let orders = deployments[0].object.as_ref().context("the object")?;
    assert_eq!(orders.member("job").member("upgrade_mode"), &"savepoint".into());
    assert_eq!(deployments[0].identity.member("name"), &"orders".into());
    assert_eq!(deployments[0].identity.member("namespace"), &case.namespace().into());
    let picked = Wanted {
        config: &[("label_selector", "team in (data,web)".into())],
        ..Wanted::default()
    };
    let picked = provider.list::<DeploymentQuery, Identity, Deployment>(picked).await?;
    assert_eq!((names(&picked), &picked[0].object), (vec![name("session")], &None));
    let one = Wanted {
        limit: 1,
        ..Wanted::default()
    };
    assert_eq!(
        provider.list::<DeploymentQuery, Identity, Deployment>(one).await?.len(),
        1
    );
    let session_jobs = provider.list::<SessionJobQuery, Identity, SessionJob>(all).await?;
    assert_eq!(names(&session_jobs), [name("hourly")]);
    let savepoints = provider
        .list::<SavepointQuery, SnapshotIdentity, Savepoint>(all)
        .await?;
    ensure!(
        names(&savepoints)
            .iter()
            .any(|found| found.contains("/orders-savepoint-action-")),
        "{savepoints:?}"
    );
    assert_eq!(
        savepoints[0].object.as_ref().context("the object")?.member("state"),
        &"COMPLETED".into()
    );

    if has_actions().await? {
        generated(&case).await?;
    }
    if has_identities().await? {
        imported(&case).await?;
    }
    Ok(())
}

/// `terraform query` writes a configuration whose plan imports and changes nothing.
async fn generated(case: &Case) -> Result<()> {
    let other = case.beside().await?;
    let lists: String = ["flink_deployment", "flink_session_job", "flink_savepoint"]
        .map(|name| format!("list \"{name}\" \"all\" {{\n  provider = flink\n  include_resource = true\n}}\n"))
        .concat();
    other.write("all.tfquery.hcl", &lists)?;
    let validated = other.run(&["validate", "-query", "-json"]).await?;
    validated.expect_success()?;
    let queried = other
        .run(&["query", "-no-color", "-generate-config-out=found.tf"])
        .await?
        .expect_success()?;
    for name in ["orders", "session", "hourly"] {
        let shown = format!("{}/{name}", case.namespace());
        ensure!(queried.stdout.contains(&shown), "{shown}: {}", queried.stdout);
    }
    std::fs::remove_file(other.path().join("all.tfquery.hcl"))?;
    other.plan(&[]).await?.expect_success()?;
    let changes = other.changes().await?;
    ensure!(changes.len() >= 4, "{changes:?}");
    for (address, change) in changes {
        assert_eq!(change.actions, ["no-op"], "{address}: {change:?}");
    }
    other.apply(&[]).await?.expect_success()?;
    other.expect_no_changes().await
}

/// An `import` block with the identity instead of an id.
async fn imported(case: &Case) -> Result<()> {
    let other = case.beside().await?;
    let import = format!(
        "import {{\n  to = flink_deployment.orders\n  identity = {{\n    namespace = \"{}\"\n    name = \"orders\"\n  }}\n}}\n",
        case.namespace()
    );
    other.write("main.tf", &format!("{STATEFUL}{import}"))?;
    other.apply(&[]).await?.expect_success()?;
    let state = other
        .state("flink_deployment.orders")
        .await?
        .context("it is in state")?;
    assert_eq!(state["uid"], live(case).await?["metadata"]["uid"]);
    other.expect_no_changes().await
}
