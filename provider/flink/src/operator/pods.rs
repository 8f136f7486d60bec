//! The pods of a deployment: which of them do not run, and why. The operator's status is silent about many of these: a
//! TaskManager that no node has room for, an image that is never pulled.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::kubernetes::{Cluster, KubernetesError, Limits};
use crate::wait::Progress;

mod log;

pub use log::LastWords;
pub(super) use log::last_words;

/// How long a container may fail to start, or crash again and again.
pub(super) const GRACE: Duration = Duration::from_secs(120);

/// How long there may be no room for a pod: a cluster that grows by itself needs minutes for a node.
const NO_ROOM: Duration = Duration::from_secs(600);

/// How often pods are looked at during a wait. The operator's own status is seen at once.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A container that has ended so often is crashing, also while it runs once more.
const CRASHING: i64 = 2;

/// A pod as the API server returns it. Only how it is is read, never how it was meant to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod(Value);

/// A container of a pod.
#[derive(Clone, Copy)]
struct Container<'a>(&'a Value);

/// A pod, or a container of it, that does not run.
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

/// What keeps pods from running. Each has one name for all the words of Kubernetes, which change with each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An image cannot be had.
    Image,
    /// A container ends, or cannot be made, again and again.
    Crash,
    /// No node has room for it.
    Unschedulable,
}

impl Trouble {
    /// The trouble behind a reason that Kubernetes gives; `None` for one of another kind.
    pub fn of(reason: &str) -> Option<Self> {
        match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "ImageInspectError"
            | "RegistryUnavailable" => Some(Self::Image),
            "CrashLoopBackOff"
            | "RunContainerError"
            | "CreateContainerConfigError"
            | "CreateContainerError"
            | "OOMKilled" => Some(Self::Crash),
            "Unschedulable" => Some(Self::Unschedulable),
            _ => None,
        }
    }

    /// Its name among the causes of a wait.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Crash => "crash",
            Self::Unschedulable => "unschedulable",
        }
    }

    fn grace(self) -> Duration {
        match self {
            Self::Image | Self::Crash => GRACE,
            Self::Unschedulable => NO_ROOM,
        }
    }
}

impl Pod {
    /// A pod from what a list or a watch brought.
    pub fn of(json: Value) -> Self {
        Self(json)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        text(&self.0, "/metadata/name")
    }

    fn containers(&self) -> impl Iterator<Item = Container<'_>> {
        let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
        lists
            .into_iter()
            .flat_map(|list| elements(&self.0, list))
            .map(Container)
    }

    fn trouble(&self, container: Option<Container<'_>>, reason: &str, message: String) -> PodTrouble {
        PodTrouble {
            pod: self.name().to_owned(),
            container: container.map(|container| container.name().to_owned()),
            reason: reason.to_owned(),
            message,
        }
    }

    /// Why it does not run: everything that there is to tell.
    pub fn troubles(&self) -> Vec<PodTrouble> {
        let mut troubles = Vec::new();
        for condition in elements(&self.0, "/status/conditions") {
            if text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False" {
                let message = text(condition, "/message").to_owned();
                troubles.push(self.trouble(None, text(condition, "/reason"), message));
            }
        }
        for container in self.containers() {
            let waiting = text(container.0, "/state/waiting/reason");
            // The others are steps of every start.
            if !["", "ContainerCreating", "PodInitializing"].contains(&waiting) {
                let message = text(container.0, "/state/waiting/message").to_owned();
                troubles.push(self.trouble(Some(container), waiting, message));
            }
            if let Some((reason, message)) = container.ended() {
                troubles.push(self.trouble(Some(container), reason, message));
            }
        }
        troubles
    }

    /// What keeps it from running, where waiting alone may not mend it. What is being deleted does not count.
    fn obstacle(&self) -> Option<(Trouble, PodTrouble)> {
        if self
            .0
            .pointer("/metadata/deletionTimestamp")
            .is_some_and(Value::is_string)
        {
            return None;
        }
        let troubles = self.troubles();
        let told = troubles
            .into_iter()
            .find_map(|told| Some((Trouble::of(&told.reason)?, told)));
        told.or_else(|| {
            // Between two crashes it runs for a while, or has just ended.
            let container = self.containers().find(|container| container.is_crashing())?;
            let (reason, message) = container.ended()?;
            Some((Trouble::Crash, self.trouble(Some(container), reason, message)))
        })
    }
}

