//! The parts of a cluster in the API server. Nobody runs the Deployments' pods; the objects are what a client of a real
//! cluster finds, and what others can remove.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::{Change, Part, Parts};
use crate::stand_in::kubernetes::is_code;
use crate::stand_in::spec::Spec;
use crate::stand_in::world::ClusterView;

mod body;

/// The parts of one deployment.
pub struct Objects {
    client: Client,
    namespace: String,
    name: String,
    /// Of the `FlinkDeployment`.
    uid: String,
    /// Of the JobManager's Deployment.
    job_manager_uid: String,
    parts: Parts,
    deployed: Option<Spec>,
}

impl Objects {
    /// Those of `namespace/name`, as far as they are there already. `deployed` is the spec they were made from.
    pub async fn find(
        client: Client,
        (namespace, name): (&str, &str),
        uid: &str,
        deployed: Option<Spec>,
    ) -> Result<Self> {
        let mut objects = Self {
            client,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            job_manager_uid: String::new(),
            parts: Parts::default(),
            deployed,
        };
        objects.look().await?;
        Ok(objects)
    }

    /// Reads what there is: others may have removed something. Without any network where nothing was ever deployed.
    pub async fn look(&mut self) -> Result<()> {
        if self.deployed.is_none() {
            return Ok(());
        }
        let ours = ListParams::default().labels(&format!("app={}", self.name));
        let maps = self.config_maps().list(&ours).await.context("list the ConfigMaps")?;
        let names = maps.iter().map(ResourceExt::name_any);
        let mut found: Vec<_> = names
            .filter_map(|name| Part::of_config_map(&name, &self.name))
            .collect();
        for part in [Part::JobManager, Part::TaskManagers] {
            let deployment = self.deployments().get_opt(&part.name(&self.name)).await;
            let deployment = deployment.context("look for the Deployment")?;
            let Some(deployment) = deployment.filter(|found| found.metadata.deletion_timestamp.is_none()) else {
                continue;
            };
            if part == Part::JobManager {
                self.job_manager_uid = deployment.uid().unwrap_or_default();
            }
            found.push(part);
        }
        self.parts.found(found);
        Ok(())
    }

    /// Whether the JobManager's Deployment is there, as far as is known.
    pub fn has_job_manager(&self) -> bool {
        self.parts.has_job_manager()
    }

    /// Whether high availability remembers a job, as far as is known.
    pub fn has_metadata(&self) -> bool {
        self.parts.has_metadata()
    }

    /// The spec that was submitted last.
    pub fn deployed(&self) -> Option<&Spec> {
        self.deployed.as_ref()
    }

    /// Makes what a submission makes. The inner error is the API server's refusal.
    pub async fn submit(&mut self, spec: &Spec) -> Result<Result<(), String>> {
        let changes = self.parts.submit(spec);
        self.deployed = Some(spec.clone());
        for change in changes {
            let Err(error) = self.apply(&change, None).await else {
                continue;
            };
            let Some(message) = refusal(&error) else {
                return Err(error);
            };
            // Nothing of a refused submission stays.
            for part in [
                Part::FlinkConfig,
                Part::PodTemplate,
                Part::TaskManagers,
                Part::JobManager,
            ] {
                self.apply(&Change::Removed(part), None).await?;
            }
            self.parts.tear_down(true);
            return Ok(Err(message));
        }
        Ok(Ok(()))
    }

    /// Makes and removes what the JobManager does.
    pub async fn follow(&mut self, cluster: &ClusterView) -> Result<()> {
        let Some(spec) = &self.deployed else { return Ok(()) };
        let changes = self.parts.follow(spec, cluster);
        self.apply_all(changes, Some(cluster)).await
    }

    /// Makes the autoscaler's ConfigMap.
    pub async fn autoscale(&mut self) -> Result<()> {
        let changes = self.parts.autoscale();
        self.apply_all(changes, None).await
    }

