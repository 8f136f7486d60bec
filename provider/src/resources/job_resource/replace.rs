//! Replacing an object without losing the state of its job: who follows is planned, the destroyed object leaves its state for
//! it (`flink_client::operator::hand_over`), and the created one begins with that.

use flink_client::kubernetes::Objects;
use flink_client::operator::Resource;
use flink_client::operator::hand_over::{self, HandOver, Successor};
use jiff::Timestamp;
use terraform_plugin::{Context, PlanContext, PlanMark};
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, Value, View};

use super::private::{self, Planned};
use super::{JobModel, noun};
use crate::diagnose;
use crate::provider::ProviderData;

/// Adds to a plan what a replacement needs to know, and refuses one of an object that may not be destroyed.
pub fn plan<M: JobModel, D>(plan: &mut Plan, cx: &PlanContext<'_, D>) -> Diagnostics {
    let replaces = cx.mark == PlanMark::Replace;
    private::plan_successor(replaces.then(|| successor(plan)).as_ref(), cx);
    let mut said = Diagnostics::new();
    if plan.prior.is_null() {
        if replaces && private::is_protected(cx) {
            said.push(protected::<M>(&plan.planned()));
        }
        return said;
    }
    private::plan_protection(is_protected(&plan.prior()), cx);
    if replaces && is_protected(&plan.prior()) {
        said.push(protected::<M>(&plan.prior()));
    }
    if replaces {
        said.extend(renamed::<M>(plan));
    }
    if let Some(restored_from) = begins_elsewhere(plan) {
        plan.set("restored_from", restored_from);
    }
    said
}

/// What becomes of `restored_from` where another initial savepoint takes the place of the one that was handed over.
fn begins_elsewhere(plan: &Plan) -> Option<Value> {
    let (prior, planned) = (plan.prior(), plan.planned());
    let differs = |name: &str| {
        let value = planned.at(name).value();
        !value.is_null() && value != prior.at(name).value()
    };
    let is_unknown = |name: &str| planned.at(name).is_unknown();
    let names = ["job.initial_savepoint_path", "job.savepoint_redeploy_nonce"];
    if prior.at("restored_from").is_null() || !names.into_iter().any(differs) {
        None
    } else if names.into_iter().any(is_unknown) {
        Some(Value::Unknown)
    } else {
        Some(Value::Null)
    }
}

/// Refuses a planned destroy of an object that may not be destroyed.
pub fn plan_destroy<M: JobModel>(prior: &View<'_>) -> Diagnostics {
    if is_protected(prior) {
        protected::<M>(prior).into()
    } else {
        Diagnostics::new()
    }
}

fn is_protected(prior: &View<'_>) -> bool {
    prior.at("deletion_protection").get() == Seen::Known(true)
}

fn successor(plan: &Plan) -> Planned {
    let planned = plan.planned();
    if planned.at("job").is_null() {
        return Planned::Jobless;
    }
    let text = |name: &str| planned.at(name).text().map(str::to_owned);
    match (text("namespace"), text("name")) {
        (Some(namespace), Some(name)) => Planned::Known(namespace, name),
        _ => Planned::Unknown,
    }
}

fn protected<M: JobModel>(of: &View<'_>) -> Diagnostic {
    let text = |name: &str| of.at(name).text().unwrap_or_default().to_owned();
    Diagnostic::error(format!("{} is protected", noun::<M>())).detail(format!(
        "This plan would destroy or replace the {} `{}/{}`, and `deletion_protection` is `true`. If that is meant, apply \
         `deletion_protection = false` first.",
        M::WHAT,
        text("namespace"),
        text("name"),
    ))
}

/// Another name, and the job of the old one runs until its object is destroyed: the order matters.
fn renamed<M: JobModel>(plan: &Plan) -> Option<Diagnostic> {
    let differs = |name: &str| plan.requires_replace.iter().any(|path| path.to_string() == name);
    let changed = ["name", "namespace"].into_iter().find(|name| differs(name))?;
    if plan.prior().at("job").is_null() {
        return None;
    }
    Some(
        Diagnostic::warning("State is handed over only if the former job is stopped first")
            .detail(format!(
                "The {} gets another {changed}. Its job is stopped, and the new one begins with its state. With \
                 `create_before_destroy` the new one would begin first, and without that state.",
                M::WHAT
            ))
            .at(plan.planned().at(changed).path()),
    )
}

/// Who takes over the state of an object that is destroyed.
pub fn heir<M: JobModel>(prior: &M, mark: PlanMark, cx: &Context<'_, ProviderData>) -> Successor {
    let own_name = || Planned::Known(prior.namespace().to_owned(), prior.name().to_owned());
    let planned = match mark {
        PlanMark::Replace => private::successor(cx).unwrap_or_else(own_name),
        // Half of the replacement of a tainted object, of which nothing else is known.
        PlanMark::Create => own_name(),
        PlanMark::Update | PlanMark::Destroy | PlanMark::Unmarked => Planned::Jobless,
    };
    match planned {
        Planned::Jobless => Successor::Nobody,
        Planned::Unknown => Successor::Unknown,
        Planned::Known(namespace, name) => Successor::Object {
            namespace,
            name,
            configured: prior.job().and_then(|job| job.initial_savepoint().map(str::to_owned)),
        },
    }
}

