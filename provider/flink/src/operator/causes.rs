//! Why an object does not become ready: what the operator, Kubernetes and the JobManager say.
//!
//! Every source is optional. A role that may not read events or pods only loses detail.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::deployment::FlinkDeployment;
use super::error::OperatorError;
use super::job_resource::JobResource;
use super::pods::{self, LastWords, Pod};
use super::resource::Resource;
use crate::kubernetes::events::EventSeen;
use crate::kubernetes::{Cluster, KubernetesError, Limits, Live, Objects};
use crate::rest::{JobException, JobManager};
use crate::secret::Mask;
use crate::text::cut_middle;

pub use super::pods::{PodTrouble, Trouble};

/// What is known about why an object does not become ready.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    /// The operator's error.
    pub operator: Option<OperatorError>,
    /// Whether that error was away when the object was last seen, and there a moment before: it comes and goes while the
    /// operator tries again.
    pub operator_tries_again: bool,
    /// The last warnings about the object, its deployment and the pods, oldest first.
    pub events: Vec<EventSeen>,
    /// Containers and pods that wait or have ended, with the reason.
    pub pods: Vec<PodTrouble>,
    /// The last words of a container that crashed.
    pub log: Option<LastWords>,
    /// The newest exception of the job, from the JobManager.
    pub job: Option<JobException>,
    /// What could not be asked, and why.
    pub unseen: Vec<String>,
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
        pods_and_log(&cluster, namespace, deployment),
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
    let (pods, log) = pods.unwrap_or_else(|why| {
        causes.unseen.push(why.to_string());
        (Vec::new(), Ok(None))
    });
    match log {
        Ok(log) => causes.log = log,
        Err(why) => causes.unseen.push(why.to_string()),
    }
    match events {
        Ok(events) => {
            let names: Vec<&str> = pods.iter().map(Pod::name).collect();
            let events = events.into_iter().filter_map(EventSeen::read).collect();
            causes.events = relevant(events, (K::KIND, &name), deployment, &names, since);
        }
        Err(error) => causes.unseen.push(error.to_string()),
    }
    causes.pods = pods.iter().flat_map(Pod::troubles).take(MOST).collect();
    match job {
        Ok(job) => causes.job = job,
        Err(why) => causes.unseen.push(why),
    }
    causes
}

/// The pods, and what the first of them that crashed said last.
async fn pods_and_log(
    cluster: &Cluster,
    namespace: &str,
    deployment: &str,
) -> Result<(Vec<Pod>, Result<Option<LastWords>, KubernetesError>), KubernetesError> {
    let pods = pods::list(cluster, namespace, deployment).await?;
    let log = pods::last_words(cluster, namespace, &pods).await;
    Ok((pods, log))
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

impl Causes {
    /// What is known, one sentence each, the most telling first: the job's exception, the operator's
    /// error, the log of a container that crashed, pods, events; at last, what could not be read. Secrets are hidden, long
    /// texts cut in the middle.
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
            let tries_again = if self.operator_tries_again {
                ", and tries again"
            } else {
                ""
            };
            sentences.push(format!("the operator reports{tries_again}: {error}"));
        }
        if let Some(LastWords { pod, container, words }) = &self.log {
            sentences.push(format!(
                "the log of pod {pod}, container {container}, ends with: {words}"
            ));
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
        // Whoever gave the role without these rights learns here what it costs.
        let unseen = self.unseen.iter();
        sentences.extend(unseen.map(|why| format!("more may be known, but it could not be read: {why}")));
        sentences
            .into_iter()
            .map(|sentence| cut_middle(&mask.apply(&sentence), LONGEST))
            .collect()
    }
}

#[cfg(test)]
mod tests;
