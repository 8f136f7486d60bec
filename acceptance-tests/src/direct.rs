//! The provider's process without Terraform: actions and lists that older Terraforms and OpenTofu cannot ask for.

use anyhow::{Context as _, Result, ensure};
use terraform_plugin::client::{Launch, Plugin};
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_schema::{Block, Model, Value, msgpack};

use crate::case::Case;
use crate::terraform::provider_binary;

/// A provider that runs and is configured.
pub struct Direct {
    plugin: Plugin,
}

/// What an action said.
#[derive(Debug, Default)]
pub struct Invoked {
    /// What it told while it was at work.
    pub told: Vec<String>,
    /// Its errors and warnings, each as `summary: detail`.
    pub problems: Vec<String>,
}

/// An object that was listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its identity.
    pub identity: Value,
    /// What a person calls it.
    pub display_name: String,
    /// The object, where it was asked for.
    pub object: Option<Value>,
}

/// What is listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// What the block `config` says.
    pub config: &'a [(&'a str, Value)],
    /// How many at most; 0 is no limit.
    pub limit: i64,
    /// Whether the objects are wanted, too.
    pub objects: bool,
}

impl Direct {
    /// A provider for the cluster and namespace of a case, with the case's rights.
    ///
    /// # Errors
    /// It does not start, or refuses its configuration.
    pub async fn of(case: &Case) -> Result<Self> {
        let kubeconfig = case.kubeconfig().display().to_string();
        Self::configured(&[
            ("config_path", kubeconfig.as_str().into()),
            ("namespace", case.namespace().into()),
        ])
        .await
    }

    /// A provider with this block.
    ///
    /// # Errors
    /// It does not start, or refuses its configuration.
    pub async fn configured(block: &[(&str, Value)]) -> Result<Self> {
        let plugin = Launch::new(provider_binary().await?)
            .env("KUBECONFIG", "")
            .start()
            .await?;
        let schema = ProviderConfig::block();
        let request = pb::configure::Request {
            config: packed(&schema, &object(&schema, block))?,
            ..Default::default()
        };
        let answer = plugin.provider().configure(request).await?.into_inner();
        ensure!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
        Ok(Self { plugin })
    }

    /// Plans and invokes the action whose arguments are `A`.
    ///
    /// # Errors
    /// The provider does not answer as it has to.
    pub async fn invoke<A: Model>(&self, config: &[(&str, Value)]) -> Result<Invoked> {
        let config = packed(&A::block(), &object(&A::block(), config))?;
        let plan = pb::plan_action::Request {
            action_type: A::NAME.to_owned(),
            config: config.clone(),
            ..Default::default()
        };
        let planned = self.plugin.provider().plan_action(plan).await?.into_inner();
        if !planned.diagnostics.is_empty() {
            return Ok(Invoked {
                told: Vec::new(),
                problems: said(&planned.diagnostics),
            });
        }
        let request = pb::invoke_action::Request {
            action_type: A::NAME.to_owned(),
            config,
            ..Default::default()
        };
        let mut events = self.plugin.provider().invoke_action(request).await?.into_inner();
        let mut invoked = Invoked::default();
        let mut completed = false;
        while let Some(event) = events.message().await? {
            ensure!(!completed, "nothing follows the end");
            match event.r#type.context("an event is of a type")? {
                pb::invoke_action::event::Type::Progress(progress) => invoked.told.push(progress.message),
                pb::invoke_action::event::Type::Completed(last) => {
                    completed = true;
                    invoked.problems = said(&last.diagnostics);
                }
            }
        }
        ensure!(completed, "the action ends");
        Ok(invoked)
    }

    /// Lists with the list resource whose block `config` is `Q`, whose identity is `I` and whose resource is `M`.
    ///
    /// # Errors
    /// The provider does not answer as it has to, or says that something is wrong.
    pub async fn list<Q: Model, I: Model, M: Model>(&self, wanted: Wanted<'_>) -> Result<Vec<Found>> {
        let request = pb::list_resource::Request {
            type_name: Q::NAME.to_owned(),
            config: packed(&Q::block(), &object(&Q::block(), wanted.config))?,
            include_resource_object: wanted.objects,
            limit: wanted.limit,
        };
        let mut events = self.plugin.provider().list_resource(request).await?.into_inner();
        let mut found = Vec::new();
        while let Some(event) = events.message().await? {
            ensure!(event.diagnostic.is_empty(), "{}", said(&event.diagnostic).join("\n"));
            let identity = event.identity.and_then(|identity| identity.identity_data);
            let object = event.resource_object.as_ref();
            found.push(Found {
                identity: unpacked(&I::block(), identity.as_ref())?,
                display_name: event.display_name,
                object: object.map(|object| unpacked(&M::block(), Some(object))).transpose()?,
            });
        }
        Ok(found)
    }
}

/// The object of a block in which only these are set.
pub fn object(block: &Block, set: &[(&str, Value)]) -> Value {
    let mut members = block.empty_value().as_map().cloned().unwrap_or_default();
    members.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(members)
}

/// A value of a block, as a request carries it.
///
/// # Errors
/// It is not of the block's type.
pub fn packed(block: &Block, value: &Value) -> Result<Option<pb::DynamicValue>> {
    let msgpack = msgpack::encode(value, &block.implied_type())?;
    Ok(Some(pb::DynamicValue {
        msgpack,
        json: Vec::new(),
    }))
}

/// What an answer carries.
///
/// # Errors
/// It carries nothing, or no value of the block's type.
pub fn unpacked(block: &Block, value: Option<&pb::DynamicValue>) -> Result<Value> {
    let value = value.context("the answer holds a value")?;
    Ok(msgpack::decode(&value.msgpack, &block.implied_type())?)
}

fn said(diagnostics: &[pb::Diagnostic]) -> Vec<String> {
    let texts = diagnostics.iter();
    texts.map(|said| format!("{}: {}", said.summary, said.detail)).collect()
}
