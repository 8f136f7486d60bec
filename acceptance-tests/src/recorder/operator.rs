//! The operator of the cluster: which version it is, how it is configured, and what scenarios do to it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::api::{self, Api, Reply};
use super::names;
use crate::recording::Action;
use crate::sandbox::say;

mod configuration;

/// How the operator's Helm chart calls its Deployment.
const NAME: &str = "flink-kubernetes-operator";
/// How the operator's Helm chart calls its configuration.
const CONFIGURATION: &str = "flink-operator-config";
/// The files in it. The chart writes both, the operator reads the one that its Flink knows.
const FILES: [&str; 2] = ["config.yaml", "flink-conf.yaml"];
/// The label by which the sandbox's stand-in is absent from a namespace.
const SWITCH: &str = "sandbox.terraform-provider-flink/operator";
/// How long the operator may take to start.
const PATIENCE: Duration = Duration::from_secs(180);

/// Who looks after the cluster's Flink objects.
#[derive(Debug)]
pub struct Operator {
    version: String,
    place: Place,
    /// What has to be put back at the end: paths and changes.
    before: Vec<(String, Value)>,
}

/// Where the operator is.
#[derive(Clone, Debug)]
enum Place {
    /// The sandbox's stand-in, which is switched off for one namespace.
    StandIn { namespace: String },
    /// A Deployment.
    Deployment { namespace: String, name: String },
    /// Not to be found: it may be in another cluster, or not be ours to see.
    Unknown,
}

impl Operator {
    /// The sandbox's stand-in of this version of the operator, as seen in a namespace.
    pub fn stand_in(namespace: &str, version: &str) -> Self {
        Self {
            version: format!("{version} (stand-in)"),
            place: Place::StandIn {
                namespace: namespace.to_owned(),
            },
            before: Vec::new(),
        }
    }

