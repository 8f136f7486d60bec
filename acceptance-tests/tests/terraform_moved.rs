//! From another provider's resource to ours, with that provider itself (`TERRAFORM_PROVIDER_KUBECTL`, which the project's
//! scripts build): the object is not touched, the plan after the move is empty, and the first change takes over what the
//! former provider has set. States of the other providers are read in the tests of the provider and of the protocol.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use acceptance_tests::terraform::{moves_between_providers, programs, provider_binary};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const ORDERS: &str = "flink_deployment.orders";

/// [`APPLICATION`] as its users have written it so far.
const MANIFEST: &str = r#"
resource "kubectl_manifest" "orders" {
  wait_for_rollout = false

  yaml_body = <<-YAML
    apiVersion: flink.apache.org/v1beta1
    kind: FlinkDeployment
    metadata:
      name: orders
      namespace: NAMESPACE
    spec:
      image: flink:1.20
      imagePullPolicy: IfNotPresent
      flinkVersion: v1_20
      serviceAccount: flink
      flinkConfiguration:
        taskmanager.numberOfTaskSlots: "2"
      jobManager:
        resource:
          cpu: 0.1
          memory: 1024m
      taskManager:
        resource:
          cpu: 0.1
          memory: 1024m
      job:
        jarURI: local:///opt/flink/examples/streaming/TopSpeedWindowing.jar
        parallelism: 1
  YAML
}
"#;

const MOVED: &str = r#"
moved {
  from = kubectl_manifest.orders
  to   = flink_deployment.orders
}
"#;

/// A case whose workspace takes the kubectl provider, too; `None` where there is none.
async fn case(program: &str) -> Result<Option<Case>> {
    let Some(kubectl) = std::env::var_os("TERRAFORM_PROVIDER_KUBECTL").map(PathBuf::from) else {
        eprintln!("passed over: TERRAFORM_PROVIDER_KUBECTL names no provider to move from");
        return Ok(None);
    };
    let mut case = Case::new("moved", Jobs::StatusOnly, "").await?;
    case.workspace.drive(program);
    let flink = provider_binary().await?;
    case.workspace.take_providers_from(&[
        ("terraform-flink/flink", flink.parent().context("a folder")?),
        ("gavinbunney/kubectl", kubectl.parent().context("a folder")?),
    ])?;
    case.workspace.write(
        "terraform.tf",
        "terraform {\n  required_providers {\n    flink = {\n      source = \"terraform-flink/flink\"\n    }\n    kubectl = {\n      \
         source = \"gavinbunney/kubectl\"\n    }\n  }\n}\n",
    )?;
    case.workspace.write(
        "kubectl.tf",
        &format!(
            "provider \"kubectl\" {{\n  config_path = \"{}\"\n}}\n",
            case.sandbox().kubeconfig().display()
        ),
    )?;
    Ok(Some(case))
}

async fn live(case: &Case) -> Result<Value> {
    case.deployment("orders").await?.context("it is there")
}

/// What nobody but its author changes.
fn authored(live: &Value) -> Value {
    let metadata = &live["metadata"];
    json!([
        live["spec"],
        metadata["uid"],
        metadata["generation"],
        metadata["labels"],
        metadata["annotations"]
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_moves_without_being_touched() -> Result<()> {
    for program in programs() {
        if !moves_between_providers(&program).await? {
            continue;
        }
        let Some(case) = case(&program).await? else {
            return Ok(());
        };
        case.configure(MANIFEST)?;
        case.workspace.apply(&[]).await?.expect_success()?;
        let began = Instant::now();
        while live(&case).await?["status"]["lifecycleState"] != "STABLE" {
            ensure!(began.elapsed() < Duration::from_secs(60), "{program}: it does not run");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let before = live(&case).await?;

        case.configure(&format!("{MOVED}{APPLICATION}"))?;
        let change = case.workspace.planned(ORDERS).await?;
        assert_eq!(change.actions, ["no-op"], "{program}");
        case.workspace.apply(&[]).await?.expect_success()?;
        assert_eq!(authored(&live(&case).await?), authored(&before), "{program}");
        case.workspace.expect_no_changes().await?;
        let state = case.workspace.state(ORDERS).await?.context("it is in state")?;
        assert_eq!(
            (&state["uid"], &state["ready"]),
            (&before["metadata"]["uid"], &json!(true))
        );
        assert_eq!(case.workspace.state("kubectl_manifest.orders").await?, None);

        // What the former provider has set is ours now: also to take away.
        let policy = "  image_pull_policy = \"IfNotPresent\"\n";
        case.apply(&with(
            APPLICATION,
            &[(policy, ""), ("parallelism = 1", "parallelism = 2")],
        ))
        .await?;
        let after = live(&case).await?;
        assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"], "{program}");
        assert_eq!(after["spec"]["job"]["parallelism"], 2, "{program}");
        assert_eq!(after["spec"]["imagePullPolicy"], Value::Null, "{program}");
        case.workspace.destroy().await?.expect_success()?;
    }
    Ok(())
}
