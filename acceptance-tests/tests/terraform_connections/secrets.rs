//! No secret leaves the provider: every credential, every write-only value and every sensitive variable is one that can be
//! told from all else, and everything that Terraform and the provider say, log and store is searched for it.

use std::path::Path;

use acceptance_tests::access::Access;
use acceptance_tests::case::{ACCOUNT, Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, SESSION, with};
use acceptance_tests::permissions::all;
use acceptance_tests::proxy::{Manners, Proxy};
use acceptance_tests::terraform::{Outcome, has_ephemeral_values};
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{block, plugin};

/// Write-only values; Flink's own list hides the first by its key.
const WRITE_ONLY: [&str; 3] = ["canary-named-7d1e", "canary-unnamed-2b90", "canary-session-41c7"];
/// A sensitive variable in places that state holds.
const VARIABLE: &str = "canary-variable-90aa";
const EXEC_ENVIRONMENT: &str = "canary-4e1b";
const PROXY_PASSWORD: &str = "canary-proxy-6f02";
/// The annotation that makes the stand-in look away.
const OPERATOR: &str = "sandbox.terraform-provider-flink/operator";
const HEADER: &str = "canary-header-58d3";

const VARIABLES: &str = r#"
variable "hidden" {
  type      = map(string)
  sensitive = true
  ephemeral = true
  default   = { "s3.secret-key" = "canary-named-7d1e", "custom.endpoint" = "canary-unnamed-2b90" }
}

variable "sensitive" {
  type      = string
  sensitive = true
  default   = "canary-variable-90aa"
}
"#;

/// Everything that a command has said, in the words of its user, and what the log and the state say afterwards.
struct Said {
    what: &'static str,
    text: String,
}

/// What no text may hold.
struct Canaries {
    credentials: Vec<(&'static str, String)>,
}

impl Canaries {
    /// Searches what is shown and logged for every secret.
    fn search(&self, said: &[Said]) -> Result<()> {
        let values = WRITE_ONLY
            .iter()
            .map(|value| ("a write-only value", (*value).to_owned()));
        let sensitive = [("the sensitive variable", VARIABLE), ("a header", HEADER)];
        let sensitive = sensitive.map(|(name, value)| (name, value.to_owned()));
        for (name, secret) in self.credentials.iter().cloned().chain(values).chain(sensitive) {
            for Said { what, text } in said {
                let line = text.lines().find(|line| line.contains(&secret));
                ensure!(line.is_none(), "{name} is in {what}: {line:?}");
            }
        }
        Ok(())
    }

    /// Searches what is stored for what Terraform does not have to store.
    fn search_stored(&self, said: &[Said]) -> Result<()> {
        let values = WRITE_ONLY
            .iter()
            .map(|value| ("a write-only value", (*value).to_owned()));
        for (name, secret) in self.credentials.iter().cloned().chain(values) {
            for Said { what, text } in said {
                ensure!(!text.contains(&secret), "{name} is in {what}");
            }
        }
        Ok(())
    }
}

fn said(what: &'static str, outcome: &Outcome) -> [Said; 1] {
    [Said {
        what,
        text: format!("{}\n{}", outcome.stdout, outcome.stderr),
    }]
}

/// The two clusters, and a session job, each with hidden configuration.
fn configuration(version: u32, parallelism: u32) -> String {
    let hidden = |values: &str| {
        format!("  flink_configuration_wo         = {values}\n  flink_configuration_wo_version = {version}\n\n")
    };
    let application = with(
        APPLICATION,
        &[
            ("  job {", &format!("{}  job {{", hidden("var.hidden"))),
            (
                "\"2\"\n",
                "\"2\"\n    \"custom.password\"             = var.sensitive\n",
            ),
            (
                "parallelism = 1",
                &format!("parallelism = {parallelism}\n    args        = [var.sensitive]"),
            ),
        ],
    );
    let application = with(
        &application,
        &[("  job {", "  timeouts {\n    update = \"8s\"\n  }\n\n  job {")],
    );
    let session = with(
        SESSION,
        &[("  job_manager {", &format!("{}  job_manager {{", hidden("var.hidden")))],
    );
    format!(
        "{VARIABLES}{application}{session}
resource \"flink_session_job\" \"payments\" {{
  name            = \"payments\"
  deployment_name = flink_deployment.session.name

{}  job {{
    jar_uri     = \"https://repo.example.com/TopSpeedWindowing.jar\"
    parallelism = 1
  }}
}}
",
        hidden("{ \"custom.session\" = \"canary-session-41c7\" }"),
    )
}