    /// Looks for the Deployment of the operator's Helm chart.
    pub async fn find(api: &Api) -> Result<Self> {
        let reply = api.get("/apis/apps/v1/deployments").await?;
        let items = reply.body["items"].as_array().cloned().unwrap_or_default();
        let ours = |item: &&Value| {
            item["metadata"]["name"] == NAME || item["metadata"]["labels"]["app.kubernetes.io/name"] == NAME
        };
        let found: Vec<_> = items.iter().filter(ours).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (version, place) = match found[..] {
            [] => ("unknown".to_owned(), Place::Unknown),
            [one] => (
                version(one),
                Place::Deployment {
                    namespace: text(&one["metadata"]["namespace"]),
                    name: text(&one["metadata"]["name"]),
                },
            ),
            _ => bail!(
                "there are {} operators in this cluster, in {}; a recording needs one that nobody disturbs",
                found.len(),
                found
                    .iter()
                    .map(|one| text(&one["metadata"]["namespace"]))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        Ok(Self {
            version,
            place,
            before: Vec::new(),
        })
    }

    /// Its version, for example `1.15.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether it is the sandbox's.
    pub fn is_stand_in(&self) -> bool {
        matches!(self.place, Place::StandIn { .. })
    }

    /// Whether there is a Deployment to scale, configure and restart.
    pub fn is_deployment(&self) -> bool {
        matches!(self.place, Place::Deployment { .. })
    }

    /// Whether an admission webhook looks at Flink objects.
    pub async fn has_webhook(&self, api: &Api) -> Result<bool> {
        let hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
        let reply = api.get(hooks).await?;
        Ok(reply.body.to_string().contains("flink.apache.org"))
    }

    /// Its own options, as its configuration says them. Nothing where that cannot be read.
    pub async fn configuration(&self, api: &Api) -> Result<BTreeMap<String, String>> {
        let Place::Deployment { namespace, .. } = &self.place else {
            return Ok(BTreeMap::new());
        };
        let found = api.get(&api::object("ConfigMap", namespace, CONFIGURATION)?).await?;
        let files = FILES.iter().filter_map(|file| found.body["data"][file].as_str());
        Ok(files.flat_map(configuration::options).collect())
    }

    /// Sets options and restarts it, if they are not set already.
    pub async fn configure(&mut self, api: &Api, wanted: &BTreeMap<String, String>) -> Result<()> {
        let found = self.configuration(api).await?;
        let is_set = |(key, value): (&String, &String)| found.get(key) == Some(value);
        if !self.is_deployment() || wanted.iter().all(is_set) {
            return Ok(());
        }
        say("configures and restarts the operator");
        self.act(api, Action::Patch, "ConfigMap", CONFIGURATION, Some(&json!(wanted)))
            .await?
            .expect("configure the operator")?;
        self.act(api, Action::Delete, "Pod", NAME, None)
            .await?
            .expect("restart the operator")?;
        self.until_ready(api).await
    }

    /// Does a step of a scenario that is about the operator.
    pub async fn act(
        &mut self,
        api: &Api,
        action: Action,
        kind: &str,
        name: &str,
        manifest: Option<&Value>,
    ) -> Result<Reply> {
        let nothing = json!({});
        let manifest = manifest.unwrap_or(&nothing);
        match (&self.place.clone(), kind, action) {
            (Place::StandIn { namespace }, "Deployment", Action::Patch) => {
                let down = manifest["spec"]["replicas"] == 0;
                let switch = if down { json!("down") } else { Value::Null };
                let path = api::object("Namespace", "", namespace)?;
                api.merge(&path, &json!({ "metadata": { "labels": { SWITCH: switch } } }))
                    .await
            }
            (Place::Deployment { namespace, name }, "Deployment", Action::Patch) => {
                let path = api::object("Deployment", namespace, name)?;
                let replicas = api.get(&path).await?.body["spec"]["replicas"].clone();
                let reply = api.merge(&path, manifest).await?;
                self.remember(path, json!({ "spec": { "replicas": replicas } }));
                Ok(without_generation(reply))
            }
            (Place::Deployment { namespace, .. }, "ConfigMap", Action::Patch) => {
                let path = api::object("ConfigMap", namespace, name)?;
                let found = api.get(&path).await?.expect("read the operator's configuration")?;
                let present = FILES
                    .iter()
                    .filter_map(|file| Some((*file, found["data"][file].as_str()?)));
                let before: BTreeMap<_, _> = present.collect();
                let after = before
                    .iter()
                    .map(|(file, text)| (*file, configuration::with(text, manifest)))
                    .collect::<BTreeMap<_, _>>();
                let reply = api.merge(&path, &json!({ "data": after })).await?;
                self.remember(path, json!({ "data": before }));
                Ok(reply)
            }
            (Place::Deployment { namespace, name }, "Pod", Action::Delete) => {
                let pods = api.list(&api::collection("Pod", namespace)?).await?;
                let pod = names::pod_meant(name, &pods).context("the operator has no pod")?;
                let place = (namespace.as_str(), pod);
                api.act(Action::Delete, "Pod", place, None).await
            }
            (Place::StandIn { .. } | Place::Deployment { .. } | Place::Unknown, ..) => {
                bail!("the recorder cannot {} the operator's {kind} {name}", action.name())
            }
        }
    }

    /// Puts everything back that was changed, the last change first.
    pub async fn restore(&mut self, api: &Api) -> Result<()> {
        if self.before.is_empty() {
            return Ok(());
        }
        say("puts the operator back as it was");
        let configured = self.before.iter().any(|(_, change)| !change["data"].is_null());
        for (path, change) in std::mem::take(&mut self.before) {
            api.merge(&path, &change).await?.expect(&path)?;
        }
        if configured {
            // Not where it was scaled down before.
            let _ = self.act(api, Action::Delete, "Pod", NAME, None).await;
        }
        Ok(())
    }

    /// The first state of something is the one to come back to.
    fn remember(&mut self, path: String, change: Value) {
        if self.before.iter().all(|(known, _)| *known != path) {
            self.before.push((path, change));
        }
    }

    async fn until_ready(&self, api: &Api) -> Result<()> {
        let Place::Deployment { namespace, name } = &self.place else {
            return Ok(());
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The Deployment notices only after a moment that its pod was deleted.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let found = api.get(&api::object("Deployment", namespace, name)?).await?.body;
            let status = &found["status"];
            if status["readyReplicas"] == found["spec"]["replicas"] && status["unavailableReplicas"].is_null() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "the operator {namespace}/{name} is not ready {} s after its restart",
                    PATIENCE.as_secs()
                );
            }
        }
    }
}

/// As the Helm chart says it, or else the image.
fn version(deployment: &Value) -> String {
    let label = deployment["metadata"]["labels"]["app.kubernetes.io/version"].as_str();
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
    let tag = || {
        image?
            .rsplit('/')
            .next()?
            .split_once(':')
            .map(|(_, tag)| tag.split('@').next().unwrap_or(tag))
    };
    label.or_else(tag).unwrap_or("unknown").to_owned()
}

/// Generations are recorded of Flink objects and pods.
fn without_generation(mut reply: Reply) -> Reply {
    if let Some(metadata) = reply.body["metadata"].as_object_mut() {
        metadata.remove("generation");
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_the_chart_or_the_image_says() {
        let image = |image: &str| json!({ "spec": { "template": { "spec": { "containers": [{ "image": image }] } } } });
        let cases = [
            (
                json!({ "metadata": { "labels": { "app.kubernetes.io/version": "1.15.0" } } }),
                "1.15.0",
            ),
            (
                image("registry.example.com:5000/apache/flink-kubernetes-operator:1.14.0"),
                "1.14.0",
            ),
            (image("flink-kubernetes-operator:1.15.0@sha256:00"), "1.15.0"),
            (image("registry.example.com:5000/flink-kubernetes-operator"), "unknown"),
            (json!({}), "unknown"),
        ];
        for (deployment, expected) in cases {
            assert_eq!(version(&deployment), expected, "{deployment}");
        }
    }
}
