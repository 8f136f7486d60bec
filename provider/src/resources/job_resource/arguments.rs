//! What both kinds have beside their object: one field each, for both of them.

use std::collections::BTreeMap;

use flink_client::operator::removal::OnDestroy;
use terraform_schema::Schema;

use super::nonces::Redeploy;
use super::{WaitFailure, write_only};
use crate::resources::timeouts::Timeouts;

/// What a user says of a job that the operator's custom resource has no field for, or that is sent only in part.
#[derive(Clone, Debug, Default, PartialEq, Schema)]
pub struct Arguments {
    /// Restarts the job whenever a value in it changes, in the way `job.upgrade_mode` says; a session cluster without a `job`
    /// is created anew. Any texts, such as the hash of a file that is read at the start. The provider sets `restart_nonce` to
    /// the next number then. Those of an object that was imported are only written down at first; taking them away does
    /// nothing.
    #[schema(class = Restart)]
    pub restart_triggers: Option<BTreeMap<String, String>>,

    /// Starts the job anew from a savepoint, whenever `trigger` changes. The provider sets `savepoint_redeploy_nonce` to the
    /// next number then, and `initial_savepoint_path` to `path`. The block of an object that was imported is only written
    /// down at first; taking it away does nothing.
    #[schema(class = Redeploy)]
    pub redeploy: Option<Redeploy>,

    /// Whether a change may lose state of the job that is certain to be lost: a start without the state that it has, and a
    /// change that leaves its last state where nobody finds it. Without it, or with `false`, such a plan is refused.
    #[schema(class = Local)]
    pub allow_state_loss: Option<bool>,

    /// Configuration that Terraform stores nowhere, neither in a plan nor in its state: for keys with secrets, for example
    /// `{ "s3.secret-key" = ephemeral.vault_kv_secret_v2.s3.data["secret-key"] }`. It is laid over `flink_configuration`, with
    /// which it may have no key in common. The values stand in the clear in the custom resource and in the configuration of
    /// the pods. Needs Terraform or OpenTofu 1.11, and `flink_configuration_wo_version`.
    #[schema(class = Restart)]
    pub flink_configuration_wo: write_only::Configuration,

    /// Sends `flink_configuration_wo` when it changes to another number, or goes away; all other writes leave the values as
    /// they are in the cluster. Raise it by one for new values.
    #[schema(class = Restart)]
    pub flink_configuration_wo_version: Option<i64>,

    /// How long each operation may take.
    #[schema(class = Local)]
    pub timeouts: Option<Timeouts>,

    /// Whether fields that another field manager owns (`kubectl`, a GitOps tool, another Terraform configuration) are
    /// taken over. Without it, or with `false`, such a conflict is an error that names the field and its manager.
    #[schema(class = Local)]
    pub force_conflicts: Option<bool>,

    /// What it means when the object was written but is not ready within its timeout. Without it, `error`.
    #[schema(class = Local)]
    pub wait_failure: Option<WaitFailure>,

    /// What becomes of the job when this resource is destroyed. Without it, `savepoint` where the job's upgrade mode is
    /// `savepoint`, or `last-state` with a savepoint directory; else `cancel`. A destroy goes by what was applied last; the
    /// `on_destroy` of the provider block overrides it at that moment. A replacement cannot be abandoned: it goes on as if
    /// nothing were said. A session cluster has no job of its own: only `abandon` makes a difference there.
    #[schema(class = Local)]
    pub on_destroy: Option<OnDestroy>,

    /// Whether the job is drained before the last savepoint of a destroy: its sources emit `MAX_WATERMARK`, so that all
    /// windows and timers fire as if time had come to its end, and sinks see the last results. Nothing should go on from
    /// such a savepoint, so a job that is replaced is never drained. It counts only where a savepoint is taken. Without it,
    /// `false`.
    #[schema(class = Local)]
    pub drain_on_destroy: Option<bool>,

    /// Whether every plan that would destroy or replace this resource is refused. To destroy it, apply `false` first.
    /// Without it, `false`.
    #[schema(class = Local)]
    pub deletion_protection: Option<bool>,
}
