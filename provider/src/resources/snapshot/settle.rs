//! Waiting until the snapshot is taken.

use flink_client::operator::state_snapshot::{self, Asked};
use flink_client::secret::Mask;
use terraform_plugin::{Context, Planned};
use terraform_schema::Diagnostics;

use super::{SnapshotModel, live, objects, over_rest, private, write};
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
        (Timeouts::create(snapshot.timeouts.as_ref()), Afterwards::Tainted)
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
            if let Some(found) = &error.live {
                cx.wrote(&live::with_facts(written.clone(), found));
            }
            let mask = target.map_or_else(Mask::default, |target| target.mask);
            Err(diagnose::not_taken(
                &error,
                M::WHAT,
                &object,
                afterwards,
                &mask,
                &M::block(),
            ))
        }
    }
}
