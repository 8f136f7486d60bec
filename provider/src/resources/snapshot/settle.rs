//! Waiting until the snapshot is taken.

use flink_client::operator::settle::End;
use flink_client::operator::state_snapshot::{self, Asked};
use flink_client::secret::Mask;
use terraform_plugin::{Context, Planned};
use terraform_schema::{Diagnostic, Diagnostics, Severity};

use super::{SnapshotModel, afterwards, live, objects, over_rest, private, write};
use crate::diagnose::{self, Afterwards};
use crate::provider::ProviderData;
use crate::resources::timeouts::Timeouts;

/// Waits, and returns the facts as they are then.
pub async fn settle<M: SnapshotModel>(
    written: M,
    planned: &Planned<M>,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    let snapshot = written.snapshot();
    if snapshot.is_complete() {
        return Ok(written);
    }
    let (timeout, afterwards) = if planned.prior.is_null() {
        (
            Timeouts::create(snapshot.timeouts.as_ref()),
            afterwards(cx, Afterwards::Tainted),
        )
    } else {
        (Timeouts::update(snapshot.timeouts.as_ref()), Afterwards::WaitsAgain)
    };
    if let Some(asked) = private::over_rest(cx) {
        return over_rest::settle(written, asked, timeout, afterwards, cx).await;
    }
    let objects = objects(snapshot.namespace(), cx).await?;
    let uid = cx.private(private::UID).unwrap_or_default();
    let target = write::as_it_is(snapshot, cx).await;
    let job_id = snapshot.job_id().unwrap_or_default();
    let asked = target.as_ref().map(|target| Asked {
        job_manager: &target.job_manager,
        job_id,
    });
    match state_snapshot::settle(&objects, snapshot.name(), &uid, asked, timeout).await {
        Ok(found) => Ok(live::with_facts(written, &found)),
        Err(error) => {
            let object = format!("FlinkStateSnapshot {}", snapshot.object());
            let stopped = matches!(error.end, End::Stopped);
            let new_and_stopped = stopped && afterwards == Afterwards::Tainted;
            let afterwards = if new_and_stopped {
                Afterwards::WaitsAgain
            } else {
                afterwards
            };
            let mask = target.map_or_else(Mask::default, |target| target.mask);
            let problems = diagnose::not_taken(&error, M::WHAT, &object, afterwards, &mask, &M::block());
            let written = match &error.live {
                Some(found) => live::with_facts(written, found),
                None => written,
            };
            broken_off(written, problems, new_and_stopped, cx)
        }
    }
}

/// What is returned of a snapshot that is not complete. One that was new and stopped on request is a warning: an error would mark it as
/// tainted, and the next apply would take another one instead of waiting for this one.
pub fn broken_off<M: SnapshotModel>(
    written: M,
    problems: Diagnostics,
    new_and_stopped: bool,
    cx: &Context<'_, ProviderData>,
) -> Result<M, Diagnostics> {
    cx.wrote(&written);
    if !new_and_stopped {
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
