//! Nonces that nobody has to count: `restart_triggers` and `redeploy` plan the next number of the operator's `restartNonce`
//! and `savepointRedeployNonce`.
//!
//! The operator acts on a nonce that differs from the last one it acted on, and forgets none: one that was taken out of an
//! object and comes back does nothing. So a nonce stays in the object, and the next one is greater than any that was seen.

use std::collections::BTreeMap;

use flink_client::kubernetes::Live;
use flink_client::operator::JobResource;
use flink_client::operator::checks::not_blank;
use serde::{Deserialize, Serialize};
use terraform_plugin::{Context, Private};
use terraform_schema::{Computed, Diagnostic, Diagnostics, Plan, Schema, Seen, UpdateClass, Value, View};

use super::{JobModel, private};

/// All that an object keeps where the configuration does not set it: numbers that do something only when they change to
/// another one, and the path that belongs to one of them.
const KEPT: [&str; 6] = [
    RESTART_NONCE,
    REDEPLOY_NONCE,
    INITIAL_PATH,
    "job.savepoint_trigger_nonce",
    "job.checkpoint_trigger_nonce",
    "job.autoscaler_reset_nonce",
];

const RESTART_NONCE: &str = "restart_nonce";
const REDEPLOY_NONCE: &str = "job.savepoint_redeploy_nonce";
const INITIAL_PATH: &str = "job.initial_savepoint_path";
const RESTART_TRIGGERS: &str = "restart_triggers";
const REDEPLOY: &str = "redeploy";
const REDEPLOY_TRIGGER: &str = "redeploy.trigger";

/// A start of the job from a savepoint, each time that `trigger` changes.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Redeploy {
    /// Savepoint or retained checkpoint that the job starts from, for example
    /// `s3://flink/savepoints/savepoint-a1b2c3-0123456789ab` or the `location` of a `flink_savepoint`. It counts when
    /// `trigger` changes, and when the job is deployed for the first time; a change of it alone does nothing.
    #[schema(class = Local, check = not_blank)]
    pub path: String,

    /// Any text. When it changes, or the block is added, the job is stopped without a savepoint and starts from `path`:
    /// its present state is dropped.
    #[schema(class = Redeploy)]
    pub trigger: String,
}

/// What private state knows about nonces beyond the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// The last `restartNonce` that the operator acted on, where the object does not have it any more or an action has set it.
    restart: Option<i64>,
    /// The same of `savepointRedeployNonce`.
    redeploy: Option<i64>,
    /// What a write was to fire of which no answer has come.
    unanswered: Option<Fired>,
}

/// Nonces and what they stand for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Fired {
    restart: Option<(i64, BTreeMap<String, String>)>,
    redeploy: Option<(i64, String)>,
}

impl Memory {
    fn of(private: Option<&String>) -> Self {
        private
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn keep<D>(&self, cx: &Context<'_, D>) {
        let text = (*self != Self::default())
            .then(|| serde_json::to_string(self).ok())
            .flatten();
        cx.set_private(private::NONCES, text);
    }
}

/// Remembers the nonces that the operator has acted on, wherever they are gone from the object, and those of actions.
pub fn remember<K: JobResource, D>(live: &Live<K>, cx: &Context<'_, D>) {
    let done = live
        .reported()
        .and_then(|reported| reported.reconciliation_status.reconciled())
        .unwrap_or_default();
    let asked = |nonce: &str| live.json.pointer(nonce).and_then(serde_json::Value::as_i64);
    let mut memory = Memory::of(cx.private(private::NONCES).as_ref());
    // State may not hold what an action has counted up.
    let restart = asked("/spec/restartNonce");
    let in_state = restart.filter(|_| !live.owned_by_action(&["spec", "restartNonce"]));
    memory.restart = done.restart_nonce.max(restart).filter(|last| in_state != Some(*last));
    memory.redeploy = done
        .savepoint_redeploy_nonce
        .filter(|done| asked("/spec/job/savepointRedeployNonce") != Some(*done));
    memory.keep(cx);
}

/// Remembers what a write is about to fire: its answer may be lost, and the next plan must not fire it again.
pub fn firing<M: JobModel, D>(planned: &M, prior: &M, cx: &Context<'_, D>) {
    let restart = changed(planned.nonces().restart, prior.nonces().restart)
        .and_then(|nonce| Some((nonce, planned.arguments().restart_triggers.clone()?)));
    let redeploy = changed(planned.nonces().redeploy, prior.nonces().redeploy)
        .and_then(|nonce| Some((nonce, planned.arguments().redeploy.as_ref()?.trigger.clone())));
    let fired = Fired { restart, redeploy };
    let mut memory = Memory::of(cx.private(private::NONCES).as_ref());
    memory.unanswered = (fired != Fired::default()).then_some(fired);
    memory.keep(cx);
}

/// Forgets it again: the answer has come.
pub fn fired<D>(cx: &Context<'_, D>) {
    let mut memory = Memory::of(cx.private(private::NONCES).as_ref());
    memory.unanswered = None;
    memory.keep(cx);
}

fn changed(planned: Option<i64>, prior: Option<i64>) -> Option<i64> {
    planned.filter(|nonce| prior != Some(*nonce))
}

/// The two nonces that make the operator do something to the job.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nonces {
    /// `restartNonce`.
    pub restart: Option<i64>,
    /// `savepointRedeployNonce`.
    pub redeploy: Option<i64>,
}

