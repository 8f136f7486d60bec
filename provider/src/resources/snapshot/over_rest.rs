//! A snapshot without an object: the JobManager itself is asked, with the guarantees that the operator gives.

use std::time::Duration;

use flink_client::operator::SnapshotState;
use flink_client::rest::Endpoint;
use flink_client::rest::savepoints::{Operation, TriggerId};
use flink_client::rest::snapshots::{SnapshotError, Taken};
use terraform_plugin::{Context, PlanMark};
use terraform_schema::{Computed, Diagnostic, Diagnostics};
use tokio::time::Instant;

use super::model::{SavepointArguments, Snapshot};
use super::private::OverRest;
use super::{SnapshotModel, afterwards, live, order, private, settle, write};
use crate::data_sources::choice::JobChoice;
use crate::diagnose::{self, Afterwards};
use crate::job_manager::Reached;
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// The pause before the second attempt. It doubles each time, as the operator's.
const PAUSE: Duration = Duration::from_secs(10);

/// How long deleting files may take.
const DISPOSAL: Duration = Duration::from_secs(120);

/// Operations that are passed over in the search for one that has not failed.
const MOST_FAILED: usize = 100;

/// Waits for the job, and asks its JobManager for the snapshot.
pub async fn create<M: SnapshotModel>(planned: &M, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
    if let Some(savepoint) = planned.savepoint().filter(|savepoint| savepoint.exists()) {
        private::set_over_rest(
            &OverRest {
                trigger: None,
                failures: 0,
            },
            cx,
        );
        let taken = Taken {
            location: savepoint.path.clone(),
            ..Taken::default()
        };
        let id = order::trigger(planned, "", "");
        return Ok(live::with_taken(identified(planned, None, &id), taken));
    }
    let timeout = Timeouts::create(planned.snapshot().timeouts.as_ref());
    let (reached, job) = reach_job(planned, timeout, cx).await?;
    let afterwards = afterwards(cx, Afterwards::WaitsAgain);
    let failed = |error: &SnapshotError| diagnose::taken_over_rest(error, M::WHAT, afterwards, &reached.mask);
    let running = reached.job_manager.wait_for_job(&job, timeout).await;
    running.map_err(|error| failed(&error))?;
    let (mut trigger, mut known) = next(planned, &job, order::trigger(planned, &job, ""), &reached)
        .await
        .map_err(|error| failed(&error))?;
    // Its files may be deleted already. They may as well be another resource's: they are left alone, and told.
    while known && planned.savepoint().is_some_and(SavepointArguments::disposes) {
        cx.warn(left_alone(&trigger));
        let following = order::trigger(planned, &job, trigger.as_str());
        (trigger, known) = next(planned, &job, following, &reached)
            .await
            .map_err(|error| failed(&error))?;
    }
    let model = live::with_state(
        identified(planned, Some(&job), &trigger),
        &SnapshotState::TriggerPending,
    );
    if known {
        cx.warn(known_already(M::WHAT));
    } else {
        let asked = reached
            .job_manager
            .ask_for(&job, &order::request(planned), &trigger)
            .await;
        if let Err(error) = asked {
            if error.outcome_unknown() {
                remember(&trigger, 0, &model, cx);
            }
            return Err(failed(&error.into()));
        }
    }
    remember(&trigger, 0, &model, cx);
    Ok(model)
}

/// How a snapshot was asked for, where that is not kept any more: of a resource that it has marked as tainted, Terraform drops
/// what is private. At a URL, the id of the resource says it; else the last id that the JobManager knows is it.
pub async fn recall<M: SnapshotModel>(prior: &M, cx: &Context<'_, ProviderData>) -> OverRest {
    let snapshot = prior.snapshot();
    let asked = |trigger| OverRest { trigger, failures: 0 };
    let Some(job) = snapshot.job_id() else {
        return asked(None);
    };
    if snapshot.job_manager_url.is_some() {
        return asked(snapshot.id.as_ref().and_then(|id| TriggerId::parse(id)));
    }
    let mut trigger = order::trigger(prior, job, "");
    if let (false, Ok(Some(reached))) = (snapshot.is_complete(), reach(snapshot, cx).await) {
        let what = order::request(prior);
        for _ in 0..MOST_FAILED {
            let following = order::trigger(prior, job, trigger.as_str());
            if reached.job_manager.outcome(job, &what, &following).await.is_err() {
                break;
            }
            trigger = following;
        }
    }
    asked(Some(trigger))
}

