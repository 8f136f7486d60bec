//! What the resources do that are one custom resource with a Flink job: `flink_deployment` and `flink_session_job`. Each step
//! of their life stands in the file of its name, for both of them.

pub mod arguments;
pub mod change;
pub mod delete;
pub mod dry_run;
pub mod import;
pub mod live;
pub mod manifest;
#[cfg(test)]
pub mod mapping;
pub mod moved;
pub mod nonces;
pub mod observed;
pub mod plan;
pub mod private;
pub mod read;
pub mod replace;
pub mod settle;
pub mod validate;
pub mod write;
pub mod write_only;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::progress::{Baseline, progress};
use flink_client::operator::removal::{OnDestroy, Removal, RemoveError, Removed};
use flink_client::operator::settle::NotReady;
use flink_client::operator::{FlinkConfiguration, JobResource, JobSpec, Manifest};
use flink_client::secret::Mask;
use flink_client::wait::Progress;
use terraform_plugin::Context;
use terraform_schema::{Computed, Diagnostics, Model, Schema};

use crate::provider::ProviderData;
use arguments::Arguments;
use nonces::Nonces;
use observed::Observed;

/// The model of such a resource.
pub trait JobModel: Model + Clone {
    /// The custom resource.
    type Kind: JobResource;

    /// What a person calls it, in lower case: `deployment`.
    const WHAT: &'static str;

    /// What the object is called, and its labels and annotations.
    fn metadata(&self) -> Metadata<'_>;

    /// What a user says beside the object.
    fn arguments(&self) -> &Arguments;

    /// What is sent, without labels and annotations.
    ///
    /// # Errors
    /// Where the specification cannot be written as JSON.
    fn manifest(&self) -> Result<Manifest, serde_json::Error>;

    /// The configuration in the specification.
    fn flink_configuration(&self) -> Option<&FlinkConfiguration>;

    /// The nonces in the specification that make the operator act.
    fn nonces(&self) -> Nonces;

    /// The job; `None` for a session cluster.
    fn job(&self) -> Option<&JobSpec>;

    /// The savepoint that the job began with, where it was handed over by the object that this one has replaced.
    fn restored_from(&self) -> Option<&str>;

    /// The same with another savepoint that was handed over.
    #[must_use]
    fn restored(self, from: Option<String>) -> Self;

    /// The same with another initial savepoint in the specification.
    #[must_use]
    fn beginning_with(self, path: Option<String>) -> Self;

    /// The configuration in the specification, to take something out of it.
    fn flink_configuration_mut(&mut self) -> &mut Option<FlinkConfiguration>;

    /// The uid of the object, where state knows it.
    fn uid(&self) -> Option<&str>;

    /// Whether the last change was brought about.
    fn is_ready(&self) -> bool;

    /// The same as the state of an object that another provider has managed; not seen yet.
    #[must_use]
    fn taken_over(self, uid: Option<String>) -> Self;

    /// The same with another word on whether the last change was brought about; and with its id.
    #[must_use]
    fn settled(self, ready: bool) -> Self;

    /// The same with the facts of an object; inputs stay as they are.
    #[must_use]
    fn with_facts(self, live: &Live<Self::Kind>) -> Self;

    /// Everything in an object, whoever put it there. What only Terraform knows is not set.
    fn found(live: &Live<Self::Kind>, ready: bool) -> Self;

    /// The labels that are sent.
    fn labels_sent(&self) -> BTreeMap<String, String> {
        self.metadata().labels.cloned().unwrap_or_default()
    }

    /// Whether the operator has brought about what the object asks for.
    fn is_brought_about(
        objects: &Objects<Self::Kind>,
        live: &Live<Self::Kind>,
        baseline: &Baseline,
    ) -> impl Future<Output = bool> + Send {
        let (_, done) = (objects, is_done(live, baseline));
        async move { done }
    }

    /// Waits until the object does what was asked.
    fn wait(
        &self,
        objects: &Objects<Self::Kind>,
        uid: &str,
        baseline: &Baseline,
        timeout: Duration,
    ) -> impl Future<Output = Result<Live<Self::Kind>, NotReady<Self::Kind>>> + Send;

    /// What there is to know of an object for the plans to come, beside the object. Costs a request where the state of a job
    /// or the jobs on a cluster are to be known; never fails.
    fn observe(objects: &Objects<Self::Kind>, live: &Live<Self::Kind>) -> impl Future<Output = Observed> + Send;

    /// What becomes of the job where nothing is said.
    fn on_destroy(objects: &Objects<Self::Kind>, live: &Live<Self::Kind>) -> impl Future<Output = OnDestroy> + Send;

    /// Removes the object.
    fn remove(
        objects: &Objects<Self::Kind>,
        live: &Live<Self::Kind>,
        how: &Removal,
        timeout: Duration,
    ) -> impl Future<Output = Result<Removed, RemoveError>> + Send;

    /// The name of the object.
    fn name(&self) -> &str {
        self.metadata().name
    }

    /// The namespace. Every plan decides it, so it is there wherever a model is.
    fn namespace(&self) -> &str {
        self.metadata()
            .namespace
            .and_then(Computed::as_ref)
            .map_or("default", String::as_str)
    }

    /// `namespace/name`, for messages and as the id.
    fn id(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }
}

/// What a user sets of the metadata of an object.
#[derive(Clone, Copy, Debug)]
pub struct Metadata<'a> {
    /// Name of the object.
    pub name: &'a str,
    /// Namespace of the object, where it is decided.
    pub namespace: Option<&'a Computed<String>>,
    /// Labels of the object.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// Annotations of the object.
    pub annotations: Option<&'a BTreeMap<String, String>>,
}

/// What it means when an object was written but is not ready within its timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema)]
pub enum WaitFailure {
    /// The apply fails. What was being created is then marked as tainted by Terraform.
    #[default]
    Error,
    /// The apply goes on with a warning and `ready = false`; the next one waits again.
    Warn,
}

/// What tells one object from all others of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Identity {
    /// Namespace of the object. On import, without it: the `namespace` of the provider block, else `default`.
    pub namespace: Option<String>,
    /// Name of the object.
    pub name: String,
}

/// Whether the operator has brought about what the object asks for, as its own status tells.
pub fn is_done<K: JobResource>(live: &Live<K>, baseline: &Baseline) -> bool {
    match progress(&live.object, baseline) {
        Progress::Ready | Progress::Settling { .. } => true,
        Progress::Waiting(_) | Progress::Failing { .. } | Progress::Failed(_) => false,
    }
}

/// The objects of a kind in a namespace.
pub async fn objects<K: JobResource>(
    namespace: &str,
    cx: &Context<'_, ProviderData>,
) -> Result<Objects<K>, Diagnostics> {
    Ok(Objects::new(cx.data.cluster(&cx.stop).await?, namespace))
}

/// The secrets in the configuration, ours and what others have added to the object: what a server or an exception says may
/// repeat them.
pub fn mask<M: JobModel>(model: &M, live: Option<&FlinkConfiguration>) -> Mask {
    let mut mask = Mask::default();
    for configuration in [model.flink_configuration(), live].into_iter().flatten() {
        mask.add_secrets(configuration);
    }
    mask
}

/// What a person calls an object of the model, as the first word of a sentence.
fn noun<M: JobModel>() -> String {
    let mut letters = M::WHAT.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
