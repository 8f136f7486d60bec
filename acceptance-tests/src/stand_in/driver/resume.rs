//! What ran before this program did, as far as a status says.

use crate::stand_in::spec::{JobState, UpgradeMode};
use crate::stand_in::status::{JobManagerStatus, ReconciliationState, Status};
use crate::stand_in::world::{Deploy, Object, Restore};

/// The JobManager that a native cluster keeps while its job is suspended, if the status says so.
pub fn left_standing(status: &Status) -> Option<Deploy> {
    let spec = status.reconciled()?.spec;
    let suspended = spec.job_state() == Some(JobState::Suspended)
        && status.reconciliation_status.state == ReconciliationState::Deployed
        && status.job_manager_deployment_status == JobManagerStatus::Ready;
    let job_id = status.job_status.job_id.clone();
    suspended.then_some(Deploy {
        spec,
        job_id,
        restore: Restore::Nothing,
    })
}

/// What runs, if the status says that something does.
pub fn running(object: &Object, status: &Status) -> Option<Deploy> {
    let reconciled = status.reconciled()?;
    let between = matches!(
        status.reconciliation_status.state,
        ReconciliationState::Upgrading | ReconciliationState::RollingBack
    );
    if between || reconciled.spec.job_state() == Some(JobState::Suspended) {
        return None;
    }
    let rolled_back = status.reconciliation_status.state == ReconciliationState::RolledBack;
    let spec = if rolled_back {
        status.stable()?.spec
    } else {
        reconciled.spec
    };
    let mode = spec.job.as_ref().map(|job| job.upgrade_mode);
    let path = status.job_status.upgrade_savepoint_path.clone();
    let restore = match (mode, path) {
        (Some(UpgradeMode::LastState), _) => Restore::LastState,
        (Some(UpgradeMode::Savepoint), Some(path)) => Restore::From(path),
        _ => Restore::Nothing,
    };
    let job_id = object.spec.job.as_ref().and(status.job_status.job_id.clone());
    Some(Deploy { spec, job_id, restore })
}
