//! A deployment whose cluster really runs, and the Kubernetes objects through which it is reached.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::warn;

use crate::flink::{Application, Cluster, ClusterState, Installation, JobInfo, Rest, Volumes};
use crate::sandbox::Routes;

use super::kubernetes::is_code;
use super::spec::Spec;
use super::status::{Failure, JOB_FAILED};
use super::world::{ClusterView, Deploy, JobManager, JobView, Restore};

/// Where the JobManager's REST API listens, inside the imaginary pod network.
const REST_PORT: u16 = 8081;
const FORMAT: &str = "CANONICAL";
/// How long a JobManager that answers may be without its job before that is shown.
const PATIENCE_WITH_MAIN: Duration = Duration::from_secs(60);

/// How the processes of a deployment are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As the operator asks for.
    Anew,
    /// The job ran before, and goes on from its newest checkpoint.
    Again,
    /// The job is over: only the JobManager is there.
    Over,
}

/// The processes of one deployment.
pub struct RealCluster {
    client: Client,
    routes: Routes,
    namespace: String,
    name: String,
    uid: String,
    installation: Installation,
    volumes: Volumes,
    directory: PathBuf,
    job_id: String,
    cluster: Option<Cluster>,
    pod: Option<(String, Ipv4Addr)>,
    reachable: bool,
    since: Instant,
}