/// The configuration of an object in the cluster.
async fn live(case: &Case, name: &str) -> Result<Value> {
    let found = case.deployment(name).await?.context("it is there")?;
    Ok(found["spec"]["flinkConfiguration"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_said_logged_or_stored() -> Result<()> {
    if !has_ephemeral_values().await? {
        return Ok(());
    }
    let mut case = Case::new("secrets", Jobs::StatusOnly, "").await?;
    let access = Access::to(case.sandbox()).await?;
    let token = access.account(case.namespace(), "ci", &all()?).await?;
    let folder = tempfile::tempdir()?;
    let command = plugin(folder.path(), &token)?;
    let proxy = Proxy::start(access.address(), Manners::Login(format!("user:{PROXY_PASSWORD}"))).await?;
    let login = format!(
        "proxy_url = \"http://user:{PROXY_PASSWORD}@{}\"\n  exec {{\n    api_version = \
         \"client.authentication.k8s.io/v1\"\n    command = \"{}\"\n    env = {{ SECRET = \"{EXEC_ENVIRONMENT}\" }}\n  }}",
        proxy.address(),
        command.display(),
    );
    case.workspace
        .write("provider.tf", &block("", &access, case.namespace(), &login)?)?;
    let signature = token.rsplit('.').next().context("a token has a signature")?.to_owned();
    let mut canaries = Canaries {
        credentials: vec![
            ("the token", signature),
            ("the plugin's environment", EXEC_ENVIRONMENT.to_owned()),
            ("the proxy's password", PROXY_PASSWORD.to_owned()),
        ],
    };
    let log = folder.path().join("log");
    case.workspace.environment("TF_LOG", "TRACE");
    case.workspace.environment("TF_LOG_PATH", &log.display().to_string());

    case.configure(&configuration(1, 1))?;
    let planned = case
        .workspace
        .run(&["plan", "-no-color", "-input=false", "-out=plan.bin"])
        .await?
        .expect_success()?;
    canaries.search(&said("a plan", &planned))?;
    let shown = case
        .workspace
        .run(&["show", "-json", "plan.bin"])
        .await?
        .expect_success()?;
    let mut shown: Value = serde_json::from_str(&shown.stdout)?;
    // The configuration itself, with the values of its variables, is the user's.
    for own in ["configuration", "variables"] {
        shown[own] = Value::Null;
    }
    canaries.search_stored(&[Said {
        what: "the plan as JSON",
        text: shown.to_string(),
    }])?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    canaries.search(&said("an apply", &applied))?;
    case.workspace
        .expect_no_changes()
        .await
        .context("write-only values are no drift")?;
    assert_eq!(live(&case, "orders").await?["s3.secret-key"], WRITE_ONLY[0]);
    assert_eq!(live(&case, "session").await?["custom.endpoint"], WRITE_ONLY[1]);

    // What is not said to change stays, whatever the configuration has by now; a new version sends it.
    let other = configuration(1, 2).replace(WRITE_ONLY[0], "canary-named-7d1e-renewed");
    case.configure(&other)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(live(&case, "orders").await?["s3.secret-key"], WRITE_ONLY[0]);
    let renewed = other.replace("_version = 1", "_version = 2");
    case.configure(&renewed)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(
        live(&case, "orders").await?["s3.secret-key"],
        "canary-named-7d1e-renewed"
    );
    case.workspace.expect_no_changes().await?;

    // A key that goes away with its version, goes away in the cluster.
    let fewer = renewed
        .replace("_version = 2", "_version = 3")
        .replace("\"custom.endpoint\" = \"canary-unnamed-2b90\"", "");
    let fewer = with(&fewer, &[("7d1e-renewed\", ", "7d1e-renewed\"")]);
    case.configure(&fewer)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(live(&case, "orders").await?["custom.endpoint"], Value::Null);
    case.workspace.expect_no_changes().await?;
    case.configure(&renewed)?;
    case.workspace.apply(&[]).await?.expect_success()?;

    // The operator and Kubernetes repeat what they were given.
    if case.sandbox().is_own() {
        let echoed = with(
            &renewed,
            &[("parallelism = 2", "parallelism = 3"), ("  timeouts", &down())],
        );
        repeat_secrets(&case).await?;
        case.configure(&echoed)?;
        let failed = case.workspace.apply(&[]).await?;
        let error = failed.expect_one_error()?;
        ensure!(error.detail.contains("(hidden)"), "{}", error.detail);
        canaries.search(&said("an error", &failed))?;
    }

    // What the configuration's own checks would repeat.
    let wrong = renewed.replace(
        "\"custom.endpoint\" = \"canary-unnamed-2b90\"",
        "\"job.autoscaler.enabled\" = \"true\", \"job.autoscaler.utilization.target\" = \"4711.0815\"",
    );
    canaries.credentials.push(("a number", "4711.0815".to_owned()));
    case.configure(&wrong)?;
    let refused = case.workspace.run(&["plan", "-no-color", "-input=false"]).await?;
    ensure!(
        !refused.success && refused.stderr.contains("(hidden)"),
        "{}",
        refused.stderr
    );
    canaries.search(&said("a refusal", &refused))?;

    // Credentials that are not accepted, by every way to give them.
    refusals(&case, &access, &mut canaries).await?;

    let state = std::fs::read_to_string(case.workspace.path().join("terraform.tfstate"))?;
    ensure!(state.contains(VARIABLE), "what Terraform stores is looked at");
    canaries.search_stored(&[Said {
        what: "the state",
        text: state,
    }])?;

    case.workspace
        .write("provider.tf", &block("", &access, case.namespace(), &login)?)?;
    case.configure(&renewed)?;
    let looks_again = json!({"metadata": {"annotations": {OPERATOR: null}}});
    case.edit("orders", looks_again).await?;
    let destroyed = case.workspace.destroy().await?.expect_success()?;
    canaries.search(&said("a destroy", &destroyed))?;
    let log = std::fs::read_to_string(log)?;
    ensure!(
        log.contains("provider.terraform-provider-flink") && log.contains("waiting: "),
        "the log is there"
    );
    canaries.search(&[Said {
        what: "the log",
        text: log,
    }])
}

/// The annotation, before the timeouts.
fn down() -> String {
    format!("  annotations = {{ \"{OPERATOR}\" = \"down\" }}\n\n  timeouts")
}

/// Writes secrets where the provider looks for reasons: into the status and into an event.
async fn repeat_secrets(case: &Case) -> Result<()> {
    let text = format!(
        "cannot log in with {} at {} as {VARIABLE}",
        "canary-named-7d1e-renewed", WRITE_ONLY[1]
    );
    let looks_away = json!({"metadata": {"annotations": {OPERATOR: "down"}}});
    case.edit("orders", looks_away).await?;
    let error = json!({"status": {"error": text}});
    case.deployments()
        .await?
        .patch_status("orders", &PatchParams::default(), &Patch::Merge(error))
        .await?;
    let events: Api<Event> = Api::namespaced(case.client().await?, case.namespace());
    let event = json!({
        "metadata": {"generateName": "orders-"},
        "involvedObject": {"kind": "FlinkDeployment", "name": "orders", "namespace": case.namespace()},
        "reason": "LoginFailed", "message": format!("{text}, says Kubernetes"), "type": "Warning",
    });
    events
        .create(&PostParams::default(), &serde_json::from_value(event)?)
        .await?;
    Ok(())
}

/// Errors of connections and of a JobManager at a URL, with each kind of credential.
async fn refusals(case: &Case, access: &Access, canaries: &mut Canaries) -> Result<()> {
    let key = rsa_like("canarykey81f2");
    let token = "canary-token-77e0";
    canaries
        .credentials
        .push(("a token that is not accepted", token.to_owned()));
    canaries.credentials.push(("a client key", "canarykey81f2".to_owned()));
    canaries
        .credentials
        .push(("a password", "canary-basic-33cf".to_owned()));
    let kubeconfig = basic(access, &case.workspace.path().join("basic"))?;
    let logins = [
        block("", access, case.namespace(), &format!("token = \"{token}\""))?,
        block(
            "",
            access,
            case.namespace(),
            &format!(
                "client_certificate = {0}\n  client_key = {0}",
                serde_json::to_string(&key)?
            ),
        )?,
        block(
            "",
            access,
            case.namespace(),
            "token = \"x\"\n  proxy_url = \"http://user:canary-basic-33cf@127.0.0.1:9\"",
        )?,
        format!(
            "provider \"flink\" {{\n  config_path = \"{kubeconfig}\"\n  namespace = \"{}\"\n}}\n",
            case.namespace()
        ),
    ];
    for login in logins {
        case.workspace.write("provider.tf", &login)?;
        let refused = case.workspace.run(&["plan", "-input=false", "-json"]).await?;
        ensure!(!refused.success, "{}", refused.stdout);
        // Terraform itself shows the lines of the configuration that an error points at.
        let texts = refused
            .diagnostics
            .iter()
            .map(|error| format!("{} {}\n", error.summary, error.detail));
        canaries.search(&[Said {
            what: "a connection's error",
            text: texts.collect(),
        }])?;
    }
    let data = format!(
        "{VARIABLES}\ndata \"flink_cluster\" \"it\" {{\n  job_manager_url = \"http://127.0.0.1:9\"\n  headers = {{\n    \
         Authorization = \"Bearer {HEADER}\"\n  }}\n}}\n"
    );
    let workspace = acceptance_tests::terraform::Workspace::new(&data).await?;
    workspace.write("provider.tf", &case.provider_block())?;
    let refused = workspace.run(&["plan", "-input=false", "-json"]).await?;
    ensure!(!refused.success, "{}", refused.stdout);
    let texts = refused
        .diagnostics
        .iter()
        .map(|error| format!("{} {}\n", error.summary, error.detail));
    canaries.search(&[Said {
        what: "a data source's error",
        text: texts.collect(),
    }])
}

/// Something in PEM that is no key.
fn rsa_like(text: &str) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// A kubeconfig whose user has a name and a password, which no API server takes any more.
fn basic(access: &Access, path: &Path) -> Result<String> {
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": access.server, "insecure-skip-tls-verify": true}}],
        "users": [{"name": "it", "user": {"username": ACCOUNT, "password": "canary-basic-33cf"}}],
    });
    std::fs::write(path, kubeconfig.to_string())?;
    Ok(path.display().to_string())
}
