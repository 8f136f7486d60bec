//! What a plan says beside `change`: where work stops, and where state is lost. Lost state is an error unless
//! `allow_state_loss` is set, where it is certain; what only may be lost later is a warning.

use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, View};

use super::Kind;
use super::effect::{Effect, Source};
use super::words::snapshot;
use crate::resources::configuration::{Configuration, HighAvailability};
use crate::resources::job_resource::observed::Observed;

/// Everything to say.
pub fn said(plan: &Plan, effect: &Effect, observed: &Observed, kind: Kind) -> Diagnostics {
    let mut said = Diagnostics::new();
    said.extend(work_stops(plan, effect));
    said.extend(dropped(plan, effect, observed));
    said.extend(recreated(plan, effect, observed));
    said.extend(high_availability_removed(plan, effect, kind));
    said.extend(savepoint_directory_removed(plan));
    said.extend(state_left_out(plan, effect));
    said.extend(scaled_outside(plan, observed));
    said
}

/// A loss that is certain: an error, or a warning for somebody who has allowed it.
fn lost(plan: &Plan, summary: &str, detail: &str, at: &View<'_>) -> Diagnostic {
    let allowed = plan.planned().at("allow_state_loss").get::<bool>();
    if matches!(allowed, Seen::Known(true) | Seen::Unknown) {
        return Diagnostic::warning(summary).detail(detail).at(at.path());
    }
    let way_out = "Set `allow_state_loss = true` if that is meant.";
    Diagnostic::error(summary)
        .detail(format!("{detail} {way_out}"))
        .at(at.path())
}

/// The job stops and does not come back by itself, or waits for something first.
fn work_stops(plan: &Plan, effect: &Effect) -> Option<Diagnostic> {
    let state = plan.planned().at("job.state");
    let mode = plan.planned().at("job.upgrade_mode");
    match effect {
        Effect::Suspends(_) => Some(
            Diagnostic::warning("Job is suspended")
                .detail("It does no work from then on, until `job.state` becomes `running` again.")
                .at(state.path()),
        ),
        Effect::Restarts(Source::SavepointOnceRunning | Source::LastStateOnceRunning) => {
            let now = plan.prior().at("job_state").text().unwrap_or("not known");
            Some(
                Diagnostic::warning("Restart has to wait for the job")
                    .detail(format!(
                        "The state of the job is `{now}`. Without high availability the operator can stop it with its state \
                         only while it runs, and waits for that. With `upgrade_mode = \"stateless\"` it would not wait, and \
                         drop the state."
                    ))
                    .at(mode.path()),
            )
        }
        Effect::Waits
        | Effect::Local
        | Effect::NothingRestarts
        | Effect::StaysSuspended
        | Effect::ScaledInPlace
        | Effect::Starts(_)
        | Effect::Restarts(_)
        | Effect::Resumes(_)
        | Effect::Redeploys
        | Effect::ClusterRecreated => None,
    }
}

/// A job that has state starts without it.
fn dropped(plan: &Plan, effect: &Effect, observed: &Observed) -> Option<Diagnostic> {
    let mode = plan.planned().at("job.upgrade_mode");
    let latest = observed.latest.as_ref().map(snapshot);
    let kept = match effect {
        Effect::Restarts(Source::Empty) | Effect::Suspends(Source::Empty) => latest,
        // What was dropped when it was suspended is not lost now.
        Effect::Resumes(Source::Empty) if observed.suspended_with.as_deref() != Some("stateless") => {
            observed.start_path.clone().or(latest)
        }
        Effect::Waits
        | Effect::Local
        | Effect::NothingRestarts
        | Effect::StaysSuspended
        | Effect::ScaledInPlace
        | Effect::Starts(_)
        | Effect::Restarts(_)
        | Effect::Suspends(_)
        | Effect::Resumes(_)
        | Effect::Redeploys
        | Effect::ClusterRecreated => return None,
    };
    let Some(kept) = kept else {
        return may_be_dropped(plan, effect);
    };
    let detail = format!(
        "The job has state ({kept}), and with the upgrade mode `stateless` it starts without it. Use `upgrade_mode = \
         \"savepoint\"` or `\"last-state\"` to keep it."
    );
    Some(lost(plan, "State of the job would be lost", &detail, &mode))
}

/// Nobody has seen a checkpoint of the job, but it is told to take some.
fn may_be_dropped(plan: &Plan, effect: &Effect) -> Option<Diagnostic> {
    let prior = plan.prior();
    let takes = prior.at("flink_configuration").key("execution.checkpointing.interval");
    (!takes.is_null() && !matches!(effect, Effect::Resumes(_))).then(|| {
        Diagnostic::warning("State of the job is dropped")
            .detail(
                "The job takes checkpoints (`execution.checkpointing.interval`), and with the upgrade mode `stateless` it \
                 starts without them. Use `upgrade_mode = \"savepoint\"` or `\"last-state\"` to keep its state.",
            )
            .at(plan.planned().at("job.upgrade_mode").path())
    })
}

