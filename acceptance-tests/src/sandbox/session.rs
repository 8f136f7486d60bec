//! How tests use a sandbox, or any other cluster.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Namespace as Object, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, PostParams};
use kube::core::ObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::certificates::Certificates;
use super::{Options, control_plane, lifecycle, say};

/// Names a kubeconfig whose current context is used instead of a sandbox. A real operator must be
/// watching all namespaces of that cluster.
const OTHER_CLUSTER: &str = "FLINK_ACC_KUBECONFIG";

/// Set to anything, keeps the namespaces of tests for a look afterwards.
const KEEP: &str = "FLINK_ACC_KEEP_NAMESPACES";

/// The service account that the operator's Helm chart makes for jobs.
const JOB_ACCOUNT: &str = "flink";

/// The cluster that a test runs against. While it lives, nobody restarts the sandbox.
#[derive(Debug)]
pub struct Sandbox {
    kubeconfig: PathBuf,
    own: bool,
    _user: Option<File>,
}

impl Sandbox {
    /// The cluster that `FLINK_ACC_KUBECONFIG` names; without it the sandbox with these options,
    /// which is started if it does not run. Test processes share it.
    pub async fn start(options: Options) -> Result<Self> {
        if let Some(path) = std::env::var_os(OTHER_CLUSTER) {
            let kubeconfig = PathBuf::from(path);
            anyhow::ensure!(
                kubeconfig.is_file(),
                "{OTHER_CLUSTER}: there is no file {}",
                kubeconfig.display()
            );
            return Ok(Self {
                kubeconfig,
                own: false,
                _user: None,
            });
        }
        let started = tokio::task::spawn_blocking(move || lifecycle::up_and_use(&options)).await;
        let (record, user) = started.context("start the sandbox")??;
        let kubeconfig = control_plane::kubeconfig(&record.options.state);
        Ok(Self {
            kubeconfig,
            own: true,
            _user: Some(user),
        })
    }

    /// The kubeconfig of the cluster, for `KUBE_CONFIG_PATH` and the like.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Whether this is our sandbox, and not a cluster that belongs to somebody else.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// A client certificate that the sandbox's authority signs, valid for some time, and its key; both
    /// PEM. Only of our own sandbox: nobody gives us the key of another cluster's authority.
    pub fn client_certificate(
        &self,
        user: &str,
        groups: &[&str],
        valid: Range<SystemTime>,
    ) -> Result<(String, String)> {
        anyhow::ensure!(self.own, "the authority of {} is not ours", self.kubeconfig.display());
        let state = self.kubeconfig.parent().unwrap_or(Path::new("."));
        Certificates::ensure(&state.join("pki"))?.client(user, groups, valid)
    }

    /// A new client with the administrator's rights. A client belongs to the runtime it was made
    /// in, so each test makes its own.
    pub async fn client(&self) -> Result<Client> {
        control_plane::client(&self.kubeconfig).await
    }

    /// A fresh namespace called `prefix-xxxxx`, with the service account `flink` as the operator's
    /// Helm chart makes it. It is deleted when the value is dropped.
    pub async fn namespace(&self, prefix: &str) -> Result<Namespace> {
        self.labelled_namespace(prefix, &[]).await
    }

    /// The same with labels, which the stand-in operator reads.
    pub async fn labelled_namespace(&self, prefix: &str, labels: &[(&str, &str)]) -> Result<Namespace> {
        let client = self.client().await?;
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let metadata = ObjectMeta {
            generate_name: Some(format!("{prefix}-")),
            labels: Some(labels.collect()),
            ..ObjectMeta::default()
        };
        let object = Object {
            metadata,
            ..Object::default()
        };
        let object = Api::all(client.clone()).create(&PostParams::default(), &object).await;
        let object = object.with_context(|| format!("make a namespace {prefix}-..."))?;
        let namespace = Namespace {
            name: object.name_any(),
            kubeconfig: self.kubeconfig.clone(),
        };

        make_job_account(client, &namespace.name).await?;
        Ok(namespace)
    }
}

/// Makes the service account `flink` that jobs run with, with its rights, as the operator's Helm chart does.
pub(super) async fn make_job_account(client: Client, namespace: &str) -> Result<()> {
    let metadata = ObjectMeta {
        name: Some(JOB_ACCOUNT.to_owned()),
        ..ObjectMeta::default()
    };
    let account = ServiceAccount {
        metadata,
        ..ServiceAccount::default()
    };
    let accounts = Api::namespaced(client.clone(), namespace);
    match accounts.create(&PostParams::default(), &account).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        made => {
            made.with_context(|| format!("make the service account {JOB_ACCOUNT} in {namespace}"))?;
        }
    }
    let rights = json!({
        "metadata": { "name": JOB_ACCOUNT },
        "rules": [
            { "apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["*"] },
            { "apiGroups": ["apps"], "resources": ["deployments", "deployments/finalizers"], "verbs": ["*"] },
        ],
    });
    let grant = json!({
        "metadata": { "name": JOB_ACCOUNT },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": JOB_ACCOUNT },
        "subjects": [{ "kind": "ServiceAccount", "name": JOB_ACCOUNT, "namespace": namespace }],
    });
    let (roles, bindings): (Api<Role>, Api<RoleBinding>) = (
        Api::namespaced(client.clone(), namespace),
        Api::namespaced(client, namespace),
    );
    let made = [
        roles
            .create(&PostParams::default(), &serde_json::from_value(rights)?)
            .await
            .map(drop),
        bindings
            .create(&PostParams::default(), &serde_json::from_value(grant)?)
            .await
            .map(drop),
    ];
    for made in made {
        match made {
            Err(kube::Error::Api(status)) if status.is_already_exists() => {}
            made => made.with_context(|| format!("give {JOB_ACCOUNT} in {namespace} its rights"))?,
        }
    }
    Ok(())
}

/// A namespace of one test, deleted on drop.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    kubeconfig: PathBuf,
}

impl Namespace {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::env::var_os(KEEP).is_some() {
            say(format!("keeps namespace {}", self.name));
            return;
        }
        let (name, kubeconfig) = (self.name.clone(), self.kubeconfig.clone());
        // A thread with a runtime of its own: drop cannot wait, and the test's runtime may be going
        // down. Only the request is waited for, the cluster does the rest in the background.
        let deletion = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let client = control_plane::client(&kubeconfig).await?;
                Api::<Object>::all(client)
                    .delete(&name, &DeleteParams::default())
                    .await?;
                Ok::<_, anyhow::Error>(())
            })
        });
        if let Ok(Err(error)) = deletion.join() {
            say(format!("namespace {} could not be deleted: {error:#}", self.name));
        }
    }
}