/// The number in a computed attribute.
pub fn number(attribute: Option<&Computed<i64>>) -> Option<i64> {
    attribute.and_then(Computed::as_ref).copied()
}

/// Plans the nonces of a new object: those of the configuration, and none else.
pub fn create(plan: &mut Plan) {
    for name in KEPT {
        if plan.config().at(name).is_null() {
            plan.set(name, Value::Null);
        }
    }
    let path = plan.planned().at("redeploy.path").value().clone();
    if !path.is_null() && plan.config().at(INITIAL_PATH).is_null() {
        plan.set(INITIAL_PATH, path);
    }
}

/// Plans the nonces that changed triggers ask for, and says what `redeploy` and `initial_savepoint_path` do or do not.
pub fn update(plan: &mut Plan, private: &Private) -> Diagnostics {
    let memory = Memory::of(private.get(private::NONCES));
    let imported = private.contains_key(private::IMPORTED);
    restart(plan, &memory, imported);
    let mut said = redeploy(plan, &memory, imported);
    said.extend(initial_path(plan));
    said
}

fn restart(plan: &mut Plan, memory: &Memory, imported: bool) {
    if !plan.changes_at(RESTART_TRIGGERS) {
        return;
    }
    let (prior, planned) = (plan.prior().at(RESTART_TRIGGERS), plan.planned().at(RESTART_TRIGGERS));
    let nonce = known_nonce(plan, RESTART_NONCE);
    let unanswered = memory.unanswered.as_ref().and_then(|fired| fired.restart.as_ref());
    let is_done = unanswered
        .is_some_and(|(number, triggers)| nonce >= Some(*number) && planned.get() == Seen::Known(triggers.clone()));
    // Those of an imported object were never told to anybody: they are written down.
    let is_first = prior.is_null() && imported;
    let fires = !planned.is_null() && !is_first && !is_done;
    let unknown = planned.is_unknown();
    classify(plan, RESTART_TRIGGERS, fires, UpdateClass::Restart);
    if fires && plan.config().at(RESTART_NONCE).is_null() {
        plan.set(RESTART_NONCE, next(nonce, memory.restart, unknown));
    }
}

fn redeploy(plan: &mut Plan, memory: &Memory, imported: bool) -> Diagnostics {
    let mut said = Diagnostics::new();
    said.extend(by_hand(plan));
    if !plan.changes_at(REDEPLOY) {
        return said;
    }
    let (prior, planned) = (plan.prior().at(REDEPLOY), plan.planned().at(REDEPLOY));
    let trigger = planned.at("trigger");
    let nonce = known_nonce(plan, REDEPLOY_NONCE);
    let unanswered = memory.unanswered.as_ref().and_then(|fired| fired.redeploy.as_ref());
    let is_done = unanswered.is_some_and(|(number, text)| nonce >= Some(*number) && trigger.text() == Some(text));
    let is_first = prior.is_null() && imported;
    let fires = !planned.is_null() && plan.changes_at(REDEPLOY_TRIGGER) && !is_first && !is_done;
    let unknown = trigger.is_unknown();
    let path = planned.at("path").value().clone();
    if fires && !unknown {
        said.extend(path.as_str().map(|path| discards(path, &trigger)));
    } else if is_first && !planned.is_null() {
        said.push(only_written_down(&planned));
    } else if !fires && !is_done && plan.changes_at("redeploy.path") && !prior.is_null() && !planned.is_null() {
        said.push(path_without_trigger(&planned));
    }
    classify(plan, REDEPLOY, fires, UpdateClass::Redeploy);
    if fires {
        plan.set(REDEPLOY_NONCE, next(nonce, memory.redeploy, unknown));
        plan.set(INITIAL_PATH, if unknown { Value::Unknown } else { path });
    }
    said
}

/// The number in state, where there is one.
fn known_nonce(plan: &Plan, name: &str) -> Option<i64> {
    plan.prior().at(name).get::<i64>().known()
}

/// The number after all that were seen; not known yet where it is not known whether it is needed.
fn next(nonce: Option<i64>, done: Option<i64>, unknown: bool) -> Value {
    if unknown {
        return Value::Unknown;
    }
    // After the greatest of all numbers any other one does.
    let next = nonce.max(done).unwrap_or(0).checked_add(1).unwrap_or(1);
    Value::from(next)
}

/// What the changes at an attribute do: what its schema says where it fires, else they only go into state.
fn classify(plan: &mut Plan, at: &str, fires: bool, class: UpdateClass) {
    for change in &mut plan.changes {
        let path = change.path.to_string();
        let is_here = path == at || path.strip_prefix(at).is_some_and(|rest| rest.starts_with(['.', '[']));
        if is_here {
            let decides = fires && path != "redeploy.path";
            change.class = Some(if decides { class } else { UpdateClass::Local });
        }
    }
}

