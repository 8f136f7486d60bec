//! One object as its actor follows it, and what all watches brought.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;
use kube::api::DynamicObject;
use tokio::sync::watch;

use super::kubernetes::Kind;
use super::switches::Switches;

/// Labels of every namespace, by name.
pub type Namespaces = BTreeMap<String, BTreeMap<String, String>>;

/// What a watch brought last of one object.
pub type Seen = watch::Receiver<Option<Arc<DynamicObject>>>;

/// One object as its actor follows it.
pub struct Watched {
    namespace: String,
    seen: Seen,
    namespaces: watch::Receiver<Arc<Namespaces>>,
    /// What our own last write returned: the watch may not have brought it yet.
    wrote: Option<Arc<DynamicObject>>,
}

impl Watched {
    /// An object of this namespace.
    pub fn new(namespace: &str, seen: Seen, namespaces: watch::Receiver<Arc<Namespaces>>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            seen,
            namespaces,
            wrote: None,
        }
    }

    /// The newest version known: what the watch brought, or what our own last write returned.
    pub fn current(&mut self) -> Option<Arc<DynamicObject>> {
        let seen = self.seen.borrow_and_update().clone();
        let Some(seen) = seen else {
            self.wrote = None;
            return None;
        };
        match &self.wrote {
            Some(wrote) if wrote.uid() == seen.uid() && version(wrote) > version(&seen) => Some(Arc::clone(wrote)),
            _ => Some(seen),
        }
    }

    /// Remembers what a write returned.
    pub fn wrote(&mut self, object: Option<DynamicObject>) {
        self.wrote = object.map(Arc::new);
    }

    /// The switches that are set for an object. None while nothing is known of its namespace: the object's watch may be
    /// ahead of the namespaces'.
    pub fn switches(&mut self, object: &DynamicObject) -> Option<Switches> {
        let namespaces = self.namespaces.borrow_and_update();
        let labels = namespaces.get(&self.namespace)?;
        Some(Switches::of(labels, object.annotations()))
    }

    /// The switches as they are now.
    pub fn switches_now(&mut self) -> Switches {
        let object = self.current();
        object.and_then(|object| self.switches(&object)).unwrap_or_default()
    }

    /// Waits until somebody else changed the object, or the labels of its namespace. Fails where the stand-in ends.
    pub async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        loop {
            tokio::select! {
                changed = self.seen.changed() => {
                    changed?;
                    if !self.is_echo() {
                        return Ok(());
                    }
                }
                changed = self.namespaces.changed() => return changed,
            }
        }
    }

    /// Whether the watch brought what we wrote ourselves.
    fn is_echo(&self) -> bool {
        let seen = self.seen.borrow();
        let (Some(seen), Some(wrote)) = (&*seen, &self.wrote) else {
            return false;
        };
        seen.uid() == wrote.uid() && version(seen) <= version(wrote)
    }
}

/// Versions of one object are numbers that grow.
fn version(object: &DynamicObject) -> u64 {
    object
        .resource_version()
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

/// What all watches brought, where one object looks for another.
#[derive(Clone)]
pub struct Catalogue {
    known: Arc<Mutex<Known>>,
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Known {
    objects: BTreeMap<(Kind, String, String), Arc<DynamicObject>>,
    /// Every cluster that a session job names or has named, by the job's place.
    named: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Catalogue {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            known: Arc::default(),
            changes: watch::Sender::new(()),
        }
    }

    /// An object is new, or has changed.
    pub fn put(&self, kind: Kind, object: &Arc<DynamicObject>) {
        let mut known = self.lock();
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        if let (Kind::SessionJob, Some(cluster)) = (kind, object.data["spec"]["deploymentName"].as_str()) {
            let named = known.named.entry((namespace.clone(), name.clone())).or_default();
            named.insert(cluster.to_owned());
        }
        known.objects.insert((kind, namespace, name), Arc::clone(object));
        drop(known);
        self.tell(kind);
    }

    /// An object is gone.
    pub fn remove(&self, kind: Kind, namespace: &str, name: &str) {
        let mut known = self.lock();
        known.objects.remove(&(kind, namespace.to_owned(), name.to_owned()));
        if kind == Kind::SessionJob {
            known.named.remove(&(namespace.to_owned(), name.to_owned()));
        }
        drop(known);
        self.tell(kind);
    }

    /// An object.
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<DynamicObject>> {
        let key = (kind, namespace.to_owned(), name.to_owned());
        self.lock().objects.get(&key).cloned()
    }

    /// The session jobs that name a cluster, or have named it.
    pub fn jobs_of(&self, namespace: &str, cluster: &str) -> BTreeSet<String> {
        let known = self.lock();
        let ours = known
            .named
            .iter()
            .filter(|((of, _), named)| of == namespace && named.contains(cluster));
        ours.map(|((_, job), _)| job.clone()).collect()
    }

    /// Only of deployments: nobody waits for another object.
    fn tell(&self, kind: Kind) {
        if kind == Kind::Deployment {
            self.changes.send_replace(());
        }
    }

    /// Tells of every change of a deployment.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