impl<'a> Container<'a> {
    fn name(self) -> &'a str {
        text(self.0, "/name")
    }

    /// Whether it has ended several times already, and is not well now.
    fn is_crashing(self) -> bool {
        self.0["ready"] != true && self.0["restartCount"].as_i64().is_some_and(|count| count >= CRASHING)
    }

    /// Whether it has been started anew since it ended.
    fn has_ended_before(self) -> bool {
        !self.0.pointer("/state/terminated").is_some_and(Value::is_object)
    }

    /// How it ended the last time, where that was with an error: a word, and the exit code.
    fn ended(self) -> Option<(&'a str, String)> {
        let ended = ["/state/terminated", "/lastState/terminated"];
        let ended = ended
            .into_iter()
            .find_map(|state| self.0.pointer(state).filter(|state| state.is_object()))?;
        let code = ended["exitCode"].as_i64().filter(|code| *code != 0)?;
        let (reason, message) = (text(ended, "/reason"), text(ended, "/message"));
        let colon = if message.is_empty() { "" } else { ": " };
        let reason = if reason.is_empty() { "Error" } else { reason };
        Some((reason, format!("exit code {code}{colon}{message}")))
    }
}

/// A text of a JSON object; empty where it is not there.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn elements<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
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

/// What the pods say about an object that is not ready yet: a trouble that may last for its grace; `None` where they have
/// none that the operator would not get over by itself.
pub(super) fn in_the_way(pods: &[Pod]) -> Option<Progress> {
    let (trouble, told) = pods.iter().find_map(Pod::obstacle)?;
    let what = match trouble {
        Trouble::Image => "an image cannot be had",
        Trouble::Crash => "a container cannot start, or crashes again and again",
        Trouble::Unschedulable => "there is no node for a pod",
    };
    Some(Progress::Failing {
        why: format!("{what}: {told}"),
        cause: trouble.cause().to_owned(),
        grace: trouble.grace(),
    })
}

/// The pods of a deployment.
///
/// # Errors
/// Where they cannot be listed; a role may well not allow it.
pub(super) async fn list(cluster: &Cluster, namespace: &str, deployment: &str) -> Result<Vec<Pod>, KubernetesError> {
    let selector = format!("app={deployment}");
    let pods = cluster.list("pods", namespace, &[("labelSelector", &selector)]).await?;
    Ok(pods.into_iter().map(Pod).collect())
}

/// The pods of a deployment, looked at again and again while somebody waits for it.
pub(super) struct Watched<'a> {
    cluster: Cluster,
    namespace: &'a str,
    deployment: &'a str,
    seen: Mutex<Arc<[Pod]>>,
}

impl<'a> Watched<'a> {
    /// Nothing is asked before [`Self::beside`].
    pub(super) fn of(cluster: &Cluster, namespace: &'a str, deployment: &'a str) -> Self {
        let limits = Limits {
            request: LOOK_EVERY,
            attempts: 1,
            pause: Duration::ZERO,
        };
        Self {
            cluster: cluster.clone().with_limits(limits),
            namespace,
            deployment,
            seen: Mutex::default(),
        }
    }

    /// The pods as they were last seen. None where a role does not allow to look.
    pub(super) fn seen(&self) -> Arc<[Pod]> {
        Arc::clone(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits, and meanwhile looks at the pods.
    pub(super) async fn beside<T>(&self, wait: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            waited = wait => waited,
            never = self.follow() => match never {},
        }
    }

    /// Looks every so often, for as long as this is polled. What cannot be seen costs the reason, never the wait.
    async fn follow(&self) -> Infallible {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match list(&self.cluster, self.namespace, self.deployment).await {
                Ok(pods) => *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = pods.into(),
                Err(error) if error.is_forbidden() => {
                    tracing::debug!(%error, "pods are not looked at");
                    return std::future::pending().await;
                }
                Err(error) => tracing::debug!(%error, "the pods could not be looked at"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