/// A redeployment by a nonce that the configuration sets.
fn by_hand(plan: &Plan) -> Option<Diagnostic> {
    let nonce = plan.config().at(REDEPLOY_NONCE);
    if nonce.is_null() || !plan.changes_at(REDEPLOY_NONCE) {
        return None;
    }
    match plan.config().at(INITIAL_PATH).get::<String>() {
        Seen::Unknown => None,
        Seen::Known(path) if !path.trim().is_empty() => Some(discards(&path, &nonce)),
        Seen::Known(_) | Seen::Null => Some(
            Diagnostic::error("No savepoint to redeploy from")
                .detail(
                    "`savepoint_redeploy_nonce` changes, and the operator refuses that without `initial_savepoint_path`, the \
                     savepoint or retained checkpoint that the job is to start from. Set it, or use the block `redeploy` \
                     instead of both.",
                )
                .at(nonce.path()),
        ),
    }
}

fn discards(path: &str, at: &View<'_>) -> Diagnostic {
    Diagnostic::warning("Present state of the job is discarded")
        .detail(format!(
            "`{}` changes: the job is stopped without a savepoint and starts from `{path}`.",
            at.path()
        ))
        .at(at.path())
}

fn only_written_down(redeploy: &View<'_>) -> Diagnostic {
    Diagnostic::warning("Nothing is redeployed")
        .detail(
            "The object was imported, and whether it was ever started from this path nobody can tell. The block is only \
             written down. To start the job from `path`, change `trigger` after this apply.",
        )
        .at(redeploy.at("trigger").path())
}

fn path_without_trigger(redeploy: &View<'_>) -> Diagnostic {
    Diagnostic::warning("Nothing is redeployed")
        .detail(
            "`path` changes and `trigger` does not: the job runs on with the state that it has. To start it from the new path \
             and drop its present state, change `trigger`, too.",
        )
        .at(redeploy.at("path").path())
}

/// A new initial path does nothing to a job that was deployed.
fn initial_path(plan: &Plan) -> Option<Diagnostic> {
    let configured = plan.config().at(INITIAL_PATH);
    let is_new = !configured.is_null() && plan.changes_at(INITIAL_PATH) && !plan.changes_at(REDEPLOY_NONCE);
    // What was created suspended has no status until it is deployed for the first time.
    let was_deployed = !plan.prior().at("lifecycle_state").is_null();
    (is_new && was_deployed && !plan.is_replace()).then(|| {
        let path = configured.text().unwrap_or("s3://...");
        Diagnostic::warning("Initial savepoint is not used any more")
            .detail(format!(
                "The job was deployed already: the operator looks at `initial_savepoint_path` when a job starts for the first \
                 time, and this change of it does nothing. To start the job anew from there and drop its present state, write \
                 `redeploy {{ path = \"{path}\", trigger = \"1\" }}` (each on a line of its own) instead of \
                 `initial_savepoint_path`, and change `trigger` whenever it shall happen again."
            ))
            .at(configured.path())
    })
}

/// Refuses what is counted by hand and by the provider at once.
pub fn problems(config: &View<'_>) -> Diagnostics {
    let is_set = |name: &str| !config.at(name).is_null() && !config.at(name).is_unknown();
    let has_block = !config.at(REDEPLOY).is_null();
    let mut problems = Diagnostics::new();
    if is_set(RESTART_NONCE) && !config.at(RESTART_TRIGGERS).is_null() {
        problems.push(counted_twice(
            &config.at(RESTART_NONCE),
            "`restart_triggers` sets `restart_nonce` to the next number by itself. Remove one of the two; the object keeps \
             the number that it has.",
        ));
    }
    if is_set(REDEPLOY_NONCE) && has_block {
        problems.push(counted_twice(
            &config.at(REDEPLOY_NONCE),
            "`redeploy` sets `savepoint_redeploy_nonce` to the next number by itself. Remove one of the two; the object \
             keeps the number that it has.",
        ));
    }
    if is_set(INITIAL_PATH) && has_block {
        problems.push(
            Diagnostic::error("Two paths to start from")
                .detail(
                    "`redeploy` sets `initial_savepoint_path` to its `path`, for the first deployment, too. Remove one of the \
                     two.",
                )
                .at(config.at(INITIAL_PATH).path()),
        );
    }
    if has_block && config.at("job").is_null() {
        problems.push(
            Diagnostic::error("Nothing to redeploy")
                .detail("A session cluster has no job of its own. Put `redeploy` into its `flink_session_job`.")
                .at(config.at(REDEPLOY).path()),
        );
    }
    problems
}

fn counted_twice(at: &View<'_>, detail: &str) -> Diagnostic {
    Diagnostic::error("Nonce counted twice").detail(detail).at(at.path())
}

#[cfg(test)]
mod tests;
