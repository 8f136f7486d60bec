//! The Kubernetes objects through which a JobManager is reached.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::warn;

use super::RealCluster;
use crate::stand_in::kubernetes::is_code;
use crate::stand_in::spec::Spec;

/// Where the JobManager's REST API listens, inside the imaginary pod network.
const REST_PORT: u16 = 8081;

impl RealCluster {
    /// A pod that nobody schedules, with an address that only the sandbox's proxy knows; the REST
    /// service; and its endpoints, which stay empty until the JobManager answers.
    pub(super) async fn create_objects(&mut self, spec: &Spec, port: u16) -> Result<()> {
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
        let unique = if self.job_id.is_empty() {
            &self.uid
        } else {
            &self.job_id
        };
        let pod_name = format!("{}-{}", self.name, unique.chars().take(8).collect::<String>());
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
    pub(super) async fn set_reachable(&mut self, reachable: bool) {
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

    pub(super) async fn delete_objects(&mut self) -> Result<()> {
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
