//! Events: what the operator and Kubernetes have said about an object.

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::cluster::Cluster;
use super::error::KubernetesError;

/// An event, as far as a person wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSeen {
    /// Kind and name of the object it is about: `Pod orders-5d9f-x2x`.
    pub about: String,
    /// Its reason, one word: `FailedScheduling`.
    pub reason: String,
    /// Its text.
    pub message: String,
    /// Whether it is a warning.
    pub warning: bool,
    /// How often it has been seen.
    pub count: i32,
    /// When it was last seen.
    pub last: Option<Timestamp>,
}

/// What is read of Kubernetes' `Event` (core/v1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    involved_object: About,
    reason: Option<String>,
    message: Option<String>,
    r#type: Option<String>,
    count: Option<i32>,
    series: Option<Series>,
    last_timestamp: Option<Timestamp>,
    event_time: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_timestamp: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<i32>,
    last_observed_time: Option<Timestamp>,
}

impl EventSeen {
    /// Reads an event. One that does not have the shape of an event is passed over.
    pub fn read(json: Value) -> Option<Self> {
        let event: Event = serde_json::from_value(json).ok()?;
        let series = event.series.as_ref();
        let last = series
            .and_then(|series| series.last_observed_time)
            .or(event.last_timestamp)
            .or(event.event_time)
            .or(event.metadata.creation_timestamp);
        Some(Self {
            about: format!("{} {}", event.involved_object.kind, event.involved_object.name),
            count: series.and_then(|series| series.count).or(event.count).unwrap_or(1),
            reason: event.reason.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
            warning: event.r#type.as_deref() == Some("Warning"),
            last,
        })
    }
}

impl Cluster {
    /// The events about one object, oldest first.
    ///
    /// # Errors
    /// Where they cannot be listed; a role may well not allow it.
    pub async fn events_about(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
    ) -> Result<Vec<EventSeen>, KubernetesError> {
        let selector = format!("involvedObject.kind={kind},involvedObject.name={name}");
        let events = self.list("events", namespace, &[("fieldSelector", &selector)]).await?;
        let mut events: Vec<EventSeen> = events.into_iter().filter_map(EventSeen::read).collect();
        events.sort_by_key(|event| event.last);
        Ok(events)
    }
}
