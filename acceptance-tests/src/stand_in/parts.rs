//! The Kubernetes objects that a cluster is made of and that the operator or Flink makes: its Deployments, and the
//! ConfigMaps with its configuration and with what high availability remembers.
//!
//! Which there are and when is decided here, without network ([`Parts`]); [`kubernetes`] writes them.

use std::collections::BTreeSet;

use super::spec::Spec;
use super::world::{ClusterView, JobManager};

pub mod kubernetes;

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The Deployment of the JobManager.
    JobManager,
    /// The Deployment of the TaskManagers, which only standalone clusters have.
    TaskManagers,
    /// The ConfigMap with Flink's configuration.
    FlinkConfig,
    /// The ConfigMap with the pod template of the TaskManagers that Flink itself starts.
    PodTemplate,
    /// The ConfigMap in which the autoscaler keeps its notes.
    Autoscaler,
    /// The ConfigMap of high availability about the cluster: who leads, and which jobs there are.
    ClusterMetadata,
    /// The ConfigMap of high availability about the job with this id: its checkpoints.
    JobMetadata(String),
}

impl Part {
    /// `metadata.name`, where the deployment has this name.
    pub fn name(&self, deployment: &str) -> String {
        match self {
            Self::JobManager => deployment.to_owned(),
            Self::TaskManagers => format!("{deployment}-taskmanager"),
            Self::FlinkConfig => format!("flink-config-{deployment}"),
            Self::PodTemplate => format!("pod-template-{deployment}"),
            Self::Autoscaler => format!("autoscaler-{deployment}"),
            Self::ClusterMetadata => format!("{deployment}-cluster-config-map"),
            Self::JobMetadata(id) => format!("{deployment}-{id}-config-map"),
        }
    }

    /// Whether it is a Deployment, and not a ConfigMap.
    pub fn is_deployment(&self) -> bool {
        matches!(self, Self::JobManager | Self::TaskManagers)
    }

    /// The part with this name. `None` where the name is that of no ConfigMap of the deployment.
    pub fn of_config_map(name: &str, deployment: &str) -> Option<Self> {
        let fixed = [
            Self::FlinkConfig,
            Self::PodTemplate,
            Self::Autoscaler,
            Self::ClusterMetadata,
        ];
        if let Some(part) = fixed.into_iter().find(|part| part.name(deployment) == name) {
            return Some(part);
        }
        let id = name.strip_prefix(deployment)?.strip_prefix('-')?;
        let id = id.strip_suffix("-config-map")?;
        (id.len() == 32).then(|| Self::JobMetadata(id.to_owned()))
    }

    /// Whether high availability made it, so that it can outlive its cluster.
    pub fn is_metadata(&self) -> bool {
        matches!(self, Self::ClusterMetadata | Self::JobMetadata(_))
    }
}

/// Something that has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This one is made.
    Made(Part),
    /// This one is removed.
    Removed(Part),
}

/// The parts of one deployment that there are.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    there: BTreeSet<Part>,
    /// What the JobManager that runs has made. It does not make it twice, should others remove it.
    led: BTreeSet<Part>,
}

impl Parts {
    /// Only these are there, others may have been removed.
    pub fn found(&mut self, found: impl IntoIterator<Item = Part>) {
        self.there = found.into_iter().collect();
    }

    /// What a submission makes.
    pub fn submit(&mut self, spec: &Spec) -> Vec<Change> {
        let mut wanted = vec![Part::JobManager, Part::FlinkConfig];
        let template = spec.pod_template.is_some()
            || spec
                .task_manager
                .as_ref()
                .is_some_and(|component| component.pod_template.is_some());
        if spec.is_standalone() {
            wanted.push(Part::TaskManagers);
        } else if template {
            wanted.push(Part::PodTemplate);
        }
        self.led.clear();
        self.make(wanted)
    }

    /// What the JobManager makes and removes by itself.
    pub fn follow(&mut self, spec: &Spec, cluster: &ClusterView) -> Vec<Change> {
        let up = matches!(cluster.job_manager, JobManager::Up | JobManager::Mute);
        if !up || !spec.is_highly_available() {
            return Vec::new();
        }
        let mut changes = self.lead(Part::ClusterMetadata);
        match &cluster.job {
            // Flink forgets a job that has ended for good.
            Some(job) if matches!(job.state.as_str(), "FINISHED" | "FAILED" | "CANCELED") => {
                changes.extend(self.remove(|part| matches!(part, Part::JobMetadata(_))));
            }
            Some(job) => changes.extend(self.lead(Part::JobMetadata(job.id.clone()))),
            None => {}
        }
        changes
    }

    /// What the autoscaler makes.
    pub fn autoscale(&mut self) -> Vec<Change> {
        self.make([Part::Autoscaler])
    }

    /// What goes with the cluster.
    pub fn tear_down(&mut self, keep_metadata: bool) -> Vec<Change> {
        self.remove(|part| *part != Part::Autoscaler && !(keep_metadata && part.is_metadata()))
    }

    /// What goes with the deployment's object.
    pub fn clear(&mut self) -> Vec<Change> {
        self.remove(|_| true)
    }

    /// Whether the JobManager's Deployment is there.
    pub fn has_job_manager(&self) -> bool {
        self.there.contains(&Part::JobManager)
    }

    /// Whether high availability remembers a job.
    pub fn has_metadata(&self) -> bool {
        let job = |part: &Part| matches!(part, Part::JobMetadata(_));
        self.there.contains(&Part::ClusterMetadata) && self.there.iter().any(job)
    }

    /// What a JobManager makes once.
    fn lead(&mut self, part: Part) -> Vec<Change> {
        if self.led.insert(part.clone()) {
            self.make([part])
        } else {
            Vec::new()
        }
    }

    fn make(&mut self, wanted: impl IntoIterator<Item = Part>) -> Vec<Change> {
        let new = wanted.into_iter().filter(|part| self.there.insert(part.clone()));
        new.map(Change::Made).collect()
    }

    fn remove(&mut self, unwanted: impl Fn(&Part) -> bool) -> Vec<Change> {
        let gone: Vec<_> = self.there.iter().filter(|part| unwanted(part)).cloned().collect();
        self.there.retain(|part| !unwanted(part));
        gone.into_iter().map(Change::Removed).collect()
    }
}
