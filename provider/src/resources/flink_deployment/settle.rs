//! Waiting until the deployment does what was asked.

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::FlinkDeployment;
use flink_client::operator::causes::gather;
use flink_client::operator::progress::progress;
use flink_client::secret::{Mask, is_sensitive};
use flink_client::wait::{Progress, Wait, WaitError, until};
use jiff::Timestamp;
use terraform_plugin::{Context, Planned};
use terraform_schema::{Computed, Diagnostic, Diagnostics, Model, Severity};

use super::model::{Deployment, WaitFailure};
use super::write::manifest;
use super::{live, objects, private};
use crate::diagnose::{self, Waited};
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
    let judge = |live: Option<&Live<FlinkDeployment>>| match live {
        None => Progress::failed("it was deleted"),
        Some(live) if live.uid() != uid => Progress::failed("it was deleted and created anew"),
        Some(live) => progress(live, &baseline),
    };
    let started = Timestamp::now();
    match until(&objects, Wait::new(&written.name, timeout), judge).await {
        Ok(Some(live)) => Ok(Deployment {
            ready: Computed::from(true),
            ..live::with_facts(written, &live)
        }),
        Ok(None) => Err(Diagnostic::bug("Waiting ended well for an object that is not there.").into()),
        Err(error) => unsettled(written, &error, &objects, started, cx).await,
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

/// The deployment was written and is not ready: an error, or a warning where that was asked for.
async fn unsettled(
    written: Deployment,
    error: &WaitError<FlinkDeployment>,
    objects: &Objects<FlinkDeployment>,
    started: Timestamp,
    cx: &Context<'_, ProviderData>,
) -> Result<Deployment, Diagnostics> {
    let written = match error.live() {
        Some(live) => live::with_facts(written, live),
        None => written,
    };
    let written = Deployment {
        ready: Computed::from(false),
        ..written
    };
    cx.wrote(&written);
    let object = format!("FlinkDeployment {}", written.id());
    let stopped = matches!(error, WaitError::Stopped { .. });
    let causes = match error.live() {
        Some(live) if !stopped => causes(&written, live, objects, started).await,
        _ => Vec::new(),
    };
    let problems = diagnose::wait(
        error,
        Waited {
            object: &object,
            causes: &causes,
        },
        &Deployment::block(),
    );
    if written.wait_failure != Some(WaitFailure::Warn) || stopped {
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

/// What others say about it: the JobManager, the operator, Kubernetes. Events of before the wait are about something else.
async fn causes(
    written: &Deployment,
    live: &Live<FlinkDeployment>,
    objects: &Objects<FlinkDeployment>,
    started: Timestamp,
) -> Vec<String> {
    let mut mask = Mask::default();
    for configuration in [&written.spec.flink_configuration, &live.spec.flink_configuration]
        .into_iter()
        .flatten()
    {
        mask.add(
            configuration
                .iter()
                .filter(|(key, _)| is_sensitive(key))
                .map(|(_, value)| value.as_str()),
        );
    }
    gather(objects, live, Some(started)).await.sentences(&mask)
}
