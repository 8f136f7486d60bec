//! Taking a savepoint or checkpoint that no resource manages: with the steps of the resource.

use std::time::{SystemTime, UNIX_EPOCH};

use flink_client::kubernetes::Objects;
use flink_client::operator::JobResource;
use flink_client::operator::{FlinkDeployment, FlinkSessionJob};
use terraform_plugin::{Context, Planned};
use terraform_schema::{Computed, Diagnostics, Value};

use super::act;
use super::target::{Named, Target, look};
use crate::provider::ProviderData;
use crate::resources::snapshot::model::{SavepointArguments, Snapshot};
use crate::resources::snapshot::{SnapshotModel, settle, write};

/// Takes one, waits for it and tells where it is.
pub async fn take<M: SnapshotModel>(
    target: Target,
    backoff_limit: Option<i64>,
    savepoint: Option<SavepointArguments>,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    let namespace = target.namespace(cx)?;
    let job = match target.named()? {
        Named::Deployment(name) => {
            exists::<FlinkDeployment>(&namespace, name, "deployment_name", cx).await?;
            name
        }
        Named::SessionJob(name) => {
            exists::<FlinkSessionJob>(&namespace, name, "session_job_name", cx).await?;
            name
        }
    };
    let snapshot = Snapshot {
        name: Some(Computed::from(name(job, M::WHAT))),
        namespace: Some(Computed::from(namespace)),
        backoff_limit,
        timeouts: Some(target.timeouts()),
        deployment_name: target.deployment_name,
        session_job_name: target.session_job_name,
        ..Snapshot::default()
    };
    let planned = Planned {
        model: M::of(snapshot, savepoint),
        value: Value::Null,
        prior: Value::Null,
    };
    let taken = act(cx, async |cx| {
        let written = write::create(&planned.model, cx).await?;
        settle::settle(written, &planned, cx).await
    });
    let taken = taken.await?;
    let snapshot = taken.snapshot();
    let location = snapshot
        .location
        .as_ref()
        .map_or("at a place that is not known", String::as_str);
    cx.progress()
        .tell(format!("The {} {} is complete: {location}", M::WHAT, snapshot.object()));
    Ok(())
}

async fn exists<K: JobResource>(
    namespace: &str,
    name: &str,
    argument: &str,
    cx: &Context<'_, ProviderData>,
) -> Result<(), Diagnostics> {
    let objects: Objects<K> = Objects::new(cx.data.cluster(&cx.stop).await?, namespace);
    look(&objects, name, argument).await.map(drop)
}

/// A name that no other snapshot has, in the form of the operator's own.
fn name(job: &str, what: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{job}-{what}-action-{}", now.as_millis())
}
