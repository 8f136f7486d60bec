//! What the cluster itself takes for what the provider does in it: the same objects, made, read and deleted by a client
//! that does nothing else, ten at a time as Terraform does.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams, WatchEvent, WatchParams};
use serde_json::Value;

/// Terraform's `-parallelism`, unless told otherwise.
const AT_ONCE: usize = 10;

/// What the cluster took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Floor {
    /// Creating all objects and seeing each one's job run.
    pub create: Duration,
    /// Reading each once.
    pub read: Duration,
    /// Deleting all objects and seeing each go.
    pub delete: Duration,
}

/// Measures with copies of the objects in `from`, made in `to`.
///
/// # Errors
/// The API server refuses something, or ends a watch.
pub async fn measure(from: &Api<DynamicObject>, to: &Api<DynamicObject>) -> Result<Floor> {
    let copies: Vec<DynamicObject> = from.list(&ListParams::default()).await?.into_iter().map(copy).collect();
    let names: Vec<String> = copies.iter().map(|copy| copy.name_any()).collect();
    Ok(Floor {
        create: each(copies, |copy| create(to, copy)).await?,
        read: each(names.clone(), |name| read(to, name)).await?,
        delete: each(names, |name| delete(to, name)).await?,
    })
}

/// Does the same with each, some at a time, and times all together.
async fn each<T, F: Future<Output = Result<()>>>(all: Vec<T>, work: impl Fn(T) -> F) -> Result<Duration> {
    let begun = Instant::now();
    stream::iter(all)
        .map(|one| Ok(work(one)))
        .try_buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(begun.elapsed())
}

fn copy(object: DynamicObject) -> DynamicObject {
    let mut copy = DynamicObject {
        types: object.types,
        metadata: kube::core::ObjectMeta {
            name: object.metadata.name,
            labels: object.metadata.labels,
            ..kube::core::ObjectMeta::default()
        },
        data: object.data,
    };
    if let Some(fields) = copy.data.as_object_mut() {
        fields.remove("status");
    }
    copy
}

async fn create(api: &Api<DynamicObject>, object: DynamicObject) -> Result<()> {
    let made = api.create(&PostParams::default(), &object).await?;
    watch_until(api, &made, |event| match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => runs(&object.data),
        WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) | WatchEvent::Error(_) => false,
    })
    .await
}

fn runs(object: &Value) -> bool {
    object.pointer("/status/jobStatus/state").and_then(Value::as_str) == Some("RUNNING")
        && object.pointer("/status/lifecycleState").and_then(Value::as_str) == Some("STABLE")
}

async fn read(api: &Api<DynamicObject>, name: String) -> Result<()> {
    api.get(&name).await?;
    Ok(())
}

async fn delete(api: &Api<DynamicObject>, name: String) -> Result<()> {
    let deleted = api.delete(&name, &DeleteParams::default()).await?;
    match deleted.left() {
        Some(object) => watch_until(api, &object, |event| matches!(event, WatchEvent::Deleted(_))).await,
        None => Ok(()),
    }
}

/// Watches one object from the given version of it on.
async fn watch_until(
    api: &Api<DynamicObject>,
    object: &DynamicObject,
    wanted: impl Fn(&WatchEvent<DynamicObject>) -> bool,
) -> Result<()> {
    let name = object.name_any();
    let params = WatchParams::default().fields(&format!("metadata.name={name}"));
    let version = object.resource_version().unwrap_or_default();
    let mut events = pin!(api.watch(&params, &version).await?);
    while let Some(event) = events.try_next().await.with_context(|| format!("watch {name}"))? {
        if wanted(&event) {
            return Ok(());
        }
        if let WatchEvent::Error(error) = event {
            bail!("watch {name}: {error}");
        }
    }
    bail!("the watch of {name} ended before what was waited for")
}
