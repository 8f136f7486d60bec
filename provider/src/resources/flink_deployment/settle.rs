//! Waiting until the deployment does what was asked.

use flink_client::operator::FlinkDeployment;
use flink_client::operator::settle::{End, NotReady};
use flink_client::secret::{Mask, is_sensitive};
use terraform_plugin::{Context, Planned};
use terraform_schema::{Computed, Diagnostic, Diagnostics, Model, Severity};

use super::model::{Deployment, WaitFailure};
use super::write::manifest;
use super::{live, objects, private};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Waits, and returns the facts as they are then.
pub async fn settle(
    written: Deployment,
    planned: &Planned<Deployment>,
    cx: &Context<'_, ProviderData>,
) -> Result<Deployment, Diagnostics> {
    if is_settled(&written, planned)? {
        return Ok(Deployment {
            ready: Computed::from(true),
            ..written
        });
    }
    let objects = objects(written.namespace(), cx).await?;
    let baseline = private::baseline(cx);
    let timeouts = written.timeouts.as_ref();
    let timeout = if planned.prior.is_null() {
        Timeouts::create(timeouts)
    } else {
        Timeouts::update(timeouts)
    };
    let uid = written.uid.as_ref().cloned().unwrap_or_default();
    match flink_client::operator::settle(&objects, &written.name, &uid, &baseline, timeout).await {
        Ok(live) => Ok(Deployment {
            ready: Computed::from(true),
            ..live::with_facts(written, &live)
        }),
        Err(error) => unsettled(written, planned.prior.is_null(), &error, cx),
    }
}

/// Whether there is nothing to wait for: the last write was settled, and this one touched no specification.
fn is_settled(written: &Deployment, planned: &Planned<Deployment>) -> Result<bool, Diagnostics> {
    if planned.prior.is_null() {
        return Ok(false);
    }
    let prior = Deployment::from_value(&planned.prior)?;
    Ok(prior.is_ready() && manifest(&prior)?.spec == manifest(written)?.spec)
}

/// The deployment was written and is not ready: an error, or a warning where that was asked for. `new` says whether it
/// was being created.
fn unsettled(
    written: Deployment,
    new: bool,
    error: &NotReady<FlinkDeployment>,
    cx: &Context<'_, ProviderData>,
) -> Result<Deployment, Diagnostics> {
    let warns = written.wait_failure == Some(WaitFailure::Warn) && !matches!(error.end, End::Stopped);
    let afterwards = if new && !warns {
        Afterwards::Tainted
    } else {
        Afterwards::WaitsAgain
    };
    let mask = secrets(&written, error);
    let written = match &error.live {
        Some(live) => live::with_facts(written, live),
        None => written,
    };
    let written = Deployment {
        ready: Computed::from(false),
        ..written
    };
    cx.wrote(&written);
    let object = format!("FlinkDeployment {}", written.id());
    let problems = diagnose::not_ready(error, &object, afterwards, &mask, &Deployment::block());
    if !warns {
        return Err(problems);
    }
    for problem in problems {
        cx.warn(Diagnostic {
            severity: Severity::Warning,
            ..problem
        });
    }
    Ok(written)
}

/// The secrets in the configuration, ours and what others have added: an exception may repeat them.
fn secrets(written: &Deployment, error: &NotReady<FlinkDeployment>) -> Mask {
    let mut mask = Mask::default();
    let live = error
        .live
        .as_ref()
        .and_then(|live| live.spec.flink_configuration.as_ref());
    for configuration in [written.spec.flink_configuration.as_ref(), live].into_iter().flatten() {
        mask.add(
            configuration
                .iter()
                .filter(|(key, _)| is_sensitive(key))
                .map(|(_, value)| value.as_str()),
        );
    }
    mask
}
