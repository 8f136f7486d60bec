//! The service around a [`Rogue`], called as Terraform calls it, in values.

use std::sync::Mutex;

use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_plugin::{Handlers, Service};
use terraform_schema::{Model, Type, Value, msgpack};
use tonic::Request;

use crate::rogue::{Rogue, RogueConfig, RogueProvider, Thing, ThingIdentity};

/// The type of the resource.
pub const THING: &str = Thing::NAME;

/// A provider, ready to be called.
pub struct Rig {
    pub service: Service<RogueProvider>,
}

/// What a call said.
#[derive(Debug, Default)]
pub struct Said(pub Vec<pb::Diagnostic>);

impl Said {
    /// Summaries, details and paths of its errors, in one text.
    pub fn errors(&self) -> String {
        self.texts(pb::diagnostic::Severity::Error)
    }

    /// The same of its warnings.
    pub fn warnings(&self) -> String {
        self.texts(pb::diagnostic::Severity::Warning)
    }

    fn texts(&self, severity: pb::diagnostic::Severity) -> String {
        self.0
            .iter()
            .filter(|said| said.severity() == severity)
            .map(|said| format!("{}: {}", said.summary, said.detail))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Fails where there is an error.
    #[track_caller]
    pub fn fine(&self) {
        assert_eq!(self.errors(), "");
    }

    /// Fails where its errors do not hold all these words.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) {
        let errors = self.errors();
        assert!(!errors.is_empty(), "no error");
        for word in words {
            assert!(errors.contains(word), "no `{word}` in: {errors}");
        }
    }
}

/// A plan that was answered.
#[derive(Debug)]
pub struct PlanAnswer {
    pub planned: Value,
    pub private: Vec<u8>,
    pub identity: Option<Value>,
    pub replaces: Vec<String>,
    pub raw: pb::plan_resource_change::Response,
    pub said: Said,
}

/// A state that was answered.
#[derive(Debug)]
pub struct StateAnswer {
    pub state: Value,
    pub private: Vec<u8>,
    pub identity: Option<Value>,
    pub said: Said,
}

/// A plan that is asked for.
#[derive(Clone)]
pub struct Ask {
    pub prior: Value,
    pub config: Value,
    pub private: Vec<u8>,
    pub identity: Option<Value>,
}

impl Ask {
    /// A create.
    pub fn create(config: &Value) -> Self {
        Self {
            prior: Value::Null,
            config: config.clone(),
            private: Vec::new(),
            identity: None,
        }
    }

    /// A change.
    pub fn update(prior: &Value, config: &Value) -> Self {
        Self {
            prior: prior.clone(),
            config: config.clone(),
            private: Vec::new(),
            identity: None,
        }
    }

    /// A destroy.
    pub fn destroy(prior: &Value) -> Self {
        Self {
            prior: prior.clone(),
            config: Value::Null,
            private: Vec::new(),
            identity: None,
        }
    }
}

pub fn ty() -> Type {
    Thing::block().implied_type()
}

pub fn identity_ty() -> Type {
    ThingIdentity::block().implied_type()
}

pub fn sent(value: &Value, ty: &Type) -> Option<pb::DynamicValue> {
    Some(pb::DynamicValue {
        msgpack: msgpack::encode(value, ty).expect("a value of the type"),
        json: Vec::new(),
    })
}

pub fn got(value: Option<&pb::DynamicValue>, ty: &Type) -> Value {
    value.map_or(Value::Null, |value| {
        msgpack::decode(&value.msgpack, ty).expect("a value of the type")
    })
}

pub fn sent_identity(identity: Option<&Value>) -> Option<pb::ResourceIdentityData> {
    identity.map(|identity| pb::ResourceIdentityData {
        identity_data: sent(identity, &identity_ty()),
    })
}

pub fn got_identity(identity: Option<&pb::ResourceIdentityData>) -> Option<Value> {
    identity.map(|identity| got(identity.identity_data.as_ref(), &identity_ty()))
}

/// An identity as [`Rogue::default`] makes it.
pub fn identity(name: &str) -> Value {
    ThingIdentity::named(name).to_value()
}

impl Rig {
    /// A configured provider in which bugs that the server mends are only logged, as for users.
    pub async fn new(rogue: Rogue) -> Self {
        Self::configured(rogue, false, Value::Null).await
    }

    /// A configured provider in which they are errors, as in tests.
    pub async fn strict(rogue: Rogue) -> Self {
        Self::configured(rogue, true, Value::Null).await
    }

    /// A provider whose block is not known yet.
    pub async fn unknown(rogue: Rogue) -> Self {
        Self::configured(rogue, false, Value::Unknown).await
    }

    async fn configured(rogue: Rogue, strict: bool, token: Value) -> Self {
        let rig = Self::bare(rogue, strict);
        rig.configure(token).await.fine();
        rig
    }

    /// A provider that was not configured.
    pub fn bare(rogue: Rogue, strict: bool) -> Self {
        let provider = RogueProvider(Mutex::new(Some(rogue)));
        Self {
            service: Service::with_strictness(provider, Handlers::new(), strict),
        }
    }

