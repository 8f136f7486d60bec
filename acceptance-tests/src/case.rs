//! What one acceptance test works with: a namespace of its own on the shared cluster, and a Terraform workspace whose
//! provider block points at it, with the rights of the guide about permissions.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::access::{account, kubeconfig_with};
use crate::objects::objects;
use crate::permissions;
use crate::sandbox::{Namespace, Options, Sandbox};
use crate::terraform::Workspace;

/// The corner of one test. The namespace is deleted when it is dropped.
#[derive(Debug)]
pub struct Case {
    /// The workspace.
    pub workspace: Workspace,
    namespace: Namespace,
    sandbox: Sandbox,
    credentials: TempDir,
}

/// The service account that Terraform works with.
pub const ACCOUNT: &str = "terraform";

/// Whether jobs are real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// The stand-in writes statuses as if there were a Flink. Fast; for tests about Terraform and Kubernetes.
    StatusOnly,
    /// Application clusters are real Flink processes.
    Real,
}

impl Case {
    /// A case with this configuration. `NAMESPACE` in it becomes the case's namespace.
    ///
    /// # Errors
    /// The cluster cannot be reached or started.
    pub async fn new(prefix: &str, jobs: Jobs, configuration: &str) -> Result<Self> {
        Self::on(Options::acceptance("acceptance")?, prefix, jobs, configuration).await
    }

    /// A case on a sandbox of its own kind.
    ///
    /// # Errors
    /// The cluster cannot be reached or started.
    pub async fn on(options: Options, prefix: &str, jobs: Jobs, configuration: &str) -> Result<Self> {
        let sandbox = Sandbox::start(options).await?;
        let labels: &[(&str, &str)] = match jobs {
            Jobs::StatusOnly => &[("sandbox.terraform-provider-flink/flink", "none")],
            Jobs::Real => &[],
        };
        let namespace = sandbox.labelled_namespace(prefix, labels).await?;
        let token = account(
            &sandbox.client().await?,
            namespace.name(),
            ACCOUNT,
            &permissions::all()?,
        )
        .await?;
        let case = Self {
            workspace: Workspace::new("").await?,
            namespace,
            credentials: tempfile::tempdir()?,
            sandbox,
        };
        std::fs::write(case.kubeconfig(), kubeconfig_with(case.sandbox.kubeconfig(), &token)?)?;
        case.workspace.write("provider.tf", &case.provider_block())?;
        case.configure(configuration)?;
        Ok(case)
    }

    /// Another workspace with the case's provider block and rights, and nothing else: a state of its own.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn beside(&self) -> Result<Workspace> {
        let workspace = Workspace::new("").await?;
        workspace.write("provider.tf", &self.provider_block())?;
        Ok(workspace)
    }

    /// The kubeconfig of a service account that has all the rights in the case's namespace that the guide ships, and no
    /// others.
    pub fn kubeconfig(&self) -> PathBuf {
        self.credentials.path().join("kubeconfig")
    }

    /// The provider block that points at the case's cluster and namespace, with [these credentials](Self::kubeconfig).
    pub fn provider_block(&self) -> String {
        self.provider_block_with(&self.kubeconfig())
    }

    /// Lets Terraform have all rights on the cluster: for what is beyond the case's namespace.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn be_administrator(&self) -> Result<()> {
        let block = self.provider_block_with(self.sandbox.kubeconfig());
        self.workspace.write("provider.tf", &block)
    }

    fn provider_block_with(&self, kubeconfig: &Path) -> String {
        format!(
            "provider \"flink\" {{\n  config_path = \"{}\"\n  namespace   = \"{}\"\n}}\n",
            kubeconfig.display(),
            self.namespace.name()
        )
    }

    /// Puts another configuration in the place of the present one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn configure(&self, configuration: &str) -> Result<()> {
        self.workspace
            .write("main.tf", &configuration.replace("NAMESPACE", self.namespace.name()))
    }

    /// Configures, applies, and expects that to succeed and a second plan to be empty.
    ///
    /// # Errors
    /// The apply fails, or another plan would change something.
    pub async fn apply(&self, configuration: &str) -> Result<()> {
        self.configure(configuration)?;
        self.workspace.apply(&[]).await?.expect_success()?;
        self.workspace.expect_no_changes().await
    }

    /// The namespace's name.
    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// The cluster.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// A client with all rights.
    ///
    /// # Errors
    /// The kubeconfig cannot be read.
    pub async fn client(&self) -> Result<Client> {
        self.sandbox.client().await
    }

    /// The objects of a kind in the case's namespace.
    ///
    /// # Errors
    /// The kubeconfig cannot be read.
    pub async fn objects(&self, kind: &str) -> Result<Api<DynamicObject>> {
        Ok(objects(&self.client().await?, self.namespace.name(), kind))
    }

    /// The deployments of the case's namespace.
    ///
    /// # Errors
    /// The kubeconfig cannot be read.
    pub async fn deployments(&self) -> Result<Api<DynamicObject>> {
        self.objects("FlinkDeployment").await
    }

    /// A deployment as JSON, or nothing where there is none.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn deployment(&self, name: &str) -> Result<Option<Value>> {
        let found = self
            .deployments()
            .await?
            .get_opt(name)
            .await
            .context("failed to get the deployment")?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// Applies, and kills Terraform and the provider as soon as the deployment `orders` is as wanted.
    ///
    /// # Errors
    /// That takes more than a minute.
    pub async fn killed_when(&self, is_time: impl Fn(Option<&Value>) -> bool) -> Result<()> {
        let mut apply = self
            .workspace
            .command(&["apply", "-no-color", "-input=false", "-auto-approve"])
            .process_group(0)
            .spawn()?;
        let group = apply.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = group.context("it runs")?;
        let began = Instant::now();
        while !is_time(self.deployment("orders").await?.as_ref()) {
            ensure!(began.elapsed() < Duration::from_secs(60), "the moment did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        kill_process_group(group, Signal::KILL)?;
        apply.wait().await?;
        Ok(())
    }

    /// Changes a deployment behind Terraform's back, as `kubectl edit` does.
    ///
    /// # Errors
    /// The API server refuses the patch.
    pub async fn edit(&self, name: &str, patch: Value) -> Result<()> {
        let params = PatchParams {
            field_manager: Some("kubectl-edit".to_owned()),
            ..PatchParams::default()
        };
        self.deployments()
            .await?
            .patch(name, &params, &Patch::Merge(patch))
            .await
            .context("failed to edit")?;
        Ok(())
    }

    /// Changes the namespace of the case, such as a label that is a switch of the stand-in.
    ///
    /// # Errors
    /// The API server refuses the patch.
    pub async fn edit_namespace(&self, patch: Value) -> Result<()> {
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client().await?);
        namespaces
            .patch(self.namespace.name(), &PatchParams::default(), &Patch::Merge(patch))
            .await
            .context("failed to edit the namespace")?;
        Ok(())
    }

    /// A `GET` at a deployment's JobManager, through the API server's service proxy.
    ///
    /// # Errors
    /// The JobManager cannot be reached or refuses.
    pub async fn rest(&self, name: &str, path: &str) -> Result<Value> {
        let path = format!(
            "/api/v1/namespaces/{}/services/{name}-rest:8081/proxy/{path}",
            self.namespace.name()
        );
        let request = http::Request::get(&path).body(Vec::new())?;
        self.client()
            .await?
            .request(request)
            .await
            .with_context(|| format!("failed to get {path}"))
    }
}