/// The model of an object that is to be created: with the state that waits for it, where there is any.
pub async fn begin<M: JobModel>(
    planned: &M,
    objects: &Objects<M::Kind>,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let planned = planned.clone();
    let Some(job) = planned.job() else { return Ok(planned) };
    let failed = |error| diagnose::kubernetes(&error, &M::block());
    let Some(left) = hand_over::find(objects, planned.name()).await.map_err(failed)? else {
        return Ok(planned);
    };
    if left.from != planned.id() && hand_over::is_left_by_the_living(objects, &left).await.map_err(failed)? {
        cx.warn(not_replaced(&planned, &left));
        return Ok(planned);
    }
    let beginning = beginning(job.initial_savepoint(), &left, Timestamp::now());
    if beginning == Beginning::Unclear {
        return Err(stale(&planned, &left).into());
    }
    cx.set_private(private::HAND_OVER, Some(left.uid.clone()));
    match beginning {
        Beginning::Configured if job.initial_savepoint() == Some(&left.location) => Ok(planned),
        Beginning::Configured => {
            cx.warn(another_path(&planned, &left));
            Ok(planned)
        }
        Beginning::HandedOver | Beginning::Unclear => {
            cx.warn(restored(&planned, &left));
            Ok(planned.restored(Some(left.location)))
        }
    }
}

/// Remembers the hand-over that an object began with which was created without this state: Terraform was killed after it had
/// replaced an object, and knows only the former one. It is taken away like any other.
pub async fn remember<M: JobModel>(model: &M, objects: &Objects<M::Kind>, cx: &Context<'_, ProviderData>) {
    let Some(from) = model.restored_from() else { return };
    match hand_over::find(objects, model.name()).await {
        Ok(Some(left)) if left.location == from => cx.set_private(private::HAND_OVER, Some(left.uid)),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "a hand-over that nobody needs any more may still be there"),
    }
}

/// Where a job begins for which state is waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// With that state.
    HandedOver,
    /// Where its configuration says: that was changed since.
    Configured,
    /// Nobody but a person can tell.
    Unclear,
}

fn beginning(configured: Option<&str>, left: &HandOver, now: Timestamp) -> Beginning {
    if configured.is_some() && configured != left.configured.as_deref() {
        Beginning::Configured
    } else if left.is_stale(now) {
        Beginning::Unclear
    } else {
        Beginning::HandedOver
    }
}

/// Takes the hand-over away once the job has begun with it.
pub async fn clear<M: JobModel>(model: &M, cx: &Context<'_, ProviderData>) {
    let Some(uid) = cx.private(private::HAND_OVER) else {
        return;
    };
    let name = hand_over::name_for::<M::Kind>(model.name());
    let cleared = match cx.data.cluster(&cx.stop).await {
        Ok(cluster) => hand_over::clear(&cluster, model.namespace(), &name, &uid)
            .await
            .map_err(|error| error.to_string()),
        Err(problems) => Err(problems.iter().map(|problem| problem.detail.as_str()).collect()),
    };
    match cleared {
        Ok(()) => cx.set_private(private::HAND_OVER, None),
        Err(why) => cx.warn(Diagnostic::warning("Hand-over is still there").detail(format!(
            "The state of `{}` was handed over, and is not needed any more, but the FlinkStateSnapshot `{name}` by which that \
             was done could not be deleted: {why}. The next apply that changes the {} tries again.",
            model.id(),
            M::WHAT
        ))),
    }
}

fn left_at(left: &HandOver) -> String {
    left.left_at
        .map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
}

fn restored<M: JobModel>(planned: &M, left: &HandOver) -> Diagnostic {
    Diagnostic::warning(format!("Job of {} begins with the state that was handed over", planned.id())).detail(format!(
        "The job of `{}` begins with `{}`, the last state of the {} `{}` (uid `{}`), which was destroyed to be replaced at {}.",
        planned.id(),
        left.location,
        M::Kind::KIND,
        left.from,
        left.from_uid,
        left_at(left),
    ))
}

fn another_path<M: JobModel>(planned: &M, left: &HandOver) -> Diagnostic {
    Diagnostic::warning("State that was handed over is not used").detail(format!(
        "`initial_savepoint_path` of `{}` was changed, so its job begins there, and not with `{}`, the last state of the {} \
         `{}` that it replaces.",
        planned.id(),
        left.location,
        M::Kind::KIND,
        left.from
    ))
}

fn not_replaced<M: JobModel>(planned: &M, left: &HandOver) -> Diagnostic {
    Diagnostic::warning("State that was handed over is not used").detail(format!(
        "The FlinkStateSnapshot `{}` holds the state of the {} `{}` for `{}`, but that object lives on: replacing it did not \
         come to an end. The new job begins without it.",
        left.name,
        M::Kind::KIND,
        left.from,
        planned.id(),
    ))
}

/// Not without a word from somebody: it may be meant, or have nothing to do with this object.
fn stale<M: JobModel>(planned: &M, left: &HandOver) -> Diagnostic {
    Diagnostic::error("State of an earlier object is waiting").detail(format!(
        "`{}` in the {} `{}` was destroyed at {}, to be replaced by `{}`, and its last state `{}` waits for the replacement. \
         That is more than a day ago, so it is not certain that this is meant. Nothing was created. To begin with it, set \
         `initial_savepoint_path = \"{}\"` in the `job` block. To begin without it, delete the hand-over (`kubectl delete \
         flinkstatesnapshot {} -n {}`); the savepoint itself stays.",
        left.from_uid,
        M::Kind::KIND,
        left.from,
        left_at(left),
        planned.id(),
        left.location,
        left.location,
        left.name,
        planned.namespace(),
    ))
}

#[cfg(test)]
mod tests;
