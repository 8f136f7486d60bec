//! `flink_operator`: what the cluster knows of the operator's custom resources.

use async_trait::async_trait;
use flink_client::operator::{Definition, Fields, definitions, fields};
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Block, Computed, Diagnostics, Schema};

use crate::diagnose;
use crate::provider::ProviderData;

/// Which custom resources of the Flink Kubernetes Operator are installed in the cluster, and what they can do. It asks the
/// API server about itself (discovery), which Kubernetes allows to everybody. Whether the operator runs, and which
/// namespaces it watches, cannot be seen there. Where nothing is installed, that is no error.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_operator", version = 0)]
pub struct Operator {
    /// Whether any of the operator's custom resources is installed.
    pub installed: Computed<bool>,

    /// The custom resources, by kind and version.
    pub custom_resources: Computed<Vec<CustomResource>>,

    /// Whether jobs can be submitted to session clusters (`FlinkSessionJob`).
    pub session_jobs: Computed<bool>,

    /// Whether savepoints and checkpoints are objects of their own (`FlinkStateSnapshot`, from operator 1.10 on).
    pub state_snapshots: Computed<bool>,

    /// Whether deployments can be replaced while they run (`FlinkBlueGreenDeployment`, from operator 1.14 on).
    pub blue_green_deployments: Computed<bool>,

    /// Whether deployments report conditions, which `kubectl wait` can wait for (from operator 1.15 on). Null where the
    /// cluster does not show its schemas.
    pub conditions: Computed<bool>,

    /// Whether requests and limits of the pods can be set each by itself, with `resources` (from operator 1.16 on). Null
    /// where the cluster does not show its schemas.
    pub resource_requirements: Computed<bool>,
}

/// A kind of custom resource, in one version.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct CustomResource {
    /// Kind, such as `FlinkDeployment`.
    pub kind: String,
    /// Plural name, as roles have it, such as `flinkdeployments`.
    pub plural: String,
    /// Version, such as `v1beta1`.
    pub version: String,
    /// What can be done with its objects, such as `get` and `patch`.
    pub verbs: Vec<String>,
}

impl From<Definition> for CustomResource {
    fn from(found: Definition) -> Self {
        Self {
            kind: found.kind,
            plural: found.name,
            version: found.version,
            verbs: found.verbs,
        }
    }
}

impl Operator {
    fn of(found: Vec<Definition>, fields: &Fields) -> Self {
        let has = |kind: &str| found.iter().any(|definition| definition.kind == kind).into();
        let can = |path: &str| Computed(fields.has("FlinkDeployment", path));
        Self {
            installed: (!found.is_empty()).into(),
            session_jobs: has("FlinkSessionJob"),
            state_snapshots: has("FlinkStateSnapshot"),
            blue_green_deployments: has("FlinkBlueGreenDeployment"),
            conditions: can("status.conditions"),
            resource_requirements: can("spec.jobManager.resources"),
            custom_resources: Computed(Some(found.into_iter().map(CustomResource::from).collect())),
        }
    }
}

/// The data source `flink_operator`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkOperator;

#[async_trait]
impl DataSource for FlinkOperator {
    type Data = ProviderData;
    type Model = Operator;

    async fn read(&self, _: Operator, cx: &Context<'_, ProviderData>) -> Result<Operator, Diagnostics> {
        let cluster = cx.data.cluster(&cx.stop).await?;
        let refused = |error| diagnose::kubernetes(&error, &Block::default());
        let found = definitions(&cluster).await.map_err(refused)?;
        let schemas = if found.is_empty() {
            Fields::default()
        } else {
            fields(&cluster).await.map_err(refused)?
        };
        Ok(Operator::of(found, &schemas))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_can_do_nothing() {
        let none = Operator::of(Vec::new(), &Fields::default());
        assert_eq!(
            (none.installed, none.session_jobs),
            (Computed(Some(false)), Computed(Some(false)))
        );
        assert_eq!(
            (none.conditions, none.custom_resources),
            (Computed(None), Computed(Some(Vec::new())))
        );
        let jobs = Definition {
            kind: "FlinkSessionJob".to_owned(),
            name: "flinksessionjobs".to_owned(),
            verbs: vec!["get".to_owned()],
            version: "v1beta1".to_owned(),
        };
        let some = Operator::of(vec![jobs], &Fields::default());
        assert_eq!(
            (some.installed, some.session_jobs),
            (Computed(Some(true)), Computed(Some(true)))
        );
        assert_eq!(some.state_snapshots, Computed(Some(false)));
    }
}