/// A session cluster takes its jobs with it.
fn recreated(plan: &Plan, effect: &Effect, observed: &Observed) -> Option<Diagnostic> {
    if *effect != Effect::ClusterRecreated || observed.session_jobs.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let prior = plan.prior();
    let planned = plan.planned();
    let is_safe = Configuration::of(&prior).high_availability() == HighAvailability::On
        && Configuration::of(&planned).high_availability() == HighAvailability::On;
    let jobs = observed.session_jobs.as_deref().unwrap_or_default();
    let stateful: Vec<&str> = jobs
        .iter()
        .filter(|job| job.is_stateful)
        .map(|job| job.name.as_str())
        .collect();
    let at = planned.at("name");
    if is_safe {
        return Some(
            Diagnostic::warning("Session cluster is recreated")
                .detail(
                    "Its JobManager and TaskManagers are started anew, and all jobs on it stop for that time. High \
                     availability brings them back from their last checkpoint.",
                )
                .at(at.path()),
        );
    }
    let summary = "Session cluster is recreated";
    let first = "Its JobManager and TaskManagers are started anew, without savepoints of the jobs on it. Without high \
                 availability the operator starts the stateless ones again, from empty state, and loses the others";
    if stateful.is_empty() {
        return Some(Diagnostic::warning(summary).detail(format!("{first}.")).at(at.path()));
    }
    let detail = format!(
        "{first}: {}. Suspend them first (`state = \"suspended\"`) and resume them afterwards.",
        stateful.join(", ")
    );
    Some(lost(plan, summary, &detail, &at))
}

/// Without high-availability data nobody finds the last checkpoint of a job that was stopped by them.
fn high_availability_removed(plan: &Plan, effect: &Effect, kind: Kind) -> Option<Diagnostic> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let is_on = |view: &View<'_>| {
        let configuration = Configuration::of(view);
        configuration.high_availability() == HighAvailability::On
            && !configuration.key("high-availability.storageDir").is_null()
    };
    let at = planned.at("flink_configuration");
    if kind == Kind::SessionJob || at.value().is_unknown() || !is_on(&prior) || is_on(&planned) {
        return None;
    }
    let detail = "`high-availability.type` or `high-availability.storageDir` goes away";
    if matches!(effect, Effect::Restarts(Source::LastState)) {
        let detail = format!(
            "{detail}, and the job is stopped in a way that leaves its last state only there: the operator would not find it \
             again. Restart it once with `upgrade_mode = \"savepoint\"`."
        );
        return Some(lost(plan, "State of the job would be lost", &detail, &at));
    }
    Some(
        Diagnostic::warning("High availability is removed")
            .detail(format!(
                "{detail}: from then on a JobManager that dies takes the state of its jobs with it, back to the last savepoint."
            ))
            .at(at.path()),
    )
}

/// Nothing is lost yet, but no savepoint can be taken any more.
fn savepoint_directory_removed(plan: &Plan) -> Option<Diagnostic> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let before = Configuration::of(&prior).may_have_savepoint_directory();
    let after = Configuration::of(&planned).may_have_savepoint_directory();
    (before && !after).then(|| {
        Diagnostic::warning("Savepoints have no place any more")
            .detail(
                "`state.savepoints.dir` (or `execution.checkpointing.savepoint-dir`) goes away: neither an upgrade nor a destroy \
                 can take a savepoint then, unless the operator's default configuration has a directory. The savepoints that \
                 are there stay.",
            )
            .at(planned.at("flink_configuration").path())
    })
}

/// The job may start without a part of its state.
fn state_left_out(plan: &Plan, effect: &Effect) -> Option<Diagnostic> {
    let allow = plan.planned().at("job.allow_non_restored_state");
    (allow.get() == Seen::Known(true) && effect.restores_state()).then(|| {
        Diagnostic::warning("State may be left out")
            .detail(
                "`allow_non_restored_state` is `true`: state that belongs to no operator of the new job is dropped without a \
                 word when it starts. Take the setting back afterwards.",
            )
            .at(allow.path())
    })
}

/// The number of TaskManagers is taken back from somebody else.
fn scaled_outside(plan: &Plan, observed: &Observed) -> Option<Diagnostic> {
    let replicas = plan.planned().at("task_manager.replicas");
    let manager = observed.scaled_by.as_ref()?;
    let before = plan.prior().at("task_manager.replicas").get::<i64>().known()?;
    if !plan.changes_at("task_manager.replicas") {
        return None;
    }
    Some(
        Diagnostic::warning("TaskManagers were scaled by somebody else")
            .detail(format!(
                "`{manager}` has set their number to {before}, such as a HorizontalPodAutoscaler or `kubectl scale`. This plan \
                 takes that back. To leave the number to others, add `task_manager[0].replicas` to `ignore_changes` in the \
                 `lifecycle` block."
            ))
            .at(replicas.path()),
    )
}
