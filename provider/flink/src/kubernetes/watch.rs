//! Watching one object.

use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt};
use http::Method;
use kube::core::WatchEvent;
use serde_json::Value;

use super::error::KubernetesError;
use super::objects::Objects;
use super::request::{Ask, no_answer};
use crate::operator::resource::Resource;

/// What a watch reports.
#[derive(Debug)]
pub enum Seen {
    /// The object as it is now.
    Present(Value),
    /// The object has been deleted.
    Deleted,
    /// Nothing about the object itself; the watch is alive.
    Nothing,
}

/// A watch under way. It ends after some time by itself: then look at the object and watch again.
pub type Watching = Pin<Box<dyn Stream<Item = Result<Seen, KubernetesError>> + Send>>;

/// After this time the API server ends a watch.
pub(crate) const WATCH_FOR: Duration = Duration::from_secs(60);

impl<K: Resource> Objects<K> {
    /// Watches one object from a version on.
    ///
    /// # Errors
    /// Where the watch cannot be opened: a role may not allow it
    /// ([`Forbidden`](KubernetesError::Forbidden)), or the version may be too old.
    pub async fn watch(&self, name: &str, resource_version: &str) -> Result<Watching, KubernetesError> {
        let about = self.about("watch", name);
        let failed = |error: kube::Error| {
            if let kube::Error::Api(status) = &error {
                return KubernetesError::of_status(status, &self.cluster.peer(), &about);
            }
            no_answer(&error).into_error(&self.cluster, &about)
        };
        let selector = format!("metadata.name={name}");
        let ask = Ask::new(Method::GET, self.collection()).query(&[
            ("watch", "true"),
            ("fieldSelector", &selector),
            ("resourceVersion", resource_version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &WATCH_FOR.as_secs().to_string()),
        ]);
        let request = ask.request().map_err(|error| failed(kube::Error::HttpError(error)))?;
        let login = self
            .cluster
            .login()
            .await
            .map_err(|error| error.into_error(&self.cluster, &about))?;
        let opening = login.client.request_events::<Value>(request);
        let events = match tokio::time::timeout(self.cluster.limits.request, opening).await {
            Err(_) => return Err(super::request::NoAnswer::TimedOut.into_error(&self.cluster, &about)),
            Ok(Err(error)) => return Err(failed(error)),
            Ok(Ok(events)) => events,
        };
        let peer = self.cluster.peer();
        let (namespace, name) = (self.namespace.clone(), name.to_owned());
        let seen = events.map(move |event: Result<WatchEvent<Value>, kube::Error>| {
            let about = super::error::About {
                verb: "watch",
                resource: K::PLURAL,
                namespace: &namespace,
                name: &name,
            };
            match event {
                Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => Ok(Seen::Present(object)),
                Ok(WatchEvent::Deleted(_)) => Ok(Seen::Deleted),
                Ok(WatchEvent::Bookmark(_)) => Ok(Seen::Nothing),
                Ok(WatchEvent::Error(status)) => Err(KubernetesError::of_status(&status, &peer, &about)),
                Err(error) => Err(KubernetesError::Cut {
                    server: peer.server.clone(),
                    what: about.to_string(),
                    reason: error.to_string(),
                }),
            }
        });
        Ok(Box::pin(seen))
    }
}