fn remember<M: SnapshotModel>(trigger: &TriggerId, failures: u32, model: &M, cx: &Context<'_, ProviderData>) {
    let asked = OverRest {
        trigger: Some(trigger.clone()),
        failures,
    };
    private::set_over_rest(&asked, cx);
    cx.wrote(model);
}

/// The first id that is not one of an operation that failed, and whether the JobManager knows it already.
async fn next<M: SnapshotModel>(
    model: &M,
    job: &str,
    mut trigger: TriggerId,
    reached: &Reached,
) -> Result<(TriggerId, bool), SnapshotError> {
    let what = order::request(model);
    for _ in 0..MOST_FAILED {
        match reached.job_manager.outcome(job, &what, &trigger).await {
            Ok(Operation::Failed { .. }) => trigger = order::trigger(model, job, trigger.as_str()),
            Ok(Operation::InProgress | Operation::Completed { .. }) => return Ok((trigger, true)),
            Err(error) if error.is_unknown_job() => return Ok((trigger, false)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((trigger, false))
}

/// The JobManager of a snapshot.
async fn reach(snapshot: &Snapshot, cx: &Context<'_, ProviderData>) -> Result<Option<Reached>, Diagnostics> {
    match &snapshot.job_manager_url {
        Some(url) => {
            let endpoint = Endpoint {
                url: url.clone(),
                ca_certificate: snapshot.ca_certificate.clone(),
                client_certificate: snapshot.client_certificate.clone(),
                client_key: snapshot.client_key.clone(),
                insecure: snapshot.insecure == Some(true),
                headers: snapshot.headers.clone().unwrap_or_default(),
            };
            Reached::at_url(&endpoint, cx).map(Some)
        }
        None => Ok(write::as_it_is(snapshot, cx).await.map(|target| Reached {
            job_manager: target.job_manager,
            mask: target.mask,
        })),
    }
}

/// The JobManager and the id of the job that is meant. The job of an object is waited for.
async fn reach_job<M: SnapshotModel>(
    planned: &M,
    timeout: Duration,
    cx: &Context<'_, ProviderData>,
) -> Result<(Reached, String), Diagnostics> {
    let snapshot = planned.snapshot();
    if let Some(job) = snapshot.job() {
        let cluster = cx.data.cluster(&cx.stop).await?;
        let target =
            flink_client::operator::state_snapshot::target::running(&cluster, snapshot.namespace(), &job, timeout);
        let target = target.await.map_err(|error| {
            let afterwards = afterwards(cx, Afterwards::WaitsAgain);
            diagnose::no_target(&error, M::WHAT, write::argument(snapshot), afterwards)
        })?;
        let id = target.job_id.ok_or_else(|| {
            Diagnostic::error("Job without an id").detail(format!(
                "The operator says that the job of `{}` runs, but not which one it is. Apply again.",
                job.name
            ))
        })?;
        let reached = Reached {
            job_manager: target.job_manager,
            mask: target.mask,
        };
        return Ok((reached, id));
    }
    let reached = reach(snapshot, cx).await?.ok_or_else(|| {
        Diagnostic::error("No job is named")
            .detail("Set one of `deployment_name`, `session_job_name` and `job_manager_url`.")
    })?;
    let mut choice = JobChoice {
        job_id: snapshot.job_id().map(|id| Computed::from(id.to_owned())),
        job_name: None,
    };
    let job = choice.find(&reached.job_manager).await?;
    Ok((reached, job.jid))
}

fn identified<M: SnapshotModel>(model: &M, job: Option<&str>, trigger: &TriggerId) -> M {
    let before = model.snapshot().clone();
    let id = if before.job_manager_url.is_some() {
        trigger.to_string()
    } else {
        before.object()
    };
    let job_id = job.map(str::to_owned).or_else(|| before.job_id().map(str::to_owned));
    model.clone().with(Snapshot {
        id: Computed::from(id),
        job_id: Some(Computed(job_id)),
        ..before
    })
}

/// Waits until the snapshot is taken; one that fails is asked for again, as often as `backoff_limit` says.
pub async fn settle<M: SnapshotModel>(
    written: M,
    asked: OverRest,
    timeout: Duration,
    afterwards: Afterwards,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let Some(trigger) = asked.trigger else {
        return Ok(written);
    };
    let reached = reach(written.snapshot(), cx)
        .await?
        .ok_or_else(|| cluster_gone::<M>(&written))?;
    let error = match attempts(&written, trigger, asked.failures, &reached, timeout, cx).await {
        Ok(taken) => return Ok(live::with_taken(written, taken)),
        Err(error) => error,
    };
    let state = if matches!(error, SnapshotError::Failed { .. }) {
        SnapshotState::Failed
    } else {
        SnapshotState::InProgress
    };
    let stopped = matches!(error, SnapshotError::Stopped { .. });
    let new_and_stopped = stopped && afterwards == Afterwards::Tainted;
    let afterwards = if new_and_stopped {
        Afterwards::WaitsAgain
    } else {
        afterwards
    };
    let problems = diagnose::taken_over_rest(&error, M::WHAT, afterwards, &reached.mask);
    settle::broken_off(live::with_state(written, &state), problems, new_and_stopped, cx)
}

/// Waits for one attempt after the other.
async fn attempts<M: SnapshotModel>(
    written: &M,
    mut trigger: TriggerId,
    mut failures: u32,
    reached: &Reached,
    timeout: Duration,
    cx: &Context<'_, ProviderData>,
) -> Result<Taken, SnapshotError> {
    let job = written.snapshot().job_id().unwrap_or_default().to_owned();
    let what = order::request(written);
    let deadline = Instant::now() + timeout;
    let left = || deadline.saturating_duration_since(Instant::now());
    let job_manager = &reached.job_manager;
    loop {
        let error = match job_manager.wait_for_snapshot(&job, &what, &trigger, left()).await {
            Ok(taken) => return Ok(taken),
            Err(error) => error,
        };
        let has_failed = matches!(error, SnapshotError::Failed { .. });
        let again = has_failed && i64::from(failures) < written.snapshot().backoff_limit() && !left().is_zero();
        if !again {
            return Err(error);
        }
        let why = reached.mask.apply(&error.to_string());
        tracing::info!(failures, "the {} failed, and is asked for again: {why}", M::WHAT);
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(left());
        job_manager.pause(pause, &why).await?;
        job_manager.wait_for_job(&job, left()).await?;
        let following = order::trigger(written, &job, trigger.as_str());
        let (free, known) = next(written, &job, following, reached).await?;
        trigger = free;
        failures += 1;
        let pending = live::with_state(written.clone(), &SnapshotState::TriggerPending);
        remember(&trigger, failures, &pending, cx);
        if !known {
            job_manager.ask_for(&job, &what, &trigger).await?;
        }
    }
}

/// What is known of a snapshot that was asked for. A JobManager that does not answer changes nothing.
pub async fn read<M: SnapshotModel>(prior: &M, asked: &OverRest, cx: &Context<'_, ProviderData>) -> M {
    let (Some(trigger), false) = (&asked.trigger, prior.snapshot().is_complete()) else {
        return prior.clone();
    };
    let Ok(Some(reached)) = reach(prior.snapshot(), cx).await else {
        return prior.clone();
    };
    let job = prior.snapshot().job_id().unwrap_or_default();
    match reached.job_manager.outcome(job, &order::request(prior), trigger).await {
        Ok(Operation::Completed { location, checkpoint }) => {
            let taken = reached.job_manager.taken(job, location, checkpoint).await;
            live::with_taken(prior.clone(), taken)
        }
        Ok(Operation::InProgress) => live::with_state(prior.clone(), &SnapshotState::InProgress),
        Ok(Operation::Failed { .. }) => live::with_state(prior.clone(), &SnapshotState::Failed),
        Err(error) => {
            tracing::debug!(%error, "what became of the {} is not known", M::WHAT);
            prior.clone()
        }
    }
}

/// Deletes the files, where that was asked for and can be done. There is no object to delete.
pub async fn delete<M: SnapshotModel>(
    prior: &M,
    asked: &OverRest,
    mark: PlanMark,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    if mark == PlanMark::Create && asked.trigger.is_some() && completes(prior, asked, cx).await {
        return Err(super::delete::tainted_and_complete::<M>(prior).into());
    }
    let disposes = prior.savepoint().is_some_and(|savepoint| savepoint.disposes());
    let Some(location) = prior.snapshot().location.as_ref().filter(|_| disposes) else {
        return Ok(());
    };
    let kept = match reach(prior.snapshot(), cx).await {
        Ok(Some(reached)) => {
            let timeout = Timeouts::delete(prior.snapshot().timeouts.as_ref()).min(DISPOSAL);
            let disposed = reached.job_manager.dispose(location, timeout).await;
            disposed.err().map(|error| reached.mask.apply(&error.to_string()))
        }
        Ok(None) => Some("the job is gone, and its JobManager with it".to_owned()),
        Err(problems) => problems.iter().next().map(|problem| problem.detail.clone()),
    };
    if let Some(reason) = kept {
        cx.warn(super::delete::files_kept(location, &reason));
    }
    Ok(())
}

/// Whether a snapshot whose apply was broken off is complete by now, or soon.
async fn completes<M: SnapshotModel>(prior: &M, asked: &OverRest, cx: &Context<'_, ProviderData>) -> bool {
    if prior.snapshot().is_complete() {
        return true;
    }
    let (Some(trigger), Ok(Some(reached))) = (&asked.trigger, reach(prior.snapshot(), cx).await) else {
        return false;
    };
    let job = prior.snapshot().job_id().unwrap_or_default();
    let timeout = Timeouts::delete(prior.snapshot().timeouts.as_ref());
    let what = order::request(prior);
    let waited = reached
        .job_manager
        .wait_for_snapshot(job, &what, trigger, timeout)
        .await;
    waited.is_ok()
}

fn cluster_gone<M: SnapshotModel>(written: &M) -> Diagnostic {
    Diagnostic::error(format!("What became of the {} is not known", M::WHAT)).detail(format!(
        "The job of `{}` is gone, and its JobManager with it. The files may be in the directory all the same.",
        written.snapshot().object()
    ))
}

fn known_already(what: &str) -> Diagnostic {
    Diagnostic::warning(format!("The {what} was asked for already")).detail(format!(
        "The JobManager knows the id of exactly this request: some minutes ago an earlier apply, whose answer was lost, or a \
         resource that was destroyed since, has asked for it. That {what} was taken into state, and no second one was taken. \
         For a newer one, change `triggers`."
    ))
}

fn left_alone(trigger: &TriggerId) -> Diagnostic {
    Diagnostic::warning("Another savepoint was taken").detail(format!(
        "The JobManager knows the id of exactly this request, `{trigger}`: some minutes ago an earlier apply, whose answer was \
         lost, or a resource that was destroyed since, has asked for it. In the latter case its files are deleted \
         (`dispose_on_destroy`), so a new savepoint was taken. In the former, the JobManager's log says where the first one \
         is, and nobody needs it."
    ))
}