    /// Removes what goes with the cluster.
    pub async fn tear_down(&mut self, keep_metadata: bool) -> Result<()> {
        let changes = self.parts.tear_down(keep_metadata);
        self.apply_all(changes, None).await
    }

    /// Notes where the last checkpoint of the job lies, as high availability does.
    pub async fn remember(&self, job: &str, checkpoint: &str) -> Result<()> {
        let name = Part::JobMetadata(job.to_owned()).name(&self.name);
        let data = Patch::Merge(json!({ "data": { body::CHECKPOINT: checkpoint } }));
        match self.config_maps().patch(&name, &PatchParams::default(), &data).await {
            Err(error) if is_code(&error, 404) => Ok(()),
            done => done.map(drop).context("note the checkpoint"),
        }
    }

    /// Where the last checkpoint of the job lies, as high availability knows.
    pub async fn remembered(&self, job: &str) -> Result<Option<String>> {
        let name = Part::JobMetadata(job.to_owned()).name(&self.name);
        let map = self.config_maps().get_opt(&name).await.context("read the metadata")?;
        Ok(map.and_then(|map| map.data?.remove(body::CHECKPOINT)))
    }

    async fn apply_all(&mut self, changes: Vec<Change>, cluster: Option<&ClusterView>) -> Result<()> {
        for change in changes {
            self.apply(&change, cluster).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, change: &Change, cluster: Option<&ClusterView>) -> Result<()> {
        match change {
            Change::Made(part @ (Part::JobManager | Part::TaskManagers)) => {
                let body = body::deployment(part, &self.identity(), self.spec());
                let made = self.make(&self.deployments(), &part.name(&self.name), body).await?;
                if *part == Part::JobManager {
                    self.job_manager_uid = made.uid().unwrap_or_default();
                }
            }
            Change::Made(part) => {
                let job = cluster.and_then(|cluster| cluster.job.as_ref());
                let checkpoint = cluster.and_then(|cluster| cluster.checkpoint.as_deref());
                let body = body::config_map(part, &self.identity(), self.spec(), job, checkpoint);
                self.make(&self.config_maps(), &part.name(&self.name), body).await?;
            }
            Change::Removed(part) => self.remove(part).await?,
        }
        Ok(())
    }

    /// Creates an object, or puts it in the place of one that is left from before.
    async fn make<K>(&self, api: &Api<K>, name: &str, body: Value) -> Result<K>
    where
        K: kube::Resource + Clone + serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug,
    {
        let what = || format!("make {name}");
        let body: K = serde_json::from_value(body).with_context(what)?;
        loop {
            match api.create(&PostParams::default(), &body).await {
                Err(error) if is_code(&error, 409) => match api.delete(name, &DeleteParams::background()).await {
                    Err(error) if !is_code(&error, 404) => return Err(error).with_context(what),
                    _ => {}
                },
                done => return done.with_context(what),
            }
        }
    }

    async fn remove(&self, part: &Part) -> Result<()> {
        let name = part.name(&self.name);
        let parameters = DeleteParams::background();
        let deleted = if part.is_deployment() {
            self.deployments().delete(&name, &parameters).await.map(drop)
        } else {
            self.config_maps().delete(&name, &parameters).await.map(drop)
        };
        match deleted {
            Err(error) if is_code(&error, 404) => Ok(()),
            done => done.with_context(|| format!("remove {name}")),
        }
    }

    fn identity(&self) -> body::Identity<'_> {
        body::Identity {
            namespace: &self.namespace,
            name: &self.name,
            uid: &self.uid,
            job_manager_uid: &self.job_manager_uid,
        }
    }

    fn spec(&self) -> Spec {
        self.deployed.clone().unwrap_or_default()
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

/// The message with which the API server refused an object itself, and not the moment.
fn refusal(error: &anyhow::Error) -> Option<String> {
    match error.chain().find_map(|cause| cause.downcast_ref::<kube::Error>()) {
        Some(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 422) => Some(status.message.clone()),
        _ => None,
    }
}

/// Labels of the objects of one kind.
type Labels = BTreeMap<String, String>;
