//! Every way to reach a cluster, against a real API server, and what a user reads when one is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say by a panic what is wrong")]

#[path = "connections/credentials.rs"]
mod credentials;
#[path = "connections/kubeconfigs.rs"]
mod kubeconfigs;
#[path = "connections/plugins.rs"]
mod plugins;
#[path = "connections/servers.rs"]
mod servers;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use acceptance_tests::access::{Access, connect, look, nowhere};
use acceptance_tests::sandbox::{Namespace, Options, Sandbox};
use flink_client::kubernetes::{Connection, Environment};
use serde_json::{Value, json};
use terraform_schema::Diagnostic;

/// How long a certificate is good that a test sees end: enough to use it first, on a busy machine.
const SHORT: Duration = Duration::from_secs(15);

/// A namespace of the sandbox, its administrator, and a folder for files.
struct Stage {
    access: Access,
    namespace: Namespace,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Stage {
    /// A stage on our own sandbox; nothing where the tests run on another cluster, whose authority has not given us its
    /// key.
    async fn own() -> Option<Self> {
        let sandbox = Sandbox::start(Options::acceptance("acceptance").unwrap())
            .await
            .unwrap();
        if !sandbox.is_own() {
            eprintln!("passed over: this needs a sandbox of our own");
            return None;
        }
        Some(Self {
            access: Access::to(&sandbox).await.unwrap(),
            namespace: sandbox.namespace("connections").await.unwrap(),
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// A token of a new account that may look at deployments.
    async fn reader(&self, name: &str) -> String {
        self.access.reader(self.namespace(), name).await.unwrap()
    }

    /// A client certificate of a user who may look at all.
    fn certificate(&self, valid_for: Duration) -> (String, String) {
        let now = SystemTime::now();
        let valid = now - Duration::from_secs(60)..now + valid_for;
        self.sandbox
            .client_certificate("operator", &["system:masters"], valid)
            .unwrap()
    }

    /// Writes a file and returns its path.
    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a kubeconfig with this cluster, called `dev`, and one user, called `dev`.
    fn kubeconfig(&self, name: &str, user: Value, cluster: Value) -> String {
        let mut merged = json!({
            "server": self.access.server,
            "certificate-authority": self.file("ca.pem", &self.access.authority),
        });
        for (key, value) in cluster.as_object().unwrap() {
            merged[key] = value.clone();
        }
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "dev",
            "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "dev"}}],
            "clusters": [{"name": "dev", "cluster": merged}],
            "users": [{"name": "dev", "user": user}],
        });
        self.file(name, &kubeconfig.to_string()).display().to_string()
    }

    /// Connects and looks once.
    async fn try_once(&self, connection: &Connection) -> Result<(), Diagnostic> {
        self.try_in(connection, &nowhere()).await
    }

    async fn try_in(&self, connection: &Connection, environment: &Environment) -> Result<(), Diagnostic> {
        look(&connect(connection, environment).await?, self.namespace()).await
    }

    /// Connects and looks once, which must fail with this headline and these parts of the text.
    async fn refused(&self, connection: &Connection, summary: &str, parts: &[&str]) {
        refused(self.try_once(connection).await, summary, parts);
    }
}

#[track_caller]
fn refused(outcome: Result<(), Diagnostic>, summary: &str, parts: &[&str]) {
    let problem = outcome.unwrap_err();
    assert_eq!(problem.summary, summary, "{}", problem.detail);
    for part in parts {
        assert!(problem.detail.contains(part), "{part}: {}", problem.detail);
    }
}

fn at(kubeconfig: &str) -> Connection {
    Connection {
        config_path: Some(kubeconfig.to_owned()),
        ..Connection::default()
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Environment::new(move |name| variables.get(name).cloned(), "/nonexistent")
}

/// Makes a file a program.
fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}
