//! Connections as a user of Terraform meets them: what is known only after apply, plugins, aliases, and roles.

#[path = "terraform_connections/permissions.rs"]
mod permissions;
#[path = "terraform_connections/secrets.rs"]
mod secrets;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance_tests::access::Access;
use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use acceptance_tests::faults::proxy::Proxy;
use acceptance_tests::permissions::smallest;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

/// A provider block that logs in with a token.
fn block(alias: &str, access: &Access, namespace: &str, login: &str) -> Result<String> {
    Ok(format!(
        "provider \"flink\" {{\n  {alias}\n  host = \"{}\"\n  cluster_ca_certificate = {}\n  namespace = \"{namespace}\"\n  \
         {login}\n}}\n",
        access.server,
        serde_json::to_string(&access.authority)?,
    ))
}

/// A plugin that hands out a token and notes its calls; its folder.
fn plugin(folder: &Path, token: &str) -> Result<PathBuf> {
    let path = folder.join("login");
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token},
    });
    std::fs::write(folder.join("credential"), credential.to_string())?;
    std::fs::write(
        &path,
        format!(
            "#!/bin/sh\necho \"$1 $SECRET\" >> '{0}/calls'\necho 'logs in with '$SECRET >&2\ncat '{0}/credential'\n",
            folder.display()
        ),
    )?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
    Ok(path)
}

/// Neither address nor credentials are known when a new job is planned, and no plugin is asked for it; the apply that makes
/// them known uses them.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_job_is_planned_before_there_is_a_cluster() -> Result<()> {
    let mut case = Case::new("exec", Jobs::StatusOnly, APPLICATION).await?;
    let access = Access::to(case.sandbox()).await?;
    let token = access.account(case.namespace(), "ci", &smallest()?).await?;
    let folder = tempfile::tempdir()?;
    let plugin = plugin(folder.path(), &token)?;
    let calls = || std::fs::read_to_string(folder.path().join("calls")).unwrap_or_default();
    let provider = format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input = {{\n    host = \"{}\"\n    authority = {}\n  }}\n}}\n\
         provider \"flink\" {{\n  host = terraform_data.cluster.output.host\n  \
         cluster_ca_certificate = terraform_data.cluster.output.authority\n  namespace = \"{}\"\n  \
         exec {{\n    api_version = \"client.authentication.k8s.io/v1\"\n    command = \"{}\"\n    args = [\"get-token\"]\n    \
         env = {{ SECRET = \"canary-4e1b\" }}\n  }}\n}}\n",
        access.server,
        serde_json::to_string(&access.authority)?,
        case.namespace(),
        plugin.display(),
    );
    case.workspace.write("provider.tf", &provider)?;
    let log = folder.path().join("log");
    case.workspace.environment("TF_LOG", "TRACE");
    case.workspace.environment("TF_LOG_PATH", &log.display().to_string());
    case.workspace.plan(&[]).await?.expect_success()?;
    assert_eq!(calls(), "", "no plugin for a new job");
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(calls(), "get-token canary-4e1b\n", "one login for the whole apply");
    case.workspace.expect_no_changes().await?;
    assert_eq!(calls().lines().count(), 2, "one login for the refresh");

    let log = std::fs::read_to_string(log)?;
    ensure!(
        log.contains("waits for the exec plugin"),
        "it is said what is waited for"
    );
    ensure!(
        log.contains("logs in with (hidden)"),
        "what the plugin says is passed on"
    );
    let ours = |line: &&str| line.contains("provider.terraform-provider-flink");
    for secret in ["canary-4e1b", token.as_str()] {
        let line = log.lines().filter(ours).find(|line| line.contains(secret));
        ensure!(line.is_none(), "a secret in the log: {line:?}");
    }
    Ok(())
}

