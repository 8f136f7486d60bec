//! The one waiting loop: watch an object until a pure function says that it is ready, or cannot be.
//!
//! The loop knows time; what "ready" means is the caller's. It survives what happens to long watches:
//! they end, their version grows too old, the API server restarts, and some roles may not watch at all.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info};

use crate::kubernetes::watch::{Seen, WATCH_FOR};
use crate::kubernetes::{Cluster, KubernetesError, Live, Objects};
use crate::operator::resource::Resource;

mod patience;

pub use patience::{Patience, Verdict};

/// How far an object is, as one look at it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not there yet; why.
    Waiting(String),
    /// There.
    Ready,
    /// There, if nothing changes any more for a while.
    Settling {
        /// What has been reached.
        why: String,
        /// For how long nothing may change.
        still: Duration,
    },
    /// Something is wrong that may heal by itself.
    Failing {
        /// What is wrong.
        why: String,
        /// Which trouble it is, whatever its words. The same cause seen again counts from when it was
        /// first seen, even if it was away in between: troubles swing.
        cause: String,
        /// For how long it may last.
        grace: Duration,
    },
    /// Waiting cannot mend it; why.
    Failed(String),
}

impl Progress {
    /// Waiting, with the reason.
    pub fn waiting(why: impl Into<String>) -> Self {
        Self::Waiting(why.into())
    }

    /// Failed, with the reason.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(why.into())
    }
}

/// What is waited for, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    /// Name of the object.
    pub name: &'a str,
    /// When to give up.
    pub timeout: Duration,
    /// How often to look where a role does not allow to watch, and after a failed look.
    pub poll: Duration,
    /// How often to judge again although the object has not changed, where more than the object decides.
    pub again: Option<Duration>,
}

impl<'a> Wait<'a> {
    /// Waits for an object for at most `timeout`.
    pub fn new(name: &'a str, timeout: Duration) -> Self {
        Self {
            name,
            timeout,
            poll: Duration::from_secs(3),
            again: None,
        }
    }

    /// The same, with the object judged this often at least.
    #[must_use]
    pub fn and_again_every(self, interval: Duration) -> Self {
        Self {
            again: Some(interval),
            ..self
        }
    }
}

/// Waiting that ended without "ready". The object is as it was last seen.
#[derive(Debug, thiserror::Error)]
pub enum WaitError<K> {
    /// Waiting cannot mend it.
    #[error("{reason}")]
    Failed {
        /// What is wrong.
        reason: String,
        /// The object as it was last seen.
        live: Option<Box<Live<K>>>,
    },
    /// Time is up.
    #[error("not ready within {}: {reason}", minutes(*.after))]
    TimedOut {
        /// What was missing last.
        reason: String,
        /// The time limit.
        after: Duration,
        /// The object as it was last seen.
        live: Option<Box<Live<K>>>,
    },
    /// The caller was told to stop.
    #[error("stopped on request while waiting: {reason}")]
    Stopped {
        /// What was missing last.
        reason: String,
        /// The object as it was last seen.
        live: Option<Box<Live<K>>>,
    },
    /// The object cannot be looked at.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

impl<K> WaitError<K> {
    /// The object as it was last seen.
    pub fn live(&self) -> Option<&Live<K>> {
        match self {
            Self::Failed { live, .. } | Self::TimedOut { live, .. } | Self::Stopped { live, .. } => live.as_deref(),
            Self::Kubernetes(_) => None,
        }
    }
}

/// A duration the way a person writes it: `90 s`, `15 min`.
pub fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

/// A watch that is silent for longer than the API server lets it live is dead.
const SILENT_FOR: Duration = WATCH_FOR.saturating_add(Duration::from_secs(15));

/// Waits until `judge` calls an object ready, and returns it. `judge` sees `None` where there is no such
/// object; it is asked again whenever the object changes.
///
/// Reasons are logged at INFO whenever they change, and told to whoever the cluster tells.
///
/// # Errors
/// See [`WaitError`]. The cluster's stop token ends the wait at once.
pub async fn until<K: Resource>(
    objects: &Objects<K>,
    wait: Wait<'_>,
    mut judge: impl FnMut(Option<&Live<K>>) -> Progress,
) -> Result<Option<Live<K>>, WaitError<K>> {
    let mut clock = Clock::new(wait, objects.cluster());
    let stop = objects.cluster().stop().clone();
    let work = async {
        let mut may_watch = true;
        loop {
            let looked_at = Instant::now();
            let live = match objects.find(wait.name).await {
                Ok(live) => live,
                Err(error) if error.may_heal() => {
                    clock.note::<K>(wait.name, &error.to_string());
                    sleep_until(looked_at + wait.poll).await;
                    continue;
                }
                Err(error) => return Err(WaitError::Kubernetes(error)),
            };
            if let Some(ended) = clock.judge(live, wait.name, &mut judge) {
                return ended;
            }
            if may_watch && let Some(version) = clock.live.as_ref().map(|live| live.resource_version().to_owned()) {
                match objects.watch(wait.name, &version).await {
                    Ok(watching) => {
                        if let Some(ended) = follow(watching, &mut clock, wait.name, &mut judge).await {
                            return ended;
                        }
                        // The watch is over: look again, but not more often than polling would.
                        if looked_at.elapsed() >= wait.poll {
                            continue;
                        }
                    }
                    Err(error) => {
                        debug!(%error, "cannot watch; polling");
                        may_watch = !error.is_forbidden();
                    }
                }
            }
            sleep_until(clock.wake_before(looked_at + wait.poll)).await;
        }
    };
    let outcome = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        outcome = tokio::time::timeout(wait.timeout, work) => Some(outcome),
    };
    match outcome {
        Some(Ok(ended)) => ended,
        Some(Err(_)) => Err(clock.timed_out()),
        None => Err(clock.stopped()),
    }
}

