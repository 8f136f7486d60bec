//! Which object an action is about.

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::JobResource;
use flink_client::secret::is_sensitive;
use terraform_plugin::{Context, hide};
use terraform_schema::{AttributePath, Block, Computed, Diagnostic, Diagnostics, Schema, View};

use crate::data_sources::namespace;
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::names;
use crate::resources::timeouts::{Timeout, Timeouts};

/// The object, and how long the action may take.
#[derive(Clone, Debug, Default, Schema)]
pub struct Target {
    /// Name of the `FlinkDeployment`. Set this or `session_job_name`.
    #[schema(check = names::object)]
    pub deployment_name: Option<String>,

    /// Name of the `FlinkSessionJob`. Set this or `deployment_name`.
    #[schema(check = names::object)]
    pub session_job_name: Option<String>,

    /// Namespace of the object. Without it, the `namespace` of the provider block, else `default`.
    #[schema(check = names::namespace)]
    pub namespace: Option<String>,

    /// How long the action may take.
    pub timeouts: Option<InvokeTimeouts>,
}

/// How long an action may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Schema)]
pub struct InvokeTimeouts {
    /// How long it may take until it is done, such as `15m` or `1h30m`. 15 minutes without it.
    pub invoke: Option<Timeout>,
}

/// The object that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// A deployment.
    Deployment(&'a str),
    /// A session job.
    SessionJob(&'a str),
}

impl Target {
    /// The object that is named.
    ///
    /// # Errors
    /// None, or two: values that were unknown when the configuration was checked.
    pub fn named(&self) -> Result<Named<'_>, Diagnostics> {
        match (&self.deployment_name, &self.session_job_name) {
            (Some(name), None) => Ok(Named::Deployment(name)),
            (None, Some(name)) => Ok(Named::SessionJob(name)),
            (None, None) | (Some(_), Some(_)) => Err(not_one().into()),
        }
    }

    /// The namespace of the object.
    ///
    /// # Errors
    /// The provider block does not know it yet.
    pub fn namespace(&self, cx: &Context<'_, ProviderData>) -> Result<String, Diagnostics> {
        let set = self.namespace.clone().map(Computed::from);
        namespace::chosen(set.as_ref(), &cx.data.namespace)
    }

    /// How long the action may take, as the timeouts of a resource have it.
    pub fn timeouts(&self) -> Timeouts {
        let invoke = self.timeouts.as_ref().and_then(|timeouts| timeouts.invoke.clone());
        Timeouts {
            create: invoke,
            ..Default::default()
        }
    }
}

/// Checks that one object is named.
pub fn validate(config: &View<'_>) -> Diagnostics {
    let named = ["deployment_name", "session_job_name"].map(|name| config.at(name));
    let set = named
        .iter()
        .filter(|view| !view.is_null() && !view.is_unknown())
        .count();
    match set {
        2 => not_one().at(AttributePath::of(["session_job_name"])).into(),
        0 if named.iter().all(View::is_null) => not_one().into(),
        _ => Diagnostics::new(),
    }
}

fn not_one() -> Diagnostic {
    Diagnostic::error("Not one object").detail(
        "An action is about one object. Set `deployment_name` to the name of a FlinkDeployment, or `session_job_name` to that of \
         a FlinkSessionJob.",
    )
}

/// The object as it is now. What of its configuration is secret is kept out of all that is said from here on.
///
/// # Errors
/// It is not there, is being deleted, or cannot be looked at.
pub async fn look<K: JobResource>(objects: &Objects<K>, name: &str, argument: &str) -> Result<Live<K>, Diagnostics> {
    let found = objects
        .find_surely(name, None)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
    let object = format!("{} `{}/{name}`", K::KIND, objects.namespace());
    let said = |summary: &str, detail: String| {
        Diagnostic::error(summary)
            .detail(detail)
            .at(AttributePath::of([argument]))
    };
    let Some(live) = found else {
        let detail = format!("There is no {object}. Nothing was done. Check its name and namespace.");
        return Err(said("No such object", detail).into());
    };
    if live.is_being_deleted() {
        return Err(said(
            "Object is being deleted",
            format!("The {object} is on its way out. Nothing was done."),
        )
        .into());
    }
    let configuration = live.flink_configuration().into_iter().flat_map(|keys| keys.iter());
    hide(
        configuration
            .filter(|(key, _)| is_sensitive(key))
            .map(|(_, value)| value.as_str()),
    );
    Ok(live)
}
