//! Which custom resources of the operator a cluster knows. Asked only where somebody wants to know: nothing else depends on
//! discovery.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::resource::{GROUP, VERSION};
use crate::kubernetes::request::{About, Ask, Retry};
use crate::kubernetes::{Cluster, KubernetesError};

/// A kind of custom resource, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Definition {
    /// Kind, such as `FlinkDeployment`.
    pub kind: String,
    /// Plural name, as in URLs and roles: `flinkdeployments`. Subresources are named `flinkdeployments/status`.
    pub name: String,
    /// What can be done with its objects: `get`, `list`, `patch`, `watch`, ...
    #[serde(default)]
    pub verbs: Vec<String>,
    /// The version, such as `v1beta1`.
    #[serde(skip)]
    pub version: String,
}

/// The kinds of the operator's API group, in all served versions, by kind and version; without subresources. Empty where
/// the operator's definitions are not installed.
///
/// # Errors
/// See [`KubernetesError`].
pub async fn definitions(cluster: &Cluster) -> Result<Vec<Definition>, KubernetesError> {
    #[derive(Deserialize)]
    struct Group {
        versions: Vec<Version>,
    }
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    #[derive(Deserialize)]
    struct Resources {
        resources: Vec<Definition>,
    }
    let Some(group) = ask::<Group>(cluster, format!("/apis/{GROUP}")).await? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for Version { version } in group.versions {
        let served = ask::<Resources>(cluster, format!("/apis/{GROUP}/{version}")).await?;
        let resources = served.map(|served| served.resources).unwrap_or_default();
        found.extend(
            resources
                .into_iter()
                .filter(|definition| !definition.name.contains('/'))
                .map(|mut definition| {
                    definition.version.clone_from(&version);
                    definition.verbs.sort();
                    definition
                }),
        );
    }
    found.sort_by(|a, b| (&a.kind, &a.version).cmp(&(&b.kind, &b.version)));
    Ok(found)
}

/// The schemas that the cluster holds for the operator's kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Value);

/// Reads the schemas. Large: some hundred kilobytes.
///
/// # Errors
/// See [`KubernetesError`].
pub async fn fields(cluster: &Cluster) -> Result<Fields, KubernetesError> {
    let schemas = ask(cluster, format!("/openapi/v3/apis/{GROUP}/{VERSION}")).await?;
    Ok(Fields(schemas.unwrap_or_default()))
}

impl Fields {
    /// Whether the definition of a kind has the field at a path such as `status.conditions`. `None` where the cluster
    /// says nothing about the kind.
    pub fn has(&self, kind: &str, path: &str) -> Option<bool> {
        let is_of_kind = |schema: &&Value| {
            let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            kinds.is_some_and(|kinds| kinds.iter().any(|named| named["kind"] == kind))
        };
        let schemas = self.0.pointer("/components/schemas")?.as_object()?;
        let schema = schemas.values().find(is_of_kind)?;
        let found = path
            .split('.')
            .try_fold(schema, |schema, name| schema.get("properties")?.get(name));
        Some(found.is_some())
    }
}

/// Asks the API server about itself; `None` where it does not have the path.
async fn ask<T: serde::de::DeserializeOwned>(cluster: &Cluster, path: String) -> Result<Option<T>, KubernetesError> {
    let about = About {
        verb: "get",
        resource: "API",
        namespace: GROUP,
        name: "",
    };
    let answer = cluster
        .send(Ask::new(Method::GET, path), Retry::Busy)
        .await
        .map_err(|error| error.into_error(cluster, &about))?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    answer.json(cluster, &about).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Api, Reply};

    #[tokio::test]
    async fn what_the_cluster_serves() {
        let group = json!({"kind": "APIGroup", "versions": [{"groupVersion": "flink.apache.org/v1beta1", "version": "v1beta1"}]});
        let resources = json!({"resources": [
            {"name": "flinksessionjobs", "kind": "FlinkSessionJob", "verbs": ["patch", "get"]},
            {"name": "flinkdeployments", "kind": "FlinkDeployment", "verbs": ["get"]},
            {"name": "flinkdeployments/status", "kind": "FlinkDeployment", "verbs": ["get"]},
        ]});
        let api = Api::new(vec![
            ("GET", "/apis/flink.apache.org", Reply::Json(200, group)),
            ("GET", "/apis/flink.apache.org/v1beta1", Reply::Json(200, resources)),
        ]);
        let found = definitions(&api.cluster()).await.unwrap();
        let kinds: Vec<&str> = found.iter().map(|found| found.kind.as_str()).collect();
        assert_eq!(kinds, ["FlinkDeployment", "FlinkSessionJob"]);
        assert_eq!(
            (found[1].version.as_str(), found[1].verbs.join(" ")),
            ("v1beta1", "get patch".to_owned())
        );

        let api = Api::new(vec![("GET", "", Reply::Text(404, "404 page not found\n"))]);
        assert_eq!(definitions(&api.cluster()).await.unwrap(), []);
    }

    #[tokio::test]
    async fn which_fields_a_kind_has() {
        let schemas = json!({"components": {"schemas": {
            "org.apache.flink.v1beta1.FlinkDeployment": {
                "x-kubernetes-group-version-kind": [{"group": GROUP, "kind": "FlinkDeployment", "version": VERSION}],
                "properties": {"status": {"properties": {"conditions": {"type": "array"}}}},
            },
        }}});
        let api = Api::new(vec![(
            "GET",
            "/openapi/v3/apis/flink.apache.org/v1beta1",
            Reply::Json(200, schemas),
        )]);
        let fields = fields(&api.cluster()).await.unwrap();
        assert_eq!(fields.has("FlinkDeployment", "status.conditions"), Some(true));
        assert_eq!(fields.has("FlinkDeployment", "spec.jobManager.resources"), Some(false));
        assert_eq!(fields.has("FlinkSessionJob", "status"), None);
        let api = Api::new(vec![("GET", "", Reply::Text(404, "404 page not found\n"))]);
        let none = super::fields(&api.cluster()).await.unwrap();
        assert_eq!(none.has("FlinkDeployment", "status.conditions"), None);
    }
}
