//! Finds the operator's objects in all namespaces, and gives each to an actor of its own.

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
use super::actor::{Actor, Surroundings, key, session_job, snapshot};
use super::job_managers::JobManagers;
use super::kubernetes::Kind;
use super::watched::{Catalogue, Namespaces};

const BEFORE_NEXT_LIST: Duration = Duration::from_millis(500);

/// Works until it is cancelled.
pub async fn run(client: Client, options: Options, cancellation: CancellationToken) -> Result<()> {
    std::fs::create_dir_all(&options.state_dir).with_context(|| format!("create {}", options.state_dir.display()))?;
    let (labels, namespaces) = watch::channel(Arc::new(Namespaces::new()));
    let crew = Mutex::new(Crew {
        surroundings: Surroundings {
            client: client.clone(),
            options,
            namespaces,
            catalogue: Catalogue::new(),
            job_managers: JobManagers::default(),
        },
        seats: BTreeMap::new(),
        actors: JoinSet::new(),
    });
    let all_namespaces: Api<Namespace> = Api::all(client.clone());
    let all_parts: Api<Deployment> = Api::all(client.clone());
    let all = |kind: Kind| -> Api<DynamicObject> { Api::all_with(client.clone(), &kind.resource()) };
    let all_deployments = all(Kind::Deployment);
    let all_session_jobs = all(Kind::SessionJob);
    let all_snapshots = all(Kind::Snapshot);
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
        lock(&crew).hear(Kind::Deployment, change)
    });
    let session_jobs = follow(&all_session_jobs, ListParams::default(), |change| {
        lock(&crew).hear(Kind::SessionJob, change)
    });
    let snapshots = follow(&all_snapshots, ListParams::default(), |change| {
        lock(&crew).hear(Kind::Snapshot, change)
    });
    tokio::select! {
        () = namespaces => {}
        () = deployments => {}
        () = session_jobs => {}
        () = snapshots => {}
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
    /// Of its object.
    object: watch::Sender<Option<Arc<DynamicObject>>>,
    /// That something of its cluster was removed.
    parts: watch::Sender<()>,
}

/// All actors.
struct Crew {
    surroundings: Surroundings,
    seats: BTreeMap<(Kind, String, String), Seat>,
    actors: JoinSet<()>,
}

impl Crew {
    fn hear(&mut self, kind: Kind, change: Change<DynamicObject>) {
        match change {
            Change::One(object) => self.tell(kind, object),
            Change::Gone(object) => {
                if let Ok((namespace, name)) = key(&object) {
                    self.tell_gone(kind, &namespace, &name);
                }
            }
            Change::All(objects) => {
                let there: BTreeSet<_> = objects.iter().filter_map(|object| key(object).ok()).collect();
                let known = self.seats.keys().filter(|(of, ..)| *of == kind);
                let known: Vec<_> = known
                    .map(|(_, namespace, name)| (namespace.clone(), name.clone()))
                    .collect();
                for (namespace, name) in known.iter().filter(|key| !there.contains(key)) {
                    self.tell_gone(kind, namespace, name);
                }
                objects.into_iter().for_each(|object| self.tell(kind, object));
            }
        }
    }

    fn hear_removed(&mut self, part: &Deployment) {
        self.tell_of_loss(&part.namespace().unwrap_or_default(), &part.name_any());
    }

    /// Something is gone that belongs to the cluster of a deployment, or holds it.
    fn tell_of_loss(&self, namespace: &str, deployment: &str) {
        let key = (Kind::Deployment, namespace.to_owned(), deployment.to_owned());
        if let Some(seat) = self.seats.get(&key) {
            seat.parts.send_replace(());
        }
    }

    fn tell_gone(&mut self, kind: Kind, namespace: &str, name: &str) {
        let catalogue = &self.surroundings.catalogue;
        let last = catalogue.get(kind, namespace, name);
        catalogue.remove(kind, namespace, name);
        if let Some(seat) = self.seats.get(&(kind, namespace.to_owned(), name.to_owned())) {
            seat.object.send_replace(None);
        }
        if let Some(last) = last.filter(|_| kind == Kind::SessionJob) {
            let cluster = last.data["spec"]["deploymentName"].as_str();
            self.tell_of_loss(namespace, cluster.unwrap_or_default());
        }
    }

    fn tell(&mut self, kind: Kind, object: DynamicObject) {
        let Ok((namespace, name)) = key(&object) else { return };
        let object = Arc::new(object);
        self.surroundings.catalogue.put(kind, &object);
        let key = (kind, namespace.clone(), name.clone());
        if let Some(seat) = self.seats.get(&key) {
            seat.object.send_replace(Some(object));
            return;
        }
        let (object, seen) = watch::channel(Some(object));
        let (parts, removed) = watch::channel(());
        let (surroundings, place) = (self.surroundings.clone(), (namespace.as_str(), name.as_str()));
        match kind {
            Kind::Deployment => self.actors.spawn(Actor::new(surroundings, place, seen, removed).run()),
            Kind::SessionJob => self
                .actors
                .spawn(session_job::Actor::new(surroundings, place, seen).run()),
            Kind::Snapshot => self.actors.spawn(snapshot::Actor::new(surroundings, place, seen).run()),
        };
        self.seats.insert(key, Seat { object, parts });
    }
}
