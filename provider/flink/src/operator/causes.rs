//! Why an object does not become ready: what the operator, Kubernetes and the JobManager say.
//!
//! Every source is optional. A role that may not read events or pods only loses detail.

use std::fmt;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::deployment::FlinkDeployment;
use super::error::OperatorError;
use super::job_resource::JobResource;
use super::resource::Resource;
use crate::kubernetes::events::EventSeen;
use crate::kubernetes::pods::Pod;
use crate::kubernetes::{Cluster, Limits, Live, Objects};
use crate::rest::{JobException, JobManager};
use crate::secret::Mask;
use crate::text::cut_middle;

/// What is known about why an object does not become ready.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    /// The operator's error.
    pub operator: Option<OperatorError>,
    /// The last warnings about the object, its deployment and the pods, oldest first.
    pub events: Vec<EventSeen>,
    /// Containers and pods that wait or have ended, with the reason.
    pub pods: Vec<PodTrouble>,
    /// The newest exception of the job, from the JobManager.
    pub job: Option<JobException>,
    /// What could not be asked, and why.
    pub unseen: Vec<String>,
}

/// A pod that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTrouble {
    /// Name of the pod.
    pub pod: String,
    /// Name of the container, where it is one.
    pub container: Option<String>,
    /// One word: `ImagePullBackOff`, `Unschedulable`, `Error`.
    pub reason: String,
    /// The text that goes with it.
    pub message: String,
}

/// The longest text of one cause.
const LONGEST: usize = 500;

/// The most events and pods worth telling.
const MOST: usize = 4;

/// A failure is to be reported soon: the sources are asked once, and not for long.
const BRIEF: Limits = Limits {
    request: Duration::from_secs(5),
    attempts: 1,
    pause: Duration::ZERO,
};

/// Asks everybody who may know: about the object, and about the cluster that runs its job. `port` is that of JobManager
/// REST. `since` is when the change was made: what was said before is about something else.
pub async fn gather<K: JobResource>(
    objects: &Objects<K>,
    live: &Live<K>,
    port: u16,
    since: Option<Timestamp>,
) -> Causes {
    let cluster = objects.cluster().clone().with_limits(BRIEF);
    let name = live.metadata().name.clone().unwrap_or_default();
    let namespace = objects.namespace();
    let deployment = live.deployment_name();
    let (pods, events, job) = tokio::join!(
        pods(&cluster, namespace, deployment),
        cluster.list("events", namespace, &[("fieldSelector", "type=Warning")]),
        newest_exception(&cluster, namespace, live, port),
    );
    let mut causes = Causes {
        operator: live
            .reported()
            .and_then(|status| status.error)
            .map(OperatorError::decode),
        ..Causes::default()
    };
    let pods = pods.unwrap_or_else(|why| {
        causes.unseen.push(why);
        Vec::new()
    });
    match events {
        Ok(events) => {
            let names: Vec<&str> = pods.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect();
            let events = events.into_iter().filter_map(EventSeen::read).collect();
            causes.events = relevant(events, (K::KIND, &name), deployment, &names, since);
        }
        Err(error) => causes.unseen.push(error.to_string()),
    }
    causes.pods = pods.iter().flat_map(troubles).take(MOST).collect();
    match job {
        Ok(job) => causes.job = job,
        Err(why) => causes.unseen.push(why),
    }
    causes
}