impl RealCluster {
    /// Nothing runs yet. `volumes` is the root of what jobs write, `directory` the cluster's own.
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, with everything that a cluster belongs to"
    )]
    pub fn new(
        client: Client,
        routes: Routes,
        namespace: &str,
        name: &str,
        uid: &str,
        installation: Installation,
        volumes: &Path,
        directory: PathBuf,
    ) -> Self {
        Self {
            client,
            routes,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            installation,
            volumes: Volumes::new(volumes),
            directory,
            job_id: String::new(),
            cluster: None,
            pod: None,
            reachable: false,
            since: Instant::now(),
        }
    }

    /// Starts the processes and makes the objects.
    pub async fn deploy(&mut self, deploy: Deploy, how: How) -> Result<()> {
        self.since = Instant::now();
        self.job_id = deploy.job_id.clone().unwrap_or_default();
        let newest = || self.newest_checkpoint(&deploy.spec);
        let restore = match &deploy.restore {
            _ if how == How::Again && newest().is_some() => newest(),
            Restore::Nothing => None,
            Restore::From(path) => Some(path.clone()),
            Restore::LastState => newest(),
        };
        let application = Application {
            over: how == How::Over,
            ..application(&self.name, &deploy.spec, &self.job_id, restore)
        };
        let (installation, volumes) = (self.installation.clone(), self.volumes.clone());
        let cluster = Cluster::start(installation, volumes, &self.directory, application).await?;
        let port = cluster.port();
        self.cluster = Some(cluster);
        self.create_objects(&deploy.spec, port).await
    }

    /// Whether it works for a job, or would if it could.
    pub fn is_at_work(&self) -> bool {
        self.cluster.as_ref().is_some_and(Cluster::is_at_work)
    }

    /// Whether the REST service leads to the JobManager, as far as was last seen.
    pub fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// The REST API, if it answered when it was last looked at.
    pub fn rest(&self) -> Option<Rest> {
        let cluster = self.cluster.as_ref().filter(|_| self.reachable)?;
        Some(cluster.rest())
    }

    /// What an operator finds.
    pub async fn view(&mut self) -> Result<ClusterView> {
        let Some(cluster) = &mut self.cluster else {
            return Ok(ClusterView::default());
        };
        let state = cluster.state().await?;
        let rest = cluster.rest();
        self.set_reachable(state == ClusterState::Answering).await;
        match state {
            ClusterState::Starting => Ok(ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            }),
            ClusterState::CrashLoop { back_off } => {
                let message = format!(
                    "[flink-main-container] back-off {back_off}s restarting failed container=flink-main-container pod={}_{}",
                    self.name, self.namespace
                );
                let job_manager = JobManager::Failing {
                    reason: "CrashLoopBackOff".to_owned(),
                    message,
                };
                Ok(ClusterView {
                    job_manager,
                    ..ClusterView::default()
                })
            }
            ClusterState::Answering => Ok(self.look(rest).await),
        }
    }

    /// Takes a savepoint and ends the job; its TaskManagers are not needed any more.
    pub async fn stop(&mut self, directory: &str, drain: bool) -> Result<String, String> {
        let Some(cluster) = &mut self.cluster else {
            return Err("The cluster is gone.".to_owned());
        };
        let stopped = cluster.rest().stop(&self.job_id, directory, drain, FORMAT).await;
        let path = stopped.map_err(|error| error.to_string())?;
        cluster.release().await;
        Ok(path)
    }

    /// Asks for the job to be cancelled. That it cannot be is no error: it will be killed.
    pub async fn cancel(&self) {
        if let Some(cluster) = &self.cluster {
            let _ = cluster.rest().cancel(&self.job_id).await;
        }
    }

    /// Takes a savepoint beside the job.
    pub async fn savepoint(&self, directory: &str) -> Result<String, String> {
        let cluster = self.cluster.as_ref().ok_or("The cluster is gone.")?;
        cluster
            .rest()
            .savepoint(&self.job_id, directory, FORMAT)
            .await
            .map_err(|error| error.to_string())
    }

    /// Takes a checkpoint beside the job. Returns where it lies, or nothing where Flink does not tell.
    pub async fn checkpoint(&self) -> Result<String, String> {
        let cluster = self.cluster.as_ref().ok_or("The cluster is gone.")?;
        let rest = cluster.rest();
        rest.checkpoint(&self.job_id).await.map_err(|error| error.to_string())?;
        Ok(rest
            .last_checkpoint(&self.job_id)
            .await
            .ok()
            .flatten()
            .unwrap_or_default())
    }

    /// Runs another number of TaskManagers.
    pub async fn scale(&mut self, task_managers: u32) -> Result<()> {
        match &mut self.cluster {
            Some(cluster) => cluster.scale(task_managers).await,
            None => Ok(()),
        }
    }

    /// Ends the processes and removes the objects.
    pub async fn tear_down(&mut self) -> Result<()> {
        let objects = self.delete_objects().await;
        if let Some(cluster) = self.cluster.take() {
            cluster.end().await;
        }
        objects
    }

    async fn look(&self, rest: Rest) -> ClusterView {
        let jobs = rest.jobs().await.unwrap_or_default();
        let job = jobs.into_iter().find(|job| job.id == self.job_id);
        // In a standalone cluster REST answers before the program's main method has submitted its job.
        if job.is_none() && self.since.elapsed() < PATIENCE_WITH_MAIN {
            return ClusterView {
                job_manager: JobManager::Starting,
                ..ClusterView::default()
            };
        }
        // Not asked for while the job starts: Flink would keep the refusal for some seconds, for everybody.
        let ended = job
            .as_ref()
            .filter(|job| matches!(job.state.as_str(), "FAILED" | "CANCELED"));
        let checkpoint = match ended {
            Some(job) => rest.last_checkpoint(&job.id).await.ok().flatten(),
            None => None,
        };
        let job = match job {
            Some(job) => Some(view(rest, job).await),
            None => None,
        };
        let config = rest.config().await.unwrap_or_default();
        let info = ["flink-version", "flink-revision"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), config.get(key)?.as_str()?.to_owned())));
        ClusterView {
            job_manager: JobManager::Up,
            job,
            checkpoint,
            info: info.collect::<BTreeMap<_, _>>(),
            unmanaged_jobs: Vec::new(),
        }
    }

    /// The newest checkpoint of the job on disk, as high availability would remember it.
    pub fn newest_checkpoint(&self, spec: &Spec) -> Option<String> {
        newest_checkpoint(&self.volumes, spec, &self.job_id)
    }

    /// A pod that nobody schedules, with an address that only the sandbox's proxy knows; the REST
    /// service; and its endpoints, which stay empty until the JobManager answers.
    async fn create_objects(&mut self, spec: &Spec, port: u16) -> Result<()> {
        let labels = json!({
            "app": self.name,
            "component": "jobmanager",
            "type": if spec.is_standalone() { "flink-standalone-kubernetes" } else { "flink-native-kubernetes" },
        });
        let metadata = |name: &str| {
            json!({
                "name": name,
                "namespace": self.namespace,
                "labels": labels,
                "ownerReferences": [{
                    "apiVersion": "flink.apache.org/v1beta1",
                    "kind": "FlinkDeployment",
                    "name": self.name,
                    "uid": self.uid,
                    "controller": true,
                    "blockOwnerDeletion": true,
                }],
            })
        };
        let pod_name = format!("{}-{}", self.name, self.job_id.chars().take(8).collect::<String>());
        let service_name = format!("{}-rest", self.name);
        let pod = json!({
            "metadata": metadata(&pod_name),
            "spec": {
                "serviceAccountName": spec.service_account,
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": "flink-main-container",
                    "image": spec.image.as_deref().unwrap_or("flink"),
                    "ports": [{ "name": "rest", "containerPort": REST_PORT }],
                }],
            },
        });
        let service = json!({
            "metadata": metadata(&service_name),
            "spec": { "ports": [{ "name": "rest", "port": REST_PORT, "targetPort": "rest" }] },
        });
        let endpoints = json!({ "metadata": metadata(&service_name) });
        self.replace::<Pod>(&pod_name, pod).await?;
        self.replace::<Service>(&service_name, service).await?;
        self.replace::<Endpoints>(&service_name, endpoints).await?;

        let ip = self.routes.next_pod_ip();
        self.routes.insert(ip, REST_PORT, port);
        self.pod = Some((pod_name.clone(), ip));
        self.reachable = false;
        let status = Patch::Merge(json!({ "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{ "ip": ip }],
            "conditions": [{ "type": "Ready", "status": "False" }],
        } }));
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        pods.patch_status(&pod_name, &PatchParams::default(), &status)
            .await
            .context("give the pod an address")?;
        Ok(())
    }

    /// Creates an object; one that an earlier run left behind is replaced.
    async fn replace<K>(&self, name: &str, body: Value) -> Result<()>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + serde::Serialize
            + std::fmt::Debug,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let what = || format!("create {} {name}", K::kind(&()));
        let body: K = serde_json::from_value(body).with_context(what)?;
        for _ in 0..50 {
            match api.create(&PostParams::default(), &body).await {
                Err(error) if is_code(&error, 409) => {
                    let _ = api.delete(name, &DeleteParams::default().grace_period(0)).await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done => return done.map(drop).with_context(what),
            }
        }
        anyhow::bail!("{}: another one is in the way and does not go", what())
    }

    /// Lets the service lead to the pod, or not. A failure is tried again at the next look.
    async fn set_reachable(&mut self, reachable: bool) {
        let Some((pod, ip)) = self.pod.clone().filter(|_| self.reachable != reachable) else {
            return;
        };
        let address = json!([{
            "ip": ip,
            "targetRef": { "kind": "Pod", "name": pod, "namespace": self.namespace },
        }]);
        let ports = json!([{ "name": "rest", "port": REST_PORT, "protocol": "TCP" }]);
        let which = if reachable { "addresses" } else { "notReadyAddresses" };
        let subsets = Patch::Merge(json!({ "subsets": [{ which: address, "ports": ports }] }));
        let word = if reachable { "True" } else { "False" };
        let ready = Patch::Merge(json!({ "status": { "conditions": [{ "type": "Ready", "status": word }] } }));
        let endpoints: Api<Endpoints> = Api::namespaced(self.client.clone(), &self.namespace);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let parameters = PatchParams::default();
        let written = async {
            endpoints
                .patch(&format!("{}-rest", self.name), &parameters, &subsets)
                .await?;
            pods.patch_status(&pod, &parameters, &ready).await.map(drop)
        };
        match written.await {
            Ok(()) => self.reachable = reachable,
            Err(error) => warn!(
                "{}/{}: the REST service is not updated: {error}",
                self.namespace, self.name
            ),
        }
    }

    async fn delete_objects(&mut self) -> Result<()> {
        let Some((pod, ip)) = self.pod.take() else {
            return Ok(());
        };
        self.routes.remove(ip);
        let service = format!("{}-rest", self.name);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let services: Api<Service> = Api::namespaced(self.client.clone(), &self.namespace);
        let endpoints: Api<Endpoints> = Api::namespaced(self.client.clone(), &self.namespace);
        let at_once = DeleteParams::default().grace_period(0);
        let results = [
            services.delete(&service, &DeleteParams::default()).await.map(drop),
            endpoints.delete(&service, &DeleteParams::default()).await.map(drop),
            pods.delete(&pod, &at_once).await.map(drop),
        ];
        for result in results {
            match result {
                Err(error) if is_code(&error, 404) => {}
                done => done.context("remove the objects of a cluster")?,
            }
        }
        Ok(())
    }
}

