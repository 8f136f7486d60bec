//! Waiting until the object does what was asked.

use flink_client::operator::settle::{End, NotReady};
use flink_client::operator::{JobResource, Resource};
use flink_client::secret::Mask;
use terraform_plugin::{Context, Planned};
use terraform_schema::{Diagnostic, Diagnostics, Severity};

use super::write::manifest;
use super::{JobModel, WaitFailure, mask, objects, private, replace, write_only};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Waits, and returns the facts as they are then. What was handed over to the object has done its work then.
pub async fn settle<M: JobModel>(
    written: M,
    planned: &Planned<M>,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let settled = wait(written, planned, cx).await?;
    if settled.is_ready() {
        replace::clear(&settled, cx).await;
    }
    Ok(settled)
}

async fn wait<M: JobModel>(written: M, planned: &Planned<M>, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
    if is_settled(&written, planned)? {
        return Ok(written.settled(true));
    }
    let new = planned.prior.is_null();
    let objects = objects::<M::Kind>(written.namespace(), cx).await?;
    let baseline = private::baseline(cx);
    let timeouts = written.arguments().timeouts.as_ref();
    let timeout = if new {
        Timeouts::create(timeouts)
    } else {
        Timeouts::update(timeouts)
    };
    let uid = written.uid().unwrap_or_default();
    match written.wait(&objects, uid, &baseline, timeout).await {
        Ok(live) => {
            private::set_ready(live.metadata().generation, cx);
            Ok(written.with_facts(&live).settled(true))
        }
        Err(error) => unsettled(written, new, &error, cx),
    }
}

/// Whether there is nothing to wait for: the last write was settled, and this one touched no specification.
fn is_settled<M: JobModel>(written: &M, planned: &Planned<M>) -> Result<bool, Diagnostics> {
    if planned.prior.is_null() {
        return Ok(false);
    }
    let prior = M::from_value(&planned.prior)?;
    let same = manifest(&prior)?.spec == manifest(written)?.spec && !write_only::is_changed(written, &prior);
    Ok(prior.is_ready() && same)
}

/// The object was written and is not ready: an error, or a warning where that was asked for. `new` says whether it
/// was being created. A creation that Terraform was told to stop is a warning, too: an error would mark the object as
/// tainted, and the next apply would replace it instead of waiting for it.
fn unsettled<M: JobModel>(
    written: M,
    new: bool,
    error: &NotReady<M::Kind>,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let warns = if matches!(error.end, End::Stopped) {
        new
    } else {
        written.arguments().wait_failure == Some(WaitFailure::Warn)
    };
    let afterwards = if new && !warns {
        Afterwards::Tainted
    } else {
        Afterwards::WaitsAgain
    };
    let mask = secrets(&written, error);
    let written = match &error.live {
        Some(live) => written.with_facts(live),
        None => written,
    }
    .settled(false);
    cx.wrote(&written);
    let object = format!("{} {}", M::Kind::KIND, written.id());
    let problems = diagnose::not_ready(error, &object, afterwards, &mask, &M::block());
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
pub fn secrets<M: JobModel>(written: &M, error: &NotReady<M::Kind>) -> Mask {
    mask(written, error.live.as_ref().and_then(|live| live.flink_configuration()))
}
