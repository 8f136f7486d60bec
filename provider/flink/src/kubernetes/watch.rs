//! Watching one object.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, Method};
use kube::client::Body;
use kube::core::WatchEvent;
use serde_json::Value;

use super::body::{self, Lines};
use super::connection::Peer;
use super::error::{About, KubernetesError};
use super::objects::Objects;
use super::request::{Answer, Ask, NoAnswer, no_answer, unread};
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
        let selector = format!("metadata.name={name}");
        let ask = Ask::new(Method::GET, self.collection()).query(&[
            ("watch", "true"),
            ("fieldSelector", &selector),
            ("resourceVersion", resource_version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &WATCH_FOR.as_secs().to_string()),
        ]);
        let mut request = ask
            .request()
            .map_err(|error| no_answer(&kube::Error::HttpError(error)).into_error(&self.cluster, &about))?
            .map(Body::from);
        // Each event is to be seen when it comes, and not when enough of them are there to be compressed.
        let plain = HeaderValue::from_static("identity");
        request.headers_mut().insert(ACCEPT_ENCODING, plain);
        let login = self
            .cluster
            .login()
            .await
            .map_err(|error| error.into_error(&self.cluster, &about))?;
        let opening = async {
            let response = login.client.send(request).await.map_err(|error| no_answer(&error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(Ok(Lines::of(response.into_body())));
            }
            let body = body::whole(response.into_body()).await.map_err(unread)?;
            let retry_after = None;
            Ok(Err(Answer {
                status,
                body,
                retry_after,
                warnings: Vec::new(),
            }))
        };
        let opened = tokio::time::timeout(self.cluster.limits.request, opening)
            .await
            .unwrap_or(Err(NoAnswer::TimedOut))
            .map_err(|no_answer| no_answer.into_error(&self.cluster, &about))?;
        let lines = opened.map_err(|answer| KubernetesError::of_answer(&answer, &self.cluster, &about))?;
        let following = Following {
            lines,
            peer: self.cluster.peer(),
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            resource: K::PLURAL,
        };
        let seen = futures::stream::unfold(Some(following), |following| async {
            let mut following = following?;
            match following.next().await {
                None => None,
                // Nothing follows on an error.
                Some(Err(error)) => Some((Err(error), None)),
                Some(Ok(seen)) => Some((Ok(seen), Some(following))),
            }
        });
        Ok(Box::pin(seen))
    }
}

/// A watch, and what it is about.
struct Following {
    lines: Lines,
    peer: Arc<Peer>,
    namespace: String,
    name: String,
    resource: &'static str,
}

impl Following {
    async fn next(&mut self) -> Option<Result<Seen, KubernetesError>> {
        let about = About {
            verb: "watch",
            resource: self.resource,
            namespace: &self.namespace,
            name: &self.name,
        };
        let broken = |reason: String| KubernetesError::Cut {
            server: self.peer.server.clone(),
            what: about.to_string(),
            reason,
        };
        let line = match self.lines.next().await {
            Ok(line) => line?,
            Err(error) => return Some(Err(broken(unread(error).reason()))),
        };
        Some(match serde_json::from_slice(&line) {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => Ok(Seen::Present(object)),
            Ok(WatchEvent::Deleted(_)) => Ok(Seen::Deleted),
            Ok(WatchEvent::Bookmark(_)) => Ok(Seen::Nothing),
            Ok(WatchEvent::Error(status)) => Err(KubernetesError::of_status(&status, &self.peer, &about)),
            Err(error) => Err(broken(error.to_string())),
        })
    }
}