/// The newest checkpoint of a job on disk.
pub fn newest_checkpoint(volumes: &Volumes, spec: &Spec, job_id: &str) -> Option<String> {
    let directory = spec.checkpoint_directory()?;
    let inside = directory.strip_prefix("file:")?.trim_start_matches('/');
    let folder = volumes.path(inside).join(job_id);
    let checkpoints = fs::read_dir(folder).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let number: u64 = name.strip_prefix("chk-")?.parse().ok()?;
        entry.path().join("_metadata").exists().then_some((number, name))
    });
    let (_, name) = checkpoints.max()?;
    Some(format!("file:/{inside}/{job_id}/{name}"))
}

fn application(name: &str, spec: &Spec, job_id: &str, restore: Option<String>) -> Application {
    let job = spec.job.clone().unwrap_or_default();
    let mut configuration = spec.flink_configuration.clone();
    if job.upgrade_mode == super::spec::UpgradeMode::LastState {
        configuration
            .entry("execution.checkpointing.interval".to_owned())
            .or_insert_with(|| "5min".to_owned());
    }
    Application {
        name: name.to_owned(),
        job_id: job_id.to_owned(),
        configuration,
        jar_uri: job.jar_uri,
        entry_class: job.entry_class,
        args: job.args,
        parallelism: u32::try_from(spec.parallelism()).unwrap_or(1),
        task_managers: spec.fixed_task_managers().and_then(|count| u32::try_from(count).ok()),
        restore,
        allow_non_restored_state: job.allow_non_restored_state == Some(true),
        over: false,
    }
}

