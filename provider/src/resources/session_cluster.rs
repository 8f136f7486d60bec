//! A cluster as jobs on it see it: as it lives, or as the same run plans it. Only for what is said about such jobs; no plan
//! depends on it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use flink_client::operator::checks::parse_flink_version;
use flink_client::operator::{DeploymentMode, FlinkDeployment};
use terraform_schema::{Seen, View};

use crate::resources::job_resource::write_only;

/// What matters of a cluster. What is not known yet is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionCluster {
    /// Whether it has a job of its own, and takes no others.
    pub is_application: Option<bool>,
    /// Its Flink version.
    pub flink_version: Option<(u32, u32)>,
    /// The number of its TaskManagers, where that is fixed.
    pub task_managers: Option<i64>,
    /// Its configuration.
    pub configuration: Option<BTreeMap<String, String>>,
}

impl SessionCluster {
    /// A cluster that lives.
    pub fn living(cluster: &FlinkDeployment) -> Self {
        let spec = &cluster.spec;
        let replicas = spec.task_manager.as_ref().and_then(|process| process.replicas);
        let is_standalone = spec.mode == Some(DeploymentMode::Standalone);
        Self {
            is_application: Some(spec.job.is_some()),
            flink_version: parse_flink_version(&spec.flink_version),
            task_managers: is_standalone.then(|| replicas.unwrap_or(1)),
            configuration: Some(spec.flink_configuration.clone().unwrap_or_default().0),
        }
    }

    /// A cluster that is planned.
    fn planned(planned: &View<'_>) -> Self {
        let job = planned.at("job");
        let is_standalone = planned.at("mode").get() == Seen::Known(DeploymentMode::Standalone);
        let task_managers = match planned.at("task_manager.replicas").get::<i64>() {
            Seen::Known(replicas) => Some(replicas),
            Seen::Null => Some(1),
            Seen::Unknown => None,
        };
        let configuration = match planned.at("flink_configuration").get::<BTreeMap<String, String>>() {
            Seen::Known(configuration) => Some(configuration),
            Seen::Null => Some(BTreeMap::new()),
            Seen::Unknown => None,
        };
        // What is write-only is in no plan.
        let has_secrets = !planned.at(write_only::VERSION).is_null();
        Self {
            is_application: (!job.value().is_unknown()).then(|| !job.is_null()),
            flink_version: planned.at("flink_version").text().and_then(parse_flink_version),
            task_managers: task_managers.filter(|_| is_standalone),
            configuration: configuration.filter(|_| !has_secrets),
        }
    }

    /// How many slots it has at most, with the reason in words; `None` where it gets as many as its jobs need, or where that
    /// is not known.
    pub fn slots(&self) -> Option<(i64, String)> {
        let configuration = self.configuration.as_ref()?;
        let number = |key: &str| configuration.get(key)?.trim().parse::<i64>().ok();
        let each = number("taskmanager.numberOfTaskSlots").unwrap_or(1);
        let fixed = self.task_managers.map(|count| {
            let why = format!("`task_manager.replicas` ({count}) times `taskmanager.numberOfTaskSlots` ({each})");
            (count.saturating_mul(each), why)
        });
        let limit = "slotmanager.number-of-slots.max";
        let limited = number(limit).map(|most| (most, format!("`{limit}`")));
        [fixed, limited].into_iter().flatten().min()
    }
}

/// The clusters as this run plans them, by namespace and name; `None` for one that it destroys. Terraform plans what a job
/// refers to before the job itself.
#[derive(Debug, Default)]
pub struct PlannedClusters(Mutex<BTreeMap<(String, String), Option<SessionCluster>>>);

impl PlannedClusters {
    /// Takes note of a deployment that is planned.
    pub fn plan(&self, planned: &View<'_>) {
        self.note(planned, Some(SessionCluster::planned(planned)));
    }

    /// Takes note of a deployment that is to be destroyed.
    pub fn destroy(&self, prior: &View<'_>) {
        self.note(prior, None);
    }

    fn note(&self, of: &View<'_>, cluster: Option<SessionCluster>) {
        let text = |name: &str| of.at(name).text().map(str::to_owned);
        if let (Some(namespace), Some(name)) = (text("namespace"), text("name")) {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert((namespace, name), cluster);
        }
    }

    /// The cluster of that name, where this run plans something for it.
    pub fn find(&self, namespace: &str, name: &str) -> Option<Option<SessionCluster>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::flink_deployment::sample::{UNKNOWN, resource, with};

    #[test]
    fn how_many_slots_there_are() {
        let slots = "/flink_configuration/taskmanager.numberOfTaskSlots";
        let most = "/flink_configuration/slotmanager.number-of-slots.max";
        let replicas = "/task_manager/replicas";
        let mode = ("/mode", json!("standalone"));
        for (changes, expected) in [
            (vec![], None),
            (vec![(replicas, json!(3))], None),
            (vec![mode.clone()], Some(2)),
            (vec![mode.clone(), (replicas, json!(3)), (slots, json!("4"))], Some(12)),
            (vec![mode.clone(), (replicas, json!(UNKNOWN))], None),
            (vec![mode.clone(), (slots, json!(UNKNOWN))], None),
            (vec![(most, json!("6"))], Some(6)),
            (vec![mode, (replicas, json!(5)), (most, json!("6"))], Some(6)),
        ] {
            let value = resource(&with(&changes));
            let found = SessionCluster::planned(&View::of(&value)).slots();
            assert_eq!(found.map(|(slots, _)| slots), expected, "{changes:?}");
        }
    }

    #[test]
    fn a_plan_hides_what_lives() {
        let clusters = PlannedClusters::default();
        assert_eq!(clusters.find("team", "orders"), None);
        let value = resource(&with(&[("/namespace", json!("team")), ("/job", json!(null))]));
        clusters.plan(&View::of(&value));
        let found = clusters.find("team", "orders").flatten().unwrap();
        assert_eq!(
            (found.is_application, found.flink_version),
            (Some(false), Some((1, 20)))
        );
        assert_eq!(clusters.find("team", "other"), None);
        clusters.destroy(&View::of(&value));
        assert_eq!(clusters.find("team", "orders"), Some(None));
    }

    #[test]
    fn what_lives_and_what_is_planned_are_seen_alike() {
        let live: FlinkDeployment = serde_json::from_value(json!({
            "metadata": {"name": "session"},
            "spec": {
                "flinkVersion": "v1_16", "serviceAccount": "flink", "mode": "standalone",
                "flinkConfiguration": {"taskmanager": {"numberOfTaskSlots": 2}}, "taskManager": {"replicas": 2},
            },
        }))
        .unwrap();
        let value = resource(&json!({
            "name": "session", "flink_version": "v1_16", "mode": "standalone",
            "flink_configuration": {"taskmanager.numberOfTaskSlots": "2"}, "task_manager": {"replicas": 2},
        }));
        assert_eq!(
            SessionCluster::living(&live),
            SessionCluster::planned(&View::of(&value))
        );
    }
}