    pub async fn configure(&self, token: Value) -> Said {
        let config = sent(&Value::map([("token", token)]), &RogueConfig::block().implied_type());
        let request = pb::configure::Request {
            config,
            ..Default::default()
        };
        Said(
            self.service
                .configure(Request::new(request))
                .await
                .expect("an answer")
                .into_inner()
                .diagnostics,
        )
    }

    pub async fn stop(&self) {
        let answer = self
            .service
            .stop(Request::new(pb::stop::Request {}))
            .await
            .expect("an answer")
            .into_inner();
        assert_eq!(answer.error, "");
    }

    pub async fn plan(&self, ask: Ask) -> PlanAnswer {
        let request = pb::plan_resource_change::Request {
            type_name: THING.to_owned(),
            prior_state: sent(&ask.prior, &ty()),
            proposed_new_state: sent(&ask.config, &ty()),
            config: sent(&ask.config, &ty()),
            prior_private: ask.private,
            prior_identity: sent_identity(ask.identity.as_ref()),
            ..Default::default()
        };
        let raw = self
            .service
            .plan_resource_change(Request::new(request))
            .await
            .expect("an answer")
            .into_inner();
        PlanAnswer {
            planned: got(raw.planned_state.as_ref(), &ty()),
            private: raw.planned_private.clone(),
            identity: got_identity(raw.planned_identity.as_ref()),
            replaces: raw.requires_replace.iter().map(path_text).collect(),
            said: Said(raw.diagnostics.clone()),
            raw,
        }
    }

    pub async fn apply(&self, ask: &Ask, planned: &Value, private: Vec<u8>, identity: Option<Value>) -> StateAnswer {
        let request = pb::apply_resource_change::Request {
            type_name: THING.to_owned(),
            prior_state: sent(&ask.prior, &ty()),
            planned_state: sent(planned, &ty()),
            config: sent(&ask.config, &ty()),
            planned_private: private,
            provider_meta: None,
            planned_identity: sent_identity(identity.as_ref()),
        };
        let raw = self
            .service
            .apply_resource_change(Request::new(request))
            .await
            .expect("an answer")
            .into_inner();
        assert!(!raw.legacy_type_system);
        StateAnswer {
            state: got(raw.new_state.as_ref(), &ty()),
            private: raw.private,
            identity: got_identity(raw.new_identity.as_ref()),
            said: Said(raw.diagnostics),
        }
    }

    /// Plans, and applies what was planned.
    pub async fn change(&self, ask: Ask) -> StateAnswer {
        let plan = self.plan(ask.clone()).await;
        plan.said.fine();
        self.apply(&ask, &plan.planned, plan.private, plan.identity).await
    }

    pub async fn read(&self, state: &Value, private: Vec<u8>, identity: Option<Value>) -> StateAnswer {
        let request = pb::read_resource::Request {
            type_name: THING.to_owned(),
            current_state: sent(state, &ty()),
            private,
            current_identity: sent_identity(identity.as_ref()),
            ..Default::default()
        };
        let raw = self
            .service
            .read_resource(Request::new(request))
            .await
            .expect("an answer")
            .into_inner();
        assert!(raw.deferred.is_none());
        StateAnswer {
            state: got(raw.new_state.as_ref(), &ty()),
            private: raw.private,
            identity: got_identity(raw.new_identity.as_ref()),
            said: Said(raw.diagnostics),
        }
    }

    pub async fn import(&self, id: &str, identity: Option<Value>) -> StateAnswer {
        let request = pb::import_resource_state::Request {
            type_name: THING.to_owned(),
            id: id.to_owned(),
            identity: sent_identity(identity.as_ref()),
            ..Default::default()
        };
        let mut raw = self
            .service
            .import_resource_state(Request::new(request))
            .await
            .expect("an answer")
            .into_inner();
        assert!(raw.imported_resources.len() <= 1 && raw.deferred.is_none());
        let imported = raw.imported_resources.pop().unwrap_or_default();
        StateAnswer {
            state: got(imported.state.as_ref(), &ty()),
            private: imported.private,
            identity: got_identity(imported.identity.as_ref()),
            said: Said(raw.diagnostics),
        }
    }

    pub async fn validate(&self, config: &Value, write_only_attributes_allowed: bool) -> Said {
        let request = pb::validate_resource_type_config::Request {
            type_name: THING.to_owned(),
            config: sent(config, &ty()),
            client_capabilities: Some(pb::ClientCapabilities {
                write_only_attributes_allowed,
                deferral_allowed: false,
            }),
        };
        let answer = self
            .service
            .validate_resource_type_config(Request::new(request))
            .await
            .expect("an answer");
        Said(answer.into_inner().diagnostics)
    }
}

/// A path as one would write it.
pub fn path_text(path: &pb::AttributePath) -> String {
    use pb::attribute_path::step::Selector;
    let steps: Vec<String> = path
        .steps
        .iter()
        .map(|step| match step.selector.as_ref().expect("a selector") {
            Selector::AttributeName(name) => name.clone(),
            Selector::ElementKeyString(key) => format!("[{key:?}]"),
            Selector::ElementKeyInt(index) => format!("[{index}]"),
        })
        .collect();
    steps.join(".")
}

/// The mark in private state.
pub fn mark(private: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(private).unwrap_or_default();
    json["mark"].as_str().unwrap_or_default().to_owned()
}
