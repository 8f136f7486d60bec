//! `PlanResourceChange`.

use terraform_schema::plan::Action;
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Plan, Value, View};

use super::values::identity_differs;
use super::{Kind, PrivateState, Server, caught, caught_now, check};
use crate::context::{Context, PlanContext};
use crate::provider::Provider;
use crate::resource::PlanMark;
use crate::secrets::hide_marked;

/// What Terraform asks to plan.
#[derive(Clone, Debug)]
pub(crate) struct PlanRequest {
    /// The configuration; null for a destroy.
    pub(crate) config: Value,
    /// The state before; null for a create, and for the second plan of a replacement.
    pub(crate) prior: Value,
    /// The object's private state, or in the second plan of a replacement what the first one planned.
    pub(crate) private: PrivateState,
    /// Which object it is, where Terraform knows.
    pub(crate) identity: Option<Value>,
}

/// A plan that may go to Terraform.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Null for a destroy.
    pub(crate) planned: Value,
    /// Attributes whose change needs a new object.
    pub(crate) requires_replace: Vec<AttributePath>,
    /// With the mark of this plan.
    pub(crate) private: PrivateState,
    /// Which object it will be, where that is known.
    pub(crate) identity: Option<Value>,
    /// Warnings.
    pub(crate) warnings: Diagnostics,
}

impl<P: Provider> Server<P> {
    /// Plans a change. The same request gives the same plan: Terraform plans again during apply.
    /// What [`crate::Resource::check_plan`] sees of what lives goes into warnings and refusals only.
    pub(crate) async fn plan(&self, type_name: &str, request: PlanRequest) -> Result<Outcome, Diagnostics> {
        let resource = self.resource(type_name)?;
        hide_marked(&resource.schema().block, &request.config);
        let configured = self.configured(type_name)?;
        let context = |mark| {
            PlanContext::new(
                configured.data(),
                configured.is_known(),
                &request.private.resource,
                mark,
            )
        };
        if request.config.is_null() {
            let warnings = resource
                .plan_destroy(View::of(&request.prior), &context(PlanMark::Destroy))
                .or_errors()?;
            let identity = known_identity(resource, request.identity.clone(), &request.prior);
            return Ok(Outcome {
                planned: Value::Null,
                requires_replace: Vec::new(),
                private: PrivateState {
                    resource: request.private.resource.clone(),
                    mark: PlanMark::Destroy,
                },
                identity,
                warnings,
            });
        }

        let block = &resource.schema().block;
        let mut plan = Plan::inputs(block, &request.config, &request.prior);
        let cx = context(mark(&plan, request.private.mark));
        let mut warnings = resource.modify_plan(&mut plan, &cx).or_errors()?;
        plan.finish(block);
        let private = cx.into_planned();

        let mark = mark(&plan, request.private.mark);
        let mut breaches = check::plan(block, &request.config, &request.prior, &plan.planned);
        let identity = if plan.prior.is_null() {
            // Terraform learns it after the apply.
            None
        } else {
            let identity = known_identity(resource, request.identity.clone(), &request.prior);
            if mark == PlanMark::Update {
                breaches.extend(moved_elsewhere(resource, identity.as_ref(), &plan.planned));
            }
            identity
        };
        breaches.or_ok(())?;
        if configured.is_known() && plan.action() != Action::Nothing {
            let cx = Context::new(configured.data(), self.running(), request.private.resource);
            let look = async { Ok(resource.check_plan(&plan, &cx).await) };
            let seen = caught("PlanResourceChange", look).await;
            warnings.extend(cx.take().0);
            warnings.extend(seen?);
            warnings = warnings.or_errors()?;
        }
        Ok(Outcome {
            planned: plan.planned,
            requires_replace: plan.requires_replace,
            private: PrivateState {
                resource: private,
                mark,
            },
            identity,
            warnings,
        })
    }
}

/// What kind of plan this is.
///
/// Terraform does not say so. For a replacement it plans twice: first with the prior state; then without it, handing over
/// the private state that the first plan planned. For a tainted object it plans once, without prior state and without
/// private state, and destroys with what this plan planned. For `-replace` the first plan sees no reason to replace, and
/// the second one comes all the same. So a mark that is already there is that of a first plan.
fn mark(plan: &Plan, before: PlanMark) -> PlanMark {
    if plan.prior.is_null() {
        if before == PlanMark::Unmarked {
            PlanMark::Create
        } else {
            PlanMark::Replace
        }
    } else if plan.is_replace() {
        PlanMark::Replace
    } else {
        PlanMark::Update
    }
}

/// The identity that Terraform has, else the one of the state.
pub(super) fn known_identity<D: 'static>(resource: &Kind<D>, known: Option<Value>, state: &Value) -> Option<Value> {
    known.or_else(|| match caught_now("identity", || resource.identity(state)) {
        Ok(identity) => Some(identity),
        Err(problems) => {
            for problem in &problems {
                tracing::error!(
                    "the identity of a {} cannot be made: {}",
                    resource.name(),
                    problem.detail
                );
            }
            None
        }
    })
}

/// The breach of an update whose plan means another object.
fn moved_elsewhere<D: 'static>(resource: &Kind<D>, before: Option<&Value>, planned: &Value) -> Option<Diagnostic> {
    // A plan with unknown inputs is no model yet; the apply looks again.
    let after = resource.identity(planned).ok()?;
    let before = before?;
    identity_differs(before, &after).then(|| {
        Diagnostic::bug(format!(
            "The plan updates a `{}` in place, and its identity changes with that. An attribute that is part of the \
             identity must require a replacement.",
            resource.name()
        ))
    })
}

trait OrErrors {
    fn or_errors(self) -> Result<Diagnostics, Diagnostics>;
}

impl OrErrors for Diagnostics {
    /// The warnings, where there are only warnings.
    fn or_errors(self) -> Result<Diagnostics, Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok(self) }
    }
}
