//! What a plan does to the job or cluster.

use flink_client::operator::{JobState, UpgradeMode};
use terraform_schema::{Plan, Seen, UpdateClass, View};

use super::Kind;
use crate::resources::configuration::{Configuration, HighAvailability};
use crate::resources::job_resource::observed::Observed;

/// What a plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is written: the last change has still to be waited for.
    Waits,
    /// Nothing is written: only Terraform's own settings change.
    Local,
    /// It is written, and no process notices, or only the operator.
    NothingRestarts,
    /// The job is suspended and stays so.
    StaysSuspended,
    /// The number of TaskManagers or the parallelism changes under the running job.
    ScaledInPlace,
    /// The job is started for the first time.
    Starts(Source),
    /// The job is stopped and started.
    Restarts(Source),
    /// The job is stopped.
    Suspends(Source),
    /// The suspended job is started.
    Resumes(Source),
    /// The job is stopped and started from a given path, whatever it did since.
    Redeploys,
    /// All processes of a session cluster are started anew.
    ClusterRecreated,
}

/// The state that a job starts with, or that is kept of one that stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// None.
    Empty,
    /// A savepoint that is taken when the job stops.
    Savepoint,
    /// The same, and the operator waits for the job to run first.
    SavepointOnceRunning,
    /// The last checkpoint.
    LastState,
    /// The same, and the operator waits for the job to run first.
    LastStateOnceRunning,
    /// Whatever is known of a job that does not run any more: its last savepoint or checkpoint.
    Kept,
    /// What the job was to start from all along: it never ran.
    Unstarted,
    /// A given path.
    Path(String),
}

impl Effect {
    /// What a plan does whose changes are all known.
    pub fn of(plan: &Plan, observed: &Observed, kind: Kind) -> Self {
        match plan.class() {
            None if plan.prior().at("ready").get() != Seen::Known(true) => Self::Waits,
            Some(UpdateClass::Local) => Self::Local,
            None | Some(UpdateClass::Ignored) => Self::NothingRestarts,
            Some(UpdateClass::Scaled) => Self::ScaledInPlace,
            Some(UpdateClass::Restart | UpdateClass::Redeploy) if kind == Kind::SessionCluster => {
                Self::ClusterRecreated
            }
            Some(UpdateClass::Redeploy) => Self::Redeploys,
            Some(UpdateClass::Restart) => Self::of_restart(plan, observed, kind),
        }
    }

    fn of_restart(plan: &Plan, observed: &Observed, kind: Kind) -> Self {
        let (prior, planned) = (plan.prior(), plan.planned());
        // What was created suspended has no status until it is deployed for the first time.
        let never_deployed = prior.at("lifecycle_state").is_null();
        match (is_suspended(&prior), is_suspended(&planned)) {
            (true, true) => Self::StaysSuspended,
            (_, false) if never_deployed => Self::Starts(first_source(&planned)),
            (true, false) => Self::Resumes(resumed_source(&planned, observed)),
            (false, false) => Self::Restarts(stopped_source(plan, observed, kind)),
            (false, true) => Self::Suspends(stopped_source(plan, observed, kind)),
        }
    }

    /// Whether a job starts with state that it is to take up.
    pub fn restores_state(&self) -> bool {
        match self {
            Self::Starts(source) | Self::Restarts(source) | Self::Resumes(source) => *source != Source::Empty,
            Self::Redeploys => true,
            Self::Waits
            | Self::Local
            | Self::NothingRestarts
            | Self::StaysSuspended
            | Self::ScaledInPlace
            | Self::Suspends(_)
            | Self::ClusterRecreated => false,
        }
    }
}

fn is_suspended(view: &View<'_>) -> bool {
    view.at("job.state").get() == Seen::Known(JobState::Suspended)
}

fn mode(view: &View<'_>) -> UpgradeMode {
    view.at("job.upgrade_mode").get().known().unwrap_or_default()
}

fn first_source(planned: &View<'_>) -> Source {
    match planned.at("job.initial_savepoint_path").text() {
        Some(path) if !path.trim().is_empty() => Source::Path(path.to_owned()),
        _ => Source::Empty,
    }
}

/// How a job is started depends on how it was stopped; only `stateless` overrides that.
fn resumed_source(planned: &View<'_>, observed: &Observed) -> Source {
    let was_dropped = observed.suspended_with.as_deref() == Some("stateless");
    if mode(planned) == UpgradeMode::Stateless || was_dropped {
        Source::Empty
    } else {
        Source::Kept
    }
}

/// What is kept of a job that is stopped, by the upgrade mode of the new specification.
fn stopped_source(plan: &Plan, observed: &Observed, kind: Kind) -> Source {
    let (prior, planned) = (plan.prior(), plan.planned());
    let mode = mode(&planned);
    let configured = Configuration::of(&prior);
    let version_changes = plan.changes_at("flink_version");
    let with_savepoint = mode == UpgradeMode::Savepoint
        || (version_changes && Configuration::of(&planned).may_have_savepoint_directory());
    match prior.at("job_state").text() {
        _ if mode == UpgradeMode::Stateless => Source::Empty,
        Some("FAILED" | "FINISHED" | "CANCELED") => Source::Kept,
        Some("RUNNING") if with_savepoint => Source::Savepoint,
        Some("RUNNING") => Source::LastState,
        _ if kind == Kind::Application && never_came_up(&prior, observed) => Source::Unstarted,
        // Through the high-availability data a job is found that does not run, too.
        _ if kind == Kind::Application && falls_back(mode, &configured) => Source::LastState,
        _ if mode == UpgradeMode::Savepoint => Source::SavepointOnceRunning,
        _ => Source::LastStateOnceRunning,
    }
}

/// Whether the JobManager has not come up with any specification yet.
fn never_came_up(prior: &View<'_>, observed: &Observed) -> bool {
    let was_seen = observed.was_stable || prior.at("ready").get() == Seen::Known(true);
    let started = matches!(
        prior.at("job_manager_status").text(),
        Some("READY" | "DEPLOYED_NOT_READY")
    );
    !was_seen && !started
}

/// Whether a job that does not run is stopped by its high-availability data.
fn falls_back(mode: UpgradeMode, configured: &Configuration<'_>) -> bool {
    let allowed = mode == UpgradeMode::LastState
        || !configured.is_off("kubernetes.operator.job.upgrade.last-state-fallback.enabled");
    allowed && configured.high_availability() == HighAvailability::On
}