type Ended<K> = Result<Option<Live<K>>, WaitError<K>>;

/// Follows one watch until it ends; `Some` if the wait has ended with it.
async fn follow<K: Resource>(
    mut watching: crate::kubernetes::watch::Watching,
    clock: &mut Clock<'_, K>,
    name: &str,
    judge: &mut impl FnMut(Option<&Live<K>>) -> Progress,
) -> Option<Ended<K>> {
    let mut silent_at = Instant::now() + SILENT_FOR;
    loop {
        tokio::select! {
            () = sleep_until(clock.wake_before(silent_at)) => {
                if Instant::now() >= silent_at {
                    debug!(name, "the watch has been silent for too long");
                    return None;
                }
                // Time alone may have decided: the same object, looked at again.
                let live = clock.live.clone();
                if let Some(ended) = clock.judge(live, name, judge) {
                    return Some(ended);
                }
            }
            seen = watching.next() => {
                silent_at = Instant::now() + SILENT_FOR;
                let live = match seen {
                    Some(Ok(Seen::Present(json))) => match Live::from_json(json) {
                        Ok(live) => Some(live),
                        Err(error) => {
                            clock.note::<K>(name, &error.to_string());
                            continue;
                        }
                    },
                    Some(Ok(Seen::Deleted)) => None,
                    Some(Ok(Seen::Nothing)) => continue,
                    Some(Err(error)) => {
                        debug!(%error, "the watch broke");
                        return None;
                    }
                    None => return None,
                };
                if let Some(ended) = clock.judge(live, name, judge) {
                    return Some(ended);
                }
            }
        }
    }
}

/// What a wait remembers between looks.
struct Clock<'a, K> {
    cluster: &'a Cluster,
    timeout: Duration,
    again: Option<Duration>,
    live: Option<Live<K>>,
    reason: String,
    patience: Patience,
    /// When to judge again although nothing has changed.
    wake: Option<Instant>,
}

impl<'a, K: Resource> Clock<'a, K> {
    fn new(wait: Wait<'_>, cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            timeout: wait.timeout,
            again: wait.again,
            live: None,
            reason: "it has not been looked at yet".to_owned(),
            patience: Patience::default(),
            wake: None,
        }
    }

    /// Judges an object, with the time it has been so; `Some` if the wait is over.
    fn judge(
        &mut self,
        live: Option<Live<K>>,
        name: &str,
        judge: &mut impl FnMut(Option<&Live<K>>) -> Progress,
    ) -> Option<Ended<K>> {
        let progress = judge(live.as_ref());
        let changed = self.live.as_ref().map(Live::resource_version) != live.as_ref().map(Live::resource_version);
        self.live = live;
        match self.patience.consider(progress, changed, Instant::now()) {
            Verdict::Ready => Some(Ok(self.live.take())),
            Verdict::Failed(reason) => Some(Err(WaitError::Failed {
                reason,
                live: self.live.take().map(Box::new),
            })),
            Verdict::Wait { why, wake } => {
                self.note::<K>(name, &why);
                let again = self.again.map(|again| Instant::now() + again);
                self.wake = wake.into_iter().chain(again).min();
                None
            }
        }
    }

    /// Remembers what is waited for, and says so when it changes.
    fn note<R: Resource>(&mut self, name: &str, reason: &str) {
        if self.reason != reason {
            info!(kind = R::KIND, name, "waiting: {reason}");
            self.cluster.tell(&format!("{} {name}: {reason}", R::KIND));
            reason.clone_into(&mut self.reason);
        }
    }

    /// When to look again: at the given time, or earlier where time alone decides something.
    fn wake_before(&self, at: Instant) -> Instant {
        self.wake.map_or(at, |wake| wake.min(at))
    }

    fn timed_out(&mut self) -> WaitError<K> {
        let reason = std::mem::take(&mut self.reason);
        WaitError::TimedOut {
            reason,
            after: self.timeout,
            live: self.live.take().map(Box::new),
        }
    }

    fn stopped(&mut self) -> WaitError<K> {
        WaitError::Stopped {
            reason: std::mem::take(&mut self.reason),
            live: self.live.take().map(Box::new),
        }
    }
}

#[cfg(test)]
mod tests;
