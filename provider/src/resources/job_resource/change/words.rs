//! The words of `change`: the effect first, always in the same words, then why and from which state.

use flink_client::operator::configuration::key_class;
use terraform_schema::{AttributePath, Plan, Step, UpdateClass, Value};

use super::effect::{Effect, Source};
use crate::resources::configuration::Configuration;
use crate::resources::job_resource::observed::{Observed, Snapshot};

/// How many reasons are named.
const REASONS: usize = 4;

/// The text of an effect.
pub fn text(plan: &Plan, effect: &Effect, observed: &Observed) -> String {
    let mut text = headline(plan, effect, observed);
    if reaches_processes(effect) {
        let why = reasons(plan);
        if !why.is_empty() {
            text.push_str("; because of ");
            text.push_str(&why);
        }
    }
    let asides = [
        state(effect, observed),
        behind(effect, observed),
        autoscaler(plan),
        scaled_outside(plan, observed),
    ];
    for aside in asides.into_iter().flatten() {
        text.push_str("; ");
        text.push_str(&aside);
    }
    text
}

fn headline(plan: &Plan, effect: &Effect, observed: &Observed) -> String {
    let fixed = match effect {
        Effect::Waits => "waits for the last change, nothing is written",
        Effect::Local => "nothing restarts, nothing is written",
        Effect::NothingRestarts => "nothing restarts",
        Effect::StaysSuspended => "nothing restarts, the job stays suspended",
        Effect::ScaledInPlace => "scaled in place",
        Effect::Redeploys => {
            let path = plan.planned().at("job.initial_savepoint_path");
            let path = path.text().unwrap_or_default();
            return format!("redeploy from {path}, dropping the current state");
        }
        Effect::ClusterRecreated => return recreated(observed),
        Effect::Starts(source) => return format!("first start {}", from(source)),
        Effect::Restarts(source) => return format!("restart {}", from(source)),
        Effect::Resumes(source) => return format!("resume {}", from(source)),
        Effect::Suspends(source) => return format!("suspend{}", keeping(source)),
    };
    fixed.to_owned()
}

fn from(source: &Source) -> String {
    match source {
        Source::Empty => "from empty state",
        Source::Savepoint => "with savepoint",
        Source::SavepointOnceRunning => "with savepoint, as soon as the job runs",
        Source::LastState => "from last state",
        Source::LastStateOnceRunning => "from last state, as soon as the job runs",
        Source::Kept => "from the state that it ended with",
        Source::Unstarted => "of a job that never ran, from where it was to start",
        Source::Path(path) => return format!("from {path}"),
    }
    .to_owned()
}

fn keeping(source: &Source) -> &'static str {
    match source {
        Source::Empty => ", dropping the current state",
        Source::Savepoint => " with savepoint",
        Source::SavepointOnceRunning => " with savepoint, as soon as the job runs",
        Source::LastState => ", keeping the last state",
        Source::LastStateOnceRunning => ", keeping the last state, as soon as the job runs",
        Source::Kept => ", keeping the state that it ended with",
        Source::Unstarted | Source::Path(_) => " of a job that never ran",
    }
}

fn recreated(observed: &Observed) -> String {
    match observed.session_jobs.as_deref() {
        None => "cluster recreated together with all session jobs on it".to_owned(),
        Some([]) => "cluster recreated, no session job is on it".to_owned(),
        Some([one]) => format!("cluster recreated together with 1 session job on it ({})", one.name),
        Some(jobs) => {
            let names = listed(jobs.iter().map(|job| job.name.clone()).collect());
            format!(
                "cluster recreated together with {} session jobs on it ({names})",
                jobs.len()
            )
        }
    }
}

/// Whether processes of Flink notice the change.
fn reaches_processes(effect: &Effect) -> bool {
    match effect {
        Effect::Waits | Effect::Local | Effect::NothingRestarts | Effect::StaysSuspended => false,
        Effect::ScaledInPlace
        | Effect::Starts(_)
        | Effect::Restarts(_)
        | Effect::Suspends(_)
        | Effect::Resumes(_)
        | Effect::Redeploys
        | Effect::ClusterRecreated => true,
    }
}

/// The attributes, and keys of the configuration, that make it so.
fn reasons(plan: &Plan) -> String {
    let class = plan.class().unwrap_or(UpdateClass::Restart);
    let mut found = Vec::new();
    for change in &plan.changes {
        if change.class.unwrap_or(UpdateClass::Restart) != class {
            continue;
        }
        let names = match change.path.steps() {
            [Step::Name(name)] if name == "flink_configuration" => keys(plan),
            _ => vec![attribute(&change.path)],
        };
        found.extend(
            names
                .into_iter()
                .filter(|name| !is_inside(name, &found))
                .collect::<Vec<_>>(),
        );
    }
    listed(found)
}