async fn pods(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<Pod>, String> {
    let selector = format!("app={name}");
    let pods = cluster.list("pods", namespace, &[("labelSelector", &selector)]).await;
    let pods = pods.map_err(|error| error.to_string())?;
    Ok(pods
        .into_iter()
        .filter_map(|pod| serde_json::from_value(pod).ok())
        .collect())
}

/// The newest exception of the job, where there is a JobManager to ask.
async fn newest_exception<K: JobResource>(
    cluster: &Cluster,
    namespace: &str,
    live: &Live<K>,
    port: u16,
) -> Result<Option<JobException>, String> {
    let id = live.reported().and_then(|status| status.job_status.job_id.clone());
    let (Some(id), Some(_)) = (id, live.job()) else {
        return Ok(None);
    };
    let service = format!("{}-rest", live.deployment_name());
    let job_manager = JobManager::new(cluster.clone(), namespace, service, port);
    match job_manager.exceptions(&id).await {
        Ok(exceptions) => Ok(exceptions.newest()),
        // A JobManager that does not run has nothing to tell; the pods say why it does not.
        Err(error @ crate::rest::RestError::Kubernetes(_)) => Err(error.to_string()),
        Err(_) => Ok(None),
    }
}

/// The warnings about an object, its deployment, the pods of that and what makes them, once each, the last ones.
fn relevant(
    events: Vec<EventSeen>,
    object: (&str, &str),
    name: &str,
    pods: &[&str],
    since: Option<Timestamp>,
) -> Vec<EventSeen> {
    let is_ours = |event: &EventSeen| match event.about.split_once(' ') {
        Some(about) if about == object => true,
        Some((FlinkDeployment::KIND, about)) => about == name,
        Some(("Pod", about)) => pods.contains(&about),
        Some(("Deployment", about)) => about == name || about == format!("{name}-taskmanager"),
        // A replica set is named like its deployment, with one more part.
        Some(("ReplicaSet", about)) => [name.to_owned(), format!("{name}-taskmanager")]
            .iter()
            .any(|deployment| {
                about
                    .strip_prefix(deployment.as_str())
                    .and_then(|rest| rest.strip_prefix('-'))
                    .is_some_and(|hash| !hash.contains('-'))
            }),
        _ => false,
    };
    let mut events: Vec<EventSeen> = events
        .into_iter()
        .filter(|event| event.warning && is_ours(event))
        .filter(|event| since.is_none() || event.last.is_none() || event.last >= since)
        // Probes that fail while a container starts are a matter of course.
        .filter(|event| event.reason != "Unhealthy")
        .collect();
    events.sort_by_key(|event| event.last);
    let mut kept: Vec<EventSeen> = Vec::new();
    for event in events.into_iter().rev() {
        if kept.len() < MOST && !kept.iter().any(|kept| kept.message == event.message) {
            kept.push(event);
        }
    }
    kept.reverse();
    kept
}

/// Why a pod does not run.
fn troubles(pod: &Pod) -> Vec<PodTrouble> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let Some(status) = &pod.status else { return Vec::new() };
    let mut troubles = Vec::new();
    for condition in status.conditions.iter().flatten() {
        if condition.type_ == "PodScheduled" && condition.status == "False" {
            troubles.push(PodTrouble {
                pod: name.clone(),
                container: None,
                reason: condition.reason.clone().unwrap_or_default(),
                message: condition.message.clone().unwrap_or_default(),
            });
        }
    }
    let containers = status
        .init_container_statuses
        .iter()
        .flatten()
        .chain(status.container_statuses.iter().flatten());
    for container in containers {
        let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
        let ended = [container.state.as_ref(), container.last_state.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|state| state.terminated.as_ref())
            .filter(|ended| ended.exit_code != 0);
        let waiting = waiting.and_then(|waiting| {
            let reason = waiting.reason.clone()?;
            // These are steps of every start.
            (!["ContainerCreating", "PodInitializing"].contains(&reason.as_str()))
                .then(|| (reason, waiting.message.clone().unwrap_or_default()))
        });
        let ended = ended.map(|ended| {
            let message = ended.message.clone().unwrap_or_default();
            let message = format!(
                "exit code {}{}{message}",
                ended.exit_code,
                if message.is_empty() { "" } else { ": " }
            );
            (ended.reason.clone().unwrap_or_else(|| "Error".to_owned()), message)
        });
        for (reason, message) in waiting.into_iter().chain(ended) {
            troubles.push(PodTrouble {
                pod: name.clone(),
                container: Some(container.name.clone()),
                reason,
                message,
            });
        }
    }
    troubles
}

impl fmt::Display for PodTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod {}", self.pod)?;
        if let Some(container) = &self.container {
            write!(f, ", container {container}")?;
        }
        write!(f, ": {}", self.reason)?;
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

impl Causes {
    /// What is known, one sentence each, the most telling first: the job's exception, the operator's
    /// error, pods, events. Secrets are hidden, long texts cut in the middle.
    pub fn sentences(&self, mask: &Mask) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(exception) = &self.job {
            let task = exception
                .task_name
                .as_deref()
                .map(|task| format!(" in task {task}"))
                .unwrap_or_default();
            sentences.push(format!("the job's last exception{task}: {}", exception.root_cause()));
        }
        if let Some(error) = &self.operator {
            sentences.push(format!("the operator reports: {error}"));
        }
        sentences.extend(self.pods.iter().map(ToString::to_string));
        sentences.extend(self.events.iter().map(|event| {
            let times = if event.count > 1 {
                format!(" ({} times)", event.count)
            } else {
                String::new()
            };
            // A JobException event carries a Java stack; its first line is the sentence.
            let message = event.message.lines().next().unwrap_or_default();
            format!("event {} about {}{times}: {message}", event.reason, event.about)
        }));
        sentences
            .into_iter()
            .map(|sentence| cut_middle(&mask.apply(&sentence), LONGEST))
            .collect()
    }
}

#[cfg(test)]
mod tests;
