//! The watches: everything that happens in a namespace, as it arrives.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::api::{self, Api};
use crate::recording::ChangeType;

/// The kinds that are watched.
const WATCHED: [&str; 7] = [
    "FlinkDeployment",
    "FlinkSessionJob",
    "FlinkStateSnapshot",
    "Event",
    "Pod",
    "Deployment",
    "ConfigMap",
];
/// Before a broken watch is opened again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a watch told: a change, or why it cannot go on.
pub type News = Result<(ChangeType, Value)>;

/// The watches of one namespace. They end when this is dropped.
pub struct Watches {
    news: UnboundedReceiver<News>,
    _tasks: JoinSet<()>,
}

impl Watches {
    /// Begins to watch. What happens after this has returned is told.
    pub async fn begin(api: &Api, namespace: &str) -> Result<Self> {
        let (tell, news) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for kind in WATCHED {
            let collection = api::collection(kind, namespace)?;
            let list = api.get(&collection).await?;
            if list.status == 404 {
                // A kind that an older operator does not have, and that no step is about.
                continue;
            }
            let list = list.expect(&format!("list {collection}"))?;
            let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            let (api, version, tell) = (api.clone(), version.to_owned(), tell.clone());
            tasks.spawn(async move {
                if let Err(error) = follow(&api, &collection, version, &tell).await {
                    let _ = tell.send(Err(error));
                }
            });
        }
        Ok(Self { news, _tasks: tasks })
    }

    /// What came in next.
    pub async fn next(&mut self) -> News {
        self.news.recv().await.context("nothing is watched")?
    }
}

/// Tells every change after this version. Fails only where changes would be missing.
async fn follow(api: &Api, collection: &str, mut version: String, tell: &UnboundedSender<News>) -> Result<()> {
    loop {
        match api.watch(collection, &version).await {
            Ok(watch) => {
                let mut watch = pin!(watch);
                // A broken connection loses nothing: the next watch begins at the version that was seen last.
                while let Ok(Some(event)) = watch.try_next().await {
                    let (change, object) = match event {
                        WatchEvent::Added(object) => (ChangeType::Added, object),
                        WatchEvent::Modified(object) => (ChangeType::Modified, object),
                        WatchEvent::Deleted(object) => (ChangeType::Deleted, object),
                        WatchEvent::Bookmark(bookmark) => {
                            version = bookmark.metadata.resource_version;
                            continue;
                        }
                        WatchEvent::Error(status) => {
                            bail!("the watch of {collection} has a gap ({}); record again", status.message)
                        }
                    };
                    if let Some(seen) = object["metadata"]["resourceVersion"].as_str() {
                        seen.clone_into(&mut version);
                    }
                    if tell.send(Ok((change, object))).is_err() {
                        return Ok(());
                    }
                }
            }
            Err(error) if is_refusal(&error) => return Err(error),
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the API server itself said no, for example because the version is too old.
fn is_refusal(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<kube::Error>(), Some(kube::Error::Api(_)))
}