/// Whether a block that holds an attribute was named already.
fn is_inside(name: &str, found: &[String]) -> bool {
    found.iter().any(|outer| {
        name == outer
            || name
                .strip_prefix(outer.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// A path without keys and indices: they need quotes, which a plan would escape.
fn attribute(path: &AttributePath) -> String {
    let names = path.steps().iter().filter_map(|step| match step {
        Step::Name(name) => Some(name.as_str()),
        Step::Key(_) | Step::Index(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}

/// The keys of the configuration that differ and reach furthest.
fn keys(plan: &Plan) -> Vec<String> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let [before, after] = [&prior, &planned].map(|view| view.at("flink_configuration").value());
    let names = [before, after].into_iter().filter_map(Value::as_map);
    let mut differ: Vec<&String> = names
        .flat_map(|members| members.keys())
        .filter(|key| before.member(key) != after.member(key))
        .collect();
    differ.sort();
    differ.dedup();
    let furthest = differ.iter().map(|key| key_class(key)).max();
    let named = differ.into_iter().filter(|key| Some(key_class(key)) == furthest);
    named.cloned().collect()
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(REASONS);
    names.truncate(REASONS);
    let named = names.join(", ");
    if more == 0 {
        named
    } else {
        format!("{named} and {more} more")
    }
}

/// The state that the job comes back from, or that it loses, as far as the last read knows.
fn state(effect: &Effect, observed: &Observed) -> Option<String> {
    let latest = observed.latest.as_ref().map(snapshot);
    let kept = || observed.start_path.clone().or_else(|| latest.clone());
    match effect {
        Effect::Restarts(Source::Empty) | Effect::Suspends(Source::Empty) | Effect::Redeploys => {
            latest.map(|state| format!("what is dropped: {state}"))
        }
        Effect::Resumes(Source::Empty) => kept().map(|state| format!("what is dropped: {state}")),
        Effect::Restarts(Source::Kept) | Effect::Resumes(Source::Kept) | Effect::Suspends(Source::Kept) => kept(),
        Effect::Restarts(_) | Effect::Suspends(_) => latest,
        Effect::Waits
        | Effect::Local
        | Effect::NothingRestarts
        | Effect::StaysSuspended
        | Effect::ScaledInPlace
        | Effect::Starts(_)
        | Effect::Resumes(_)
        | Effect::ClusterRecreated => None,
    }
}

/// A snapshot with its time and place.
pub fn snapshot(latest: &Snapshot) -> String {
    let what = if latest.is_savepoint {
        "last savepoint"
    } else {
        "last completed checkpoint"
    };
    let time = latest
        .time
        .as_ref()
        .map(|time| format!(" of {time}"))
        .unwrap_or_default();
    let path = latest
        .path
        .as_ref()
        .map(|path| format!(" at {path}"))
        .unwrap_or_default();
    format!("{what}{time}{path}")
}

/// The operator compares with the last specification that it took up, whatever the object holds since.
fn behind(effect: &Effect, observed: &Observed) -> Option<String> {
    (observed.is_behind && reaches_processes(effect)).then(|| {
        "the operator has not taken up the specification before, and does nothing where this one takes it back"
            .to_owned()
    })
}

/// With the autoscaler the declared parallelism is where it starts.
fn autoscaler(plan: &Plan) -> Option<String> {
    let planned = plan.planned();
    let configuration = Configuration::of(&planned);
    let is_on = ["job.autoscaler.enabled", "kubernetes.operator.job.autoscaler.enabled"]
        .iter()
        .any(|key| configuration.is_on(key));
    (is_on && plan.changes_at("job.parallelism"))
        .then(|| "what the autoscaler has decided for a vertex stays".to_owned())
}

/// The number of TaskManagers was changed by somebody else, and this plan takes that back.
fn scaled_outside(plan: &Plan, observed: &Observed) -> Option<String> {
    let manager = observed.scaled_by.as_ref()?;
    let prior = plan.prior().at("task_manager.replicas").get::<i64>().known()?;
    plan.changes_at("task_manager.replicas")
        .then(|| format!("task_manager.replicas was set to {prior} by {manager}, not by Terraform"))
}
