//! How many real clusters run at once: more would bring a small machine down.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Places for real clusters, given out in the order in which they are asked for.
#[derive(Clone)]
pub struct Places {
    most: usize,
    free: Arc<Semaphore>,
    taken: Arc<Mutex<BTreeSet<String>>>,
}

/// What one deployment has of them: nothing, a number in the queue, or a place. Dropping it gives it back.
pub struct Place {
    places: Places,
    name: String,
    queued: Option<Pin<Box<Acquire>>>,
    permit: Option<OwnedSemaphorePermit>,
}

type Acquire = dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync;

impl Places {
    /// So many.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            free: Arc::new(Semaphore::new(most)),
            taken: Arc::default(),
        }
    }

    /// For a deployment of this name. Nothing is taken yet.
    pub fn for_one(&self, name: String) -> Place {
        Place {
            places: self.clone(),
            name,
            queued: None,
            permit: None,
        }
    }

    /// Why somebody has to wait.
    pub fn describe(&self) -> String {
        let taken = self.taken.lock().map(|taken| taken.clone()).unwrap_or_default();
        let names: Vec<_> = taken.into_iter().collect();
        format!(
            "the sandbox runs {} real Flink clusters at once, and these run: {}; this one starts when one of them ends",
            self.most,
            names.join(", ")
        )
    }
}

impl Place {
    /// Whether there is a place now. The first time that there is none, it queues for one.
    pub fn take(&mut self) -> bool {
        if self.permit.is_some() {
            return true;
        }
        let free = &self.places.free;
        let queued = self
            .queued
            .get_or_insert_with(|| Box::pin(Arc::clone(free).acquire_owned()));
        // A place is kept for who is first in the queue until he asks again.
        if let Some(Ok(permit)) = queued.as_mut().now_or_never() {
            self.queued = None;
            self.permit = Some(permit);
            if let Ok(mut taken) = self.places.taken.lock() {
                taken.insert(self.name.clone());
            }
        }
        self.permit.is_some()
    }

    /// Gives the place back, or leaves the queue.
    pub fn leave(&mut self) {
        self.queued = None;
        if self.permit.is_some()
            && let Ok(mut taken) = self.places.taken.lock()
        {
            taken.remove(&self.name);
        }
        self.permit = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_first_is_first() {
        let places = Places::new(2);
        let mut all: Vec<_> = ["a", "b", "c", "d"].map(|name| places.for_one(name.to_owned())).into();
        assert_eq!(
            all.iter_mut().map(Place::take).collect::<Vec<_>>(),
            [true, true, false, false]
        );
        let why = places.describe();
        assert!(
            why.contains("2 real Flink clusters") && why.contains("run: a, b;"),
            "{why}"
        );

        all[1].leave();
        // Whoever asks first now: the place is that of who queued first.
        assert!(!all[3].take());
        assert!(!all[1].take());
        assert!(all[2].take());
        assert!(places.describe().contains("run: a, c;"), "{}", places.describe());

        // One in the queue goes away, and one with a place does.
        all[3].leave();
        drop(all.remove(0));
        assert!(all[0].take());
        assert!(places.describe().contains("run: b, c;"), "{}", places.describe());
        assert!(all[0].take(), "a place stays");
    }
}
