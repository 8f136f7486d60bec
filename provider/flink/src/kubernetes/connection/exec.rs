//! Exec plugins: commands that hand out credentials, such as `aws eks get-token`.
//!
//! kube runs them too, but three times for one client, with the provider's own stdin and stderr, never
//! again for a token or certificate without an expiry, and with their output in its errors. Here a
//! plugin runs once, reads nothing, and what it prints stays secret.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use kube::config::{ExecConfig, ExecInteractiveMode};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;
use tracing::info;

use crate::secret::Mask;

mod answer;

pub(super) use answer::Credentials;

/// How long a plugin may take. Enough for somebody who has to log in with a browser.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// What a plugin may print.
const OUTPUT: u64 = 1 << 20;

/// How much of what a plugin says on stderr stands in an error.
const SAID: usize = 600;

/// The versions of the protocol between client and plugin.
pub const API_VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// A command that hands out credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Exec {
    /// Version of the protocol: one of [`API_VERSIONS`].
    pub api_version: String,
    /// The command; `~` is the home directory. Looked up in `PATH` if it holds no slash.
    pub command: String,
    /// Its arguments. Only their number is ever printed.
    pub args: Vec<String>,
    /// Environment variables for it, besides those of this process. Only their names are ever printed.
    pub env: BTreeMap<String, String>,
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec")
            .field("api_version", &self.api_version)
            .field("command", &self.command)
            .field("args", &format_args!("({})", self.args.len()))
            .field("env", &self.env.keys())
            .finish()
    }
}

impl Exec {
    /// As a kubeconfig would have it.
    pub(super) fn config(&self) -> ExecConfig {
        let variable = |(name, value): (&String, &String)| {
            [("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())].into()
        };
        ExecConfig {
            api_version: Some(self.api_version.clone()),
            command: Some(self.command.clone()),
            args: Some(self.args.clone()),
            env: Some(self.env.iter().map(variable).collect()),
            interactive_mode: Some(ExecInteractiveMode::Never),
            ..ExecConfig::default()
        }
    }
}

/// Why a plugin handed out no credentials. Fragments that fit after the plugin's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecProblem {
    /// The configuration names no command.
    #[error("has no `command`")]
    NoCommand,
    /// A version of the protocol that is not known, or no longer.
    #[error(
        "is configured for `{0}`, which is not a version of the protocol: those are `client.authentication.k8s.io/v1` and \
         `client.authentication.k8s.io/v1beta1`"
    )]
    UnknownVersion(String),
    /// It wants to ask somebody, and there is no terminal.
    #[error("wants a terminal (`interactiveMode: Always`), and a provider has none")]
    WantsTerminal,
    /// There is no such command.
    #[error("cannot be found{}", hint(.0))]
    NotFound(Option<String>),
    /// It cannot be started.
    #[error("cannot be started: {0}")]
    NotStarted(String),
    /// It ended without success.
    #[error("failed ({status}){}", said(.stderr))]
    Failed {
        /// Exit code or signal.
        status: String,
        /// The end of what it said, without secrets.
        stderr: String,
    },
    /// It did not end.
    #[error("did not end within {seconds} s and was stopped{}", said(.stderr))]
    TimedOut {
        /// How long it was waited for.
        seconds: u64,
        /// The end of what it said, without secrets.
        stderr: String,
    },
    /// What it printed holds no credentials.
    #[error("printed what is not an ExecCredential: {0}")]
    NotACredential(String),
    /// It speaks another version of the protocol.
    #[error("answered in `{found}`, but is configured for `{expected}`")]
    OtherVersion {
        /// Version in the configuration.
        expected: String,
        /// Version in the answer.
        found: String,
    },
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        ", and said nothing".to_owned()
    } else {
        format!(", and said: {stderr}")
    }
}

fn hint(hint: &Option<String>) -> String {
    hint.as_ref()
        .map(|hint| format!(": {}", hint.trim()))
        .unwrap_or_default()
}

/// Runs a plugin and returns what it hands out. Dropping the future ends the plugin.
pub(super) async fn run(exec: &ExecConfig, patience: Duration) -> Result<Credentials, ExecProblem> {
    let name = exec.command.as_deref().filter(|command| !command.is_empty());
    let name = name.ok_or(ExecProblem::NoCommand)?;
    let version = exec.api_version.as_deref().unwrap_or_default();
    if !API_VERSIONS.contains(&version) {
        return Err(ExecProblem::UnknownVersion(version.to_owned()));
    }
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(ExecProblem::WantsTerminal);
    }
    let variables = variables(exec);
    let mut mask = Mask::default();
    mask.add(variables.values().map(String::as_str));
    let mut command = Command::new(name);
    command
        .args(exec.args.iter().flatten())
        .envs(&variables)
        .env("KUBERNETES_EXEC_INFO", request(exec, version).to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    info!(
        plugin = name,
        "waits for the exec plugin to hand out credentials, at most {} s",
        patience.as_secs()
    );
    let mut child = command.spawn().map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            ExecProblem::NotFound(exec.install_hint.clone())
        } else {
            ExecProblem::NotStarted(error.to_string())
        }
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let said = Mutex::new(String::new());
    let work = async { tokio::join!(output(stdout), follow(stderr, name, &mask, &said), child.wait()) };
    let outcome = tokio::time::timeout(patience, work).await;
    let stderr = said.into_inner().unwrap_or_default();
    let stderr = crate::text::cut_middle(stderr.trim(), SAID);
    let (printed, (), status) = outcome.map_err(|_| ExecProblem::TimedOut {
        seconds: patience.as_secs(),
        stderr: stderr.clone(),
    })?;
    let status = status.map_err(|error| ExecProblem::NotStarted(error.to_string()))?;
    if !status.success() {
        return Err(ExecProblem::Failed {
            status: status.to_string(),
            stderr,
        });
    }
    answer::read(&printed, version)
}

/// The environment variables of the configuration.
fn variables(exec: &ExecConfig) -> BTreeMap<String, String> {
    let pairs = exec.env.iter().flatten();
    pairs
        .filter_map(|pair| Some((pair.get("name")?.clone(), pair.get("value")?.clone())))
        .collect()
}

/// What the plugin is told.
fn request(exec: &ExecConfig, version: &str) -> serde_json::Value {
    let mut request = json!({"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": false}});
    if exec.provide_cluster_info
        && let Some(cluster) = exec
            .cluster
            .as_ref()
            .and_then(|cluster| serde_json::to_value(cluster).ok())
    {
        request["spec"]["cluster"] = cluster;
    }
    request
}

async fn output(stdout: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut printed = Vec::new();
    if let Some(stdout) = stdout {
        // What was cut off does not parse, and that is the error then.
        let _ = stdout.take(OUTPUT).read_to_end(&mut printed).await;
    }
    printed
}

/// Passes on what the plugin says as it says it: it may ask somebody to log in elsewhere.
async fn follow(stderr: Option<impl AsyncRead + Unpin>, name: &str, mask: &Mask, said: &Mutex<String>) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = mask.apply(&line);
        info!(plugin = name, "{line}");
        if let Ok(mut said) = said.lock() {
            said.push_str(line.trim_end());
            said.push('\n');
        }
    }
}

#[cfg(test)]
mod tests;