/// A cluster that is made by the very apply that uses it: nothing of it is there for the plan, its kubeconfig is written on the
/// way, and its API server answers later still.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_comes_up_in_the_same_apply() -> Result<()> {
    let mut case = Case::new("coming-up", Jobs::StatusOnly, APPLICATION).await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let cluster = Proxy::start(case.client().await?, Duration::ZERO).await?;
    cluster.write_kubeconfig(&folder.path().join("made"))?;
    let made = format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input = \"{1}\"\n  provisioner \"local-exec\" {{\n    command = \
         \"cp {0} {1}\"\n  }}\n}}\n",
        path("made"),
        path("kubeconfig"),
    );
    let provider = |config_path: &str| {
        format!(
            "{made}provider \"flink\" {{\n  config_path = {config_path}\n  namespace = \"{}\"\n}}\n",
            case.namespace()
        )
    };
    let unknown = provider("terraform_data.cluster.output");
    let known = provider(&format!("\"{}\"", path("kubeconfig")));
    let ordered = with(
        APPLICATION,
        &[("  job {", "  depends_on = [terraform_data.cluster]\n\n  job {")],
    );
    case.workspace.environment("TF_LOG", "INFO");
    case.workspace.environment("TF_LOG_PATH", &path("log"));
    for (what, provider, deployment) in [
        ("the path is known after apply", unknown, APPLICATION),
        ("the path is known, and the file is not there yet", known, &ordered),
    ] {
        case.workspace.write("provider.tf", &provider)?;
        case.configure(deployment)?;
        let apply = async {
            case.workspace.plan(&[]).await?.expect_success().context(what)?;
            ensure!(
                !folder.path().join("kubeconfig").exists(),
                "{what}: no plan makes a cluster"
            );
            case.workspace.apply(&[]).await?.expect_success().context(what)
        };
        let waited_for = async {
            let said = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            while !said().contains("waiting to create it: the API server at") {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::pin!(apply);
        // Whoever does not wait would end the apply before there is anybody to answer.
        tokio::select! {
            outcome = &mut apply => anyhow::bail!("{what}: ended without the API server: {outcome:?}"),
            () = cluster.away_until(waited_for) => {}
        }
        apply.await?;
        case.workspace.expect_no_changes().await.context(what)?;
        case.workspace.destroy().await?.expect_success()?;
        std::fs::remove_file(folder.path().join("kubeconfig"))?;
        std::fs::remove_file(folder.path().join("log"))?;
    }
    Ok(())
}

/// Two users of one cluster, each with rights in one namespace only, in one configuration.
#[tokio::test(flavor = "multi_thread")]
async fn aliases_keep_to_their_own_cluster_and_user() -> Result<()> {
    let case = Case::new("alias", Jobs::StatusOnly, "").await?;
    let access = Access::to(case.sandbox()).await?;
    let labels = [("sandbox.terraform-provider-flink/flink", "none")];
    let other = case.sandbox().labelled_namespace("alias", &labels).await?;
    let rules = smallest()?;
    let blue = access.account(case.namespace(), "blue", &rules).await?;
    let green = access.account(other.name(), "green", &rules).await?;
    let login = |token: &str| format!("token = \"{token}\"");
    let provider = |namespaces: [&str; 2]| -> Result<String> {
        Ok(block("", &access, namespaces[0], &login(&blue))?
            + &block("alias = \"green\"", &access, namespaces[1], &login(&green))?)
    };
    case.workspace
        .write("provider.tf", &provider([case.namespace(), other.name()])?)?;
    let green = with(
        APPLICATION,
        &[(
            "\"flink_deployment\" \"orders\" {",
            "\"flink_deployment\" \"green\" {\n  provider = flink.green",
        )],
    );
    case.apply(&format!("{APPLICATION}{green}")).await?;
    for (address, namespace) in [
        ("flink_deployment.orders", case.namespace()),
        ("flink_deployment.green", other.name()),
    ] {
        let state = case.workspace.state(address).await?.context("it is in state")?;
        assert_eq!(state["namespace"], json!(namespace), "{address}");
    }
    case.workspace.destroy().await?.expect_success()?;

    case.workspace
        .write("provider.tf", &provider([other.name(), other.name()])?)?;
    case.configure(APPLICATION)?;
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert_eq!(error.summary, "Not allowed by Kubernetes");
    let part = format!("in namespace `{}`", other.name());
    ensure!(
        error.detail.contains(&part) && error.detail.contains(":blue"),
        "{}",
        error.detail
    );
    assert_eq!(error.address.as_deref(), Some("flink_deployment.orders"));
    Ok(())
}

/// Mistakes in the block are said at the block, before anything is asked.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_said_at_the_line() -> Result<()> {
    let case = Case::new("block", Jobs::StatusOnly, APPLICATION).await?;
    let access = Access::to(case.sandbox()).await?;
    for (line, summary, code) in [
        ("token = \"a b\"", "Not a token", "token"),
        ("proxy_url = \"proxy.example.com\"", "Proxy cannot be used", "proxy_url"),
        ("tls_server_name = \"a b\"", "Not a host name", "tls_server_name"),
        (
            "exec {\n    api_version = \"client.authentication.k8s.io/v1alpha1\"\n    command = \"x\"\n  }",
            "Value not allowed",
            "api_version",
        ),
    ] {
        case.workspace
            .write("provider.tf", &block("", &access, case.namespace(), line)?)?;
        let outcome = case.workspace.plan(&[]).await?;
        let error = outcome.expect_one_error()?;
        assert_eq!(error.summary, summary, "{}", error.detail);
        let snippet = error.snippet.as_ref().context("it points at a line")?;
        ensure!(snippet.code.contains(code), "{}", snippet.code);
    }
    Ok(())
}
