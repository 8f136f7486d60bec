//! Waiting for a session job: for its own status, and for the cluster without which that status means nothing.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{End, NotReady, explained, look_until, since};
use crate::kubernetes::{Live, Objects};
use crate::operator::causes::Causes;
use crate::operator::deployment::FlinkDeployment;
use crate::operator::job_resource::JobResource;
use crate::operator::pods;
use crate::operator::progress::{Baseline, progress_with_pods, session_cluster_with_pods};
use crate::operator::session_job::FlinkSessionJob;
use crate::wait::{Progress, Wait, WaitError, until};

/// How long a status that was already "ready" while the cluster was away must stay so when the cluster is back: the
/// operator looks at the jobs of a cluster as soon as that is ready.
const AFTER_AWAY: Duration = Duration::from_secs(10);

/// Waits until a session job does what was asked: it runs on a session cluster that answers, or is done, or suspended.
/// `deployment_name` is that of the cluster, `baseline` what was so when the job was written.
///
/// # Errors
/// See [`NotReady`]. A cluster that cannot run the job is named in the reason.
pub async fn settle_session_job(
    jobs: &Objects<FlinkSessionJob>,
    name: &str,
    uid: &str,
    deployment_name: &str,
    baseline: &Baseline,
    timeout: Duration,
) -> Result<Live<FlinkSessionJob>, NotReady<FlinkSessionJob>> {
    let since = since();
    let wait = WaitForBoth {
        jobs,
        clusters: Objects::new(jobs.cluster().clone(), jobs.namespace()),
        name,
        uid,
        deployment_name,
        deadline: Instant::now() + timeout,
        port: AtomicU16::new(8081),
        trouble: Mutex::new(None),
        pods: pods::Watched::of(jobs.cluster(), jobs.namespace(), deployment_name),
    };
    let error = match wait.pods.beside(wait.run(baseline)).await {
        Ok(live) => return Ok(live),
        Err(error) => error,
    };
    let end = match error.end {
        End::TimedOut { .. } => End::TimedOut { after: timeout },
        end @ (End::Failed | End::Stopped | End::Unseen(_)) => end,
    };
    let port = wait.port.load(Ordering::Relaxed);
    Err(explained(jobs, NotReady { end, ..error }, port, since).await)
}

struct WaitForBoth<'a> {
    jobs: &'a Objects<FlinkSessionJob>,
    clusters: Objects<FlinkDeployment>,
    name: &'a str,
    uid: &'a str,
    deployment_name: &'a str,
    deadline: Instant,
    /// Port of JobManager REST, as the cluster was last seen to have it.
    port: AtomicU16,
    /// Why the cluster cannot run the job, as it was last seen.
    trouble: Mutex<Option<String>>,
    /// The pods of the cluster.
    pods: pods::Watched<'a>,
}

impl WaitForBoth<'_> {
    async fn run(&self, baseline: &Baseline) -> Result<Live<FlinkSessionJob>, NotReady<FlinkSessionJob>> {
        let mut was_away = false;
        loop {
            let live = match self.job(baseline, was_away).await {
                Ok(live) => live,
                Err(error) => return Err(self.blamed(error).await),
            };
            if live.wants_suspended() || self.cluster_is_ready().await {
                return Ok(live);
            }
            // The status is frozen: it says what was so before the cluster went away.
            was_away = true;
            self.cluster(&live).await?;
        }
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far the cluster is. Notes what to say about it.
    fn judge_cluster(&self, live: Option<&Live<FlinkDeployment>>) -> Progress {
        if let Some(live) = live {
            self.port.store(live.rest_port(), Ordering::Relaxed);
        }
        let cluster = live.map(|live| &live.object);
        let progress = session_cluster_with_pods(self.deployment_name, cluster, &self.pods.seen());
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = match &progress {
            Progress::Waiting(why) | Progress::Failing { why, .. } | Progress::Failed(why) => Some(why.clone()),
            Progress::Ready | Progress::Settling { .. } => None,
        };
        progress
    }

    /// Waits until the job's own status says that it is ready. A cluster that can never run it ends the wait.
    async fn job(
        &self,
        baseline: &Baseline,
        was_away: bool,
    ) -> Result<Live<FlinkSessionJob>, NotReady<FlinkSessionJob>> {
        let job = look_until(self.jobs, self.name, self.uid, self.remaining(), |live| {
            let progress = progress_with_pods(&live.object, baseline, &self.pods.seen());
            if progress == Progress::Ready && was_away && !live.wants_suspended() {
                return Progress::Settling {
                    why: "the session cluster is back, and the operator looks for the job".to_owned(),
                    still: AFTER_AWAY,
                };
            }
            progress
        });
        let wait = Wait::new(self.deployment_name, self.remaining());
        let cluster = until(&self.clusters, wait, |live| {
            let progress = self.judge_cluster(live);
            if progress == Progress::Ready {
                return Progress::waiting("the session cluster is ready");
            }
            progress
        });
        let ended = tokio::select! {
            biased;
            ended = job => ended,
            // A role may not allow to look at the cluster: then the job alone has to do.
            Err(WaitError::Failed { reason, .. }) = cluster => Err(self.failed(reason).await),
        };
        ended.map_err(|error| match (&error.end, self.trouble()) {
            (End::TimedOut { .. } | End::Stopped, Some(trouble)) => NotReady {
                reason: trouble,
                ..error
            },
            _ => error,
        })
    }

    /// A failure with the cluster as its reason, where that can never run the job: the operator refuses the job then, and
    /// does not name the cluster.
    async fn blamed(&self, error: NotReady<FlinkSessionJob>) -> NotReady<FlinkSessionJob> {
        if !matches!(error.end, End::Failed) {
            return error;
        }
        let found = self.clusters.find(self.deployment_name).await;
        match found.map(|found| self.judge_cluster(found.as_ref())) {
            Ok(Progress::Failed(reason)) => NotReady { reason, ..error },
            Ok(Progress::Waiting(_) | Progress::Ready | Progress::Settling { .. } | Progress::Failing { .. })
            | Err(_) => error,
        }
    }

    /// Whether the cluster is ready now; taken for granted where it cannot be looked at.
    async fn cluster_is_ready(&self) -> bool {
        match self.clusters.find(self.deployment_name).await {
            Ok(found) => self.judge_cluster(found.as_ref()) == Progress::Ready,
            Err(_) => true,
        }
    }

    /// Waits until the cluster is ready.
    async fn cluster(&self, live: &Live<FlinkSessionJob>) -> Result<(), NotReady<FlinkSessionJob>> {
        let wait = Wait::new(self.deployment_name, self.remaining());
        match until(&self.clusters, wait, |live| self.judge_cluster(live)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let NotReady { end, reason, .. } = NotReady::from(error);
                Err(NotReady {
                    end,
                    reason,
                    live: Some(Box::new(live.clone())),
                    causes: Causes::default(),
                })
            }
        }
    }

    /// The cluster can never run the job.
    async fn failed(&self, reason: String) -> NotReady<FlinkSessionJob> {
        let live = self.jobs.find(self.name).await.ok().flatten();
        NotReady {
            end: End::Failed,
            reason,
            live: live.filter(|live| live.uid() == self.uid).map(Box::new),
            causes: Causes::default(),
        }
    }
}

#[cfg(test)]
mod tests;
