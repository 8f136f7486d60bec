//! Finds the deployments of all namespaces, and gives each to an actor of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Options;
use super::actor::{Actor, Namespaces, key};
use super::kubernetes::resource;

const BEFORE_NEXT_LIST: Duration = Duration::from_millis(500);

/// Works until it is cancelled.
pub async fn run(client: Client, options: Options, cancellation: CancellationToken) -> Result<()> {
    std::fs::create_dir_all(&options.state_dir).with_context(|| format!("create {}", options.state_dir.display()))?;
    let (labels, namespaces) = watch::channel(Arc::new(Namespaces::new()));
    let crew = Mutex::new(Crew {
        client: client.clone(),
        options,
        namespaces,
        seats: BTreeMap::new(),
        actors: JoinSet::new(),
    });
    let all_namespaces: Api<Namespace> = Api::all(client.clone());
    let all_parts: Api<Deployment> = Api::all(client.clone());
    let all_deployments: Api<DynamicObject> = Api::all_with(client, &resource("FlinkDeployment"));
    // The labels first: they say how a deployment is to be treated.
    let mut known = Namespaces::new();
    let mut note = |change: Change<Namespace>| {
        match change {
            Change::All(namespaces) => known = namespaces.into_iter().map(labelled).collect(),
            Change::One(namespace) => {
                let (name, labels) = labelled(namespace);
                known.insert(name, labels);
            }
            Change::Gone(namespace) => {
                known.remove(&namespace.name_any());
            }
        }
        labels.send_replace(Arc::new(known.clone()));
    };
    let namespaces = follow(&all_namespaces, ListParams::default(), &mut note);
    let jobs_of_flink = ListParams::default().labels("type in (flink-native-kubernetes, flink-standalone-kubernetes)");
    let parts = follow(&all_parts, jobs_of_flink, |change: Change<Deployment>| {
        if let Change::Gone(part) = change {
            lock(&crew).hear_removed(&part);
        }
    });
    let deployments = follow(&all_deployments, ListParams::default(), |change| {
        lock(&crew).hear(change)
    });
    tokio::select! {
        () = namespaces => {}
        () = deployments => {}
        () = parts => {}
        () = cancellation.cancelled() => {}
    }
    let mut crew = crew.into_inner().unwrap_or_else(PoisonError::into_inner);
    crew.actors.shutdown().await;
    Ok(())
}

fn lock(crew: &Mutex<Crew>) -> MutexGuard<'_, Crew> {
    crew.lock().unwrap_or_else(PoisonError::into_inner)
}

fn labelled(namespace: Namespace) -> (String, BTreeMap<String, String>) {
    let labels = namespace.labels().clone();
    (namespace.name_any(), labels)
}

/// What a watch tells.
enum Change<K> {
    /// These are all there are.
    All(Vec<K>),
    /// This is new, or has changed.
    One(K),
    /// This is gone.
    Gone(K),
}

/// Lists and watches for ever. A break of either is followed by another list.
async fn follow<K>(api: &Api<K>, which: ListParams, mut tell: impl FnMut(Change<K>))
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    loop {
        if let Err(error) = follow_once(api, &which, &mut tell).await {
            // Also while the kind is not installed yet.
            debug!("watch: {error}");
            tokio::time::sleep(BEFORE_NEXT_LIST).await;
        }
    }
}

async fn follow_once<K>(api: &Api<K>, which: &ListParams, tell: &mut impl FnMut(Change<K>)) -> kube::Result<()>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let list = api.list(which).await?;
    let version = list.metadata.resource_version.clone().unwrap_or_default();
    tell(Change::All(list.items));
    let watch = WatchParams {
        label_selector: which.label_selector.clone(),
        ..WatchParams::default()
    };
    let mut changes = pin!(api.watch(&watch, &version).await?);
    while let Some(change) = changes.try_next().await? {
        match change {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => tell(Change::One(object)),
            WatchEvent::Deleted(object) => tell(Change::Gone(object)),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(error) => return Err(kube::Error::Api(error)),
        }
    }
    Ok(())
}

/// Through which an actor hears.
struct Seat {
    /// Of its deployment.
    object: watch::Sender<Option<Arc<DynamicObject>>>,
    /// That the JobManager's Deployment was removed.
    parts: watch::Sender<()>,
}

/// All actors.
struct Crew {
    client: Client,
    options: Options,
    namespaces: watch::Receiver<Arc<Namespaces>>,
    seats: BTreeMap<(String, String), Seat>,
    actors: JoinSet<()>,
}

impl Crew {
    fn hear(&mut self, change: Change<DynamicObject>) {
        match change {
            Change::One(object) => self.tell(object),
            Change::Gone(object) => {
                if let Some(seat) = key(&object).ok().and_then(|key| self.seats.get(&key)) {
                    seat.object.send_replace(None);
                }
            }
            Change::All(objects) => {
                let there: BTreeSet<_> = objects.iter().filter_map(|object| key(object).ok()).collect();
                for (_, seat) in self.seats.iter().filter(|(key, _)| !there.contains(key)) {
                    seat.object.send_replace(None);
                }
                objects.into_iter().for_each(|object| self.tell(object));
            }
        }
    }

    fn hear_removed(&mut self, part: &Deployment) {
        let key = (part.namespace().unwrap_or_default(), part.name_any());
        if let Some(seat) = self.seats.get(&key) {
            seat.parts.send_replace(());
        }
    }

    fn tell(&mut self, object: DynamicObject) {
        let Ok(key) = key(&object) else { return };
        let object = Some(Arc::new(object));
        if let Some(seat) = self.seats.get(&key) {
            seat.object.send_replace(object);
            return;
        }
        let (object, seen) = watch::channel(object);
        let (parts, removed) = watch::channel(());
        let place = (key.0.as_str(), key.1.as_str());
        let actor = Actor::new(
            self.client.clone(),
            self.options.clone(),
            place,
            seen,
            removed,
            self.namespaces.clone(),
        );
        self.actors.spawn(actor.run());
        self.seats.insert(key, Seat { object, parts });
    }
}