/// A job, and why it fails.
pub async fn view(rest: Rest, job: JobInfo) -> JobView {
    let failing = matches!(job.state.as_str(), "FAILED" | "FAILING" | "RESTARTING");
    let failure = if failing {
        rest.failure(&job.id).await.ok().flatten()
    } else {
        None
    };
    // As the operator counts it: a job runs when all of its tasks do.
    let waiting = job.state == "RUNNING" && job.tasks.running + job.tasks.finished < job.tasks.total;
    JobView {
        state: if waiting { "CREATED".to_owned() } else { job.state },
        id: job.id,
        name: job.name,
        start_time: job.start_time,
        update_time: job.last_modification,
        failure: failure.map(|stack| exception(&stack)),
    }
}

/// An exception and its causes, from a Java stack.
fn exception(stack: &str) -> Failure {
    let mut lines = stack.lines();
    let mut failure = Failure::new(JOB_FAILED, lines.next().unwrap_or_default());
    let causes = lines.filter_map(|line| line.strip_prefix("Caused by: "));
    failure.causes = causes
        .take(2)
        .map(|cause| (JOB_FAILED.to_owned(), cause.to_owned()))
        .collect();
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_in_a_stack() {
        let stack = "a.JobException: Recovery is suppressed\n\tat a.B.c(B.java:1)\nCaused by: b.Wrong: no disk\n\tat x\nCaused by: c.D";
        let failure = exception(stack);
        assert_eq!(failure.message, "a.JobException: Recovery is suppressed");
        let causes: Vec<_> = failure.causes.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(causes, ["b.Wrong: no disk", "c.D"]);
    }
}
