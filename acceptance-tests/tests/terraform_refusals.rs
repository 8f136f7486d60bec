//! What a user reads when something is wrong: in the configuration, in the provider block, or in the cluster.

use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use acceptance_tests::terraform::Workspace;
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;

/// Refused by `terraform validate`, without any cluster, at the attribute.
#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_at_the_attribute() -> Result<()> {
    let workspace = Workspace::new(APPLICATION).await?;
    let outcome = workspace.validate().await?;
    ensure!(
        outcome.success && outcome.diagnostics.is_empty(),
        "the configuration itself is good: {}",
        outcome.stdout
    );

    let slots = "\"taskmanager.numberOfTaskSlots\" = \"2\"";
    for (what, part, replacement, at, words) in [
        ("a name with capitals", "\"orders\"\n", "\"Orders\"\n", "name", "lower"),
        (
            "a name that is too long",
            "\"orders\"\n",
            &format!("\"{}\"\n", "a".repeat(46)),
            "name",
            "45",
        ),
        (
            "memory that is none",
            "memory = \"1024m\"",
            "memory = \"a lot\"",
            "memory",
            "a lot",
        ),
        (
            "no parallelism",
            "parallelism = 1",
            "parallelism = 0",
            "parallelism",
            "1",
        ),
        (
            "negative parallelism",
            "parallelism = 1",
            "parallelism = -1",
            "parallelism",
            "-1",
        ),
        (
            "a version that is none",
            "\"v1_20\"",
            "\"1.20\"",
            "flink_version",
            "v1_20",
        ),
        (
            "a version that is too old",
            "\"v1_20\"",
            "\"v1_14\"",
            "flink_version",
            "v1_14",
        ),
        (
            "a forbidden key",
            slots,
            "\"kubernetes.cluster-id\" = \"a\"",
            "kubernetes.cluster-id",
            "kubernetes.cluster-id",
        ),
        (
            "a misspelt choice",
            "\"IfNotPresent\"",
            "\"ifnotpresent\"",
            "image_pull_policy",
            "IfNotPresent",
        ),
        (
            "a wrong log file",
            "  job {",
            "  log_configuration = { \"log4j.properties\" = \"\" }\n  job {",
            "log_configuration",
            "log4j-console.properties",
        ),
        (
            "a misspelt field of a pod template",
            "  job {",
            "  pod_template = {\n    spec = {\n      containers = [{ name = \"flink-main-container\" }]\n      volumes = \
             [{ name = \"a\", persistenceVolumeClaim = { claimName = \"a\" } }]\n    }\n  }\n  job {",
            "pod_template",
            "persistentVolumeClaim",
        ),
        (
            "an ingress without template",
            "  job {",
            "  ingress {\n  }\n  job {",
            "ingress",
            "template",
        ),
        (
            "an upgrade mode that is none",
            "parallelism = 1",
            "parallelism = 1\n    upgrade_mode = \"laststate\"",
            "upgrade_mode",
            "last-state",
        ),
        (
            "a timeout that is no duration",
            "  job {",
            "  timeouts {\n    create = \"soon\"\n  }\n  job {",
            "create",
            "soon",
        ),
    ] {
        workspace.write("main.tf", &with(APPLICATION, &[(part, replacement)]))?;
        let outcome = workspace.validate().await?;
        let error = outcome.expect_one_error().with_context(|| what.to_owned())?;
        let text = format!("{} {}", error.summary, error.detail);
        assert!(text.contains(words), "{what}: `{words}` is not in: {text}");
        let code = error
            .snippet
            .as_ref()
            .map(|snippet| snippet.code.as_str())
            .unwrap_or_default();
        assert!(code.contains(at), "{what}: points at `{code}`, not at {at}");
    }
    for attribute in ["flink_version     = \"v1_20\"", "service_account   = \"flink\""] {
        workspace.write("main.tf", &with(APPLICATION, &[(attribute, "")]))?;
        workspace
            .validate()
            .await?
            .expect_one_error()
            .with_context(|| format!("without {attribute}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_object_is_planned_without_any_cluster() -> Result<()> {
    let workspace = Workspace::new(APPLICATION).await?;
    for provider in [
        "provider \"flink\" {}",
        "provider \"flink\" {\n  host  = \"https://cluster.example.com\"\n  token = \"not-a-real-one\"\n}",
        // A cluster that is made in the same apply: its address is not known yet.
        "resource \"terraform_data\" \"cluster\" {\n  input = \"https://cluster.example.com\"\n}\nprovider \"flink\" {\n  \
         host  = terraform_data.cluster.output\n  token = \"not-a-real-one\"\n}",
    ] {
        workspace.write("provider.tf", provider)?;
        let plan = workspace
            .planned("flink_deployment.orders")
            .await
            .with_context(|| provider.to_owned())?;
        assert_eq!(plan.actions, ["create"]);
    }
    Ok(())
}

/// Each mistake in the provider block is one error, which names the setting.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_provider_block() -> Result<()> {
    // A cluster that does not answer may be coming up in the same apply.
    let patience = "  timeouts {\n    create = \"1s\"\n  }\n\n  job {";
    let mut workspace = Workspace::new(&with(APPLICATION, &[("  job {", patience)])).await?;
    // Whatever this machine has is not what the test is about.
    let home = workspace.path().display().to_string();
    workspace.environment("HOME", &home);
    for (what, block, words) in [
        ("nothing at all", "", "config_path"),
        ("no such file", "config_path = \"/does/not/exist\"", "/does/not/exist"),
        ("a host without scheme", "host = \"cluster.example.com\"", "https://"),
        (
            "a certificate that is none",
            "host = \"https://127.0.0.1:1\"\ncluster_ca_certificate = \"abc\"",
            "cluster_ca_certificate",
        ),
        (
            "nobody there",
            "host = \"https://127.0.0.1:1\"\ntoken = \"s3cret-token\"",
            "127.0.0.1:1",
        ),
    ] {
        workspace.write("provider.tf", &format!("provider \"flink\" {{\n{block}\n}}\n"))?;
        let outcome = workspace.apply(&[]).await?;
        let error = outcome.expect_one_error().with_context(|| what.to_owned())?;
        let text = format!("{} {}", error.summary, error.detail);
        assert!(text.contains(words), "{what}: `{words}` is not in: {text}");
        assert!(
            !outcome.stdout.contains("s3cret-token"),
            "{what}: no secret in an error"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_the_kubeconfig_does_not_have() -> Result<()> {
    let case = Case::new("context", Jobs::StatusOnly, APPLICATION).await?;
    let block = with(
        &case.provider_block(),
        &[("namespace ", "config_context = \"production\"\n  namespace ")],
    );
    case.workspace.write("provider.tf", &block)?;
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(error.detail.contains("production"), "{}", error.detail);
    Ok(())
}

/// What the operator refuses, although nothing offline could tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_start_says_why_and_stays_in_state() -> Result<()> {
    let broken = with(APPLICATION, &[("flink:1.20", "flink:does-not-exist")]);
    let broken = with(
        &broken,
        &[("  job {", "  timeouts {\n    create = \"8s\"\n  }\n\n  job {")],
    );
    let case = Case::new("image-pull", Jobs::StatusOnly, &broken).await?;
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(
        error.detail.contains("ImagePullBackOff") || error.detail.contains("ErrImagePull"),
        "{}",
        error.detail
    );
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("what exists is in state")?;
    assert_eq!((&state["ready"], &state["tainted"]), (&json!(false), &json!(true)));
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_failure_as_a_warning_leaves_no_taint_and_the_next_apply_goes_on_waiting() -> Result<()> {
    let broken = with(
        APPLICATION,
        &[
            ("flink:1.20", "flink:does-not-exist"),
            (
                "  job {",
                "  wait_failure = \"warn\"\n  timeouts {\n    create = \"5s\"\n    update = \"60s\"\n  }\n\n  job {",
            ),
        ],
    );
    let case = Case::new("warn", Jobs::StatusOnly, &broken).await?;
    let outcome = case.workspace.apply(&[]).await?.expect_success()?;
    assert!(outcome.warnings().count() >= 1, "{}", outcome.stdout);
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("what exists is in state")?;
    assert_eq!((&state["ready"], &state["tainted"]), (&json!(false), &json!(false)));

    assert_eq!(
        case.workspace.planned("flink_deployment.orders").await?.actions,
        ["update"],
        "ready = false plans a wait"
    );
    case.apply(&with(&broken, &[("flink:does-not-exist", "flink:1.20")]))
        .await?;
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("in state")?;
    assert_eq!(
        (&state["ready"], &state["job_state"]),
        (&json!(true), &json!("RUNNING"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_the_operator_is_said_to_be_one() -> Result<()> {
    let case = Case::new("missing-account", Jobs::StatusOnly, APPLICATION).await?;
    let outcome = {
        let elsewhere = with(
            APPLICATION,
            &[(
                "  name              = \"orders\"",
                "  name              = \"orders\"\n  namespace = \"no-such-namespace\"",
            )],
        );
        case.configure(&elsewhere)?;
        case.be_administrator()?;
        case.workspace.apply(&[]).await?
    };
    let error = outcome.expect_one_error()?;
    assert!(error.detail.contains("no-such-namespace"), "{}", error.detail);
    assert!(
        case.workspace.state("flink_deployment.orders").await?.is_none(),
        "nothing was written"
    );
    Ok(())
}

/// A policy of the cluster that admits only what fits an expression in one namespace, or warns of all else.
async fn policy(case: &Case, name: &str, expression: &str, action: &str) -> Result<()> {
    let client = case.client().await?;
    let name = format!("{}-{name}", case.namespace());
    let metadata = json!({"name": name});
    let namespaces = json!({"matchLabels": {"kubernetes.io/metadata.name": case.namespace()}});
    let rules = json!([{"apiGroups": ["flink.apache.org"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                        "resources": ["flinkdeployments"]}]);
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(client.clone());
    let policy = json!({"metadata": metadata, "spec": {
        "matchConstraints": {"namespaceSelector": namespaces, "resourceRules": rules},
        "validations": [{"expression": expression, "message": format!("not as {name} wants it")}],
    }});
    policies
        .create(&PostParams::default(), &serde_json::from_value(policy)?)
        .await?;
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(client);
    let binding = json!({"metadata": metadata, "spec": {"policyName": name, "validationActions": [action]}});
    bindings
        .create(&PostParams::default(), &serde_json::from_value(binding)?)
        .await?;
    Ok(())
}

/// What admission says to a change is said by its plan, which changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_admission_says() -> Result<()> {
    let case = Case::new("admission", Jobs::StatusOnly, APPLICATION).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: the policies of a cluster that is not ours are left alone");
        return Ok(());
    }
    case.apply(APPLICATION).await?;
    policy(&case, "deny", "object.spec.job.parallelism < 3", "Deny").await?;
    policy(&case, "warn", "object.spec.job.parallelism < 2", "Warn").await?;
    case.configure(&with(APPLICATION, &[("parallelism = 1", "parallelism = 3")]))?;
    // A policy is in force a moment after it was made.
    let mut outcome = case.workspace.plan(&[]).await?;
    for _ in 0..30 {
        if !outcome.success {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        outcome = case.workspace.plan(&[]).await?;
    }
    let error = outcome.expect_one_error()?;
    assert_eq!(error.summary, "Kubernetes refused the object");
    for word in ["-deny wants it", "dry run of this plan", "nothing was changed"] {
        ensure!(error.detail.contains(word), "no `{word}` in: {}", error.detail);
    }
    assert_eq!(error.address.as_deref(), Some("flink_deployment.orders"));

    case.configure(&with(APPLICATION, &[("parallelism = 1", "parallelism = 2")]))?;
    let mut warned = String::new();
    for _ in 0..30 {
        let outcome = case.workspace.plan(&[]).await?.expect_success()?;
        let found = outcome.warnings().find(|warning| warning.summary == "Kubernetes warns");
        if let Some(warning) = found {
            warned.clone_from(&warning.detail);
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    ensure!(warned.contains("-warn wants it"), "{warned}");
    let live = case.deployment("orders").await?.context("it is there")?;
    assert_eq!(live["spec"]["job"]["parallelism"], 1, "nothing was changed");
    assert_eq!(live["metadata"]["generation"], 1);

    let client = case.client().await?;
    for name in ["deny", "warn"] {
        let name = format!("{}-{name}", case.namespace());
        let params = DeleteParams::default();
        Api::<ValidatingAdmissionPolicyBinding>::all(client.clone())
            .delete(&name, &params)
            .await?;
        Api::<ValidatingAdmissionPolicy>::all(client.clone())
            .delete(&name, &params)
            .await?;
    }
    Ok(())
}
