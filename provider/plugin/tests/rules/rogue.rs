//! A resource without manners: each of its methods is what a test makes of it, and its models are bare values, so that it
//! can return what no derived model could.

use async_trait::async_trait;
use terraform_plugin::server::AnyResource;
use terraform_plugin::{
    Configured, Context, Live, Lookup, MovedState, Owned, PlanContext, PlanMark, Planned, Provider, Resource, Warnings,
    any,
};
use terraform_schema::schema::{Attribute, Members, NestedBlock, Semantics};
use terraform_schema::{
    AttributePath, Block, Diagnostic, Diagnostics, Model, Nesting, Plan, Schema, Seen, Type, Value, View,
};

/// An object as it comes, known or not.
#[derive(Clone, Debug)]
pub struct Thing(pub Value);

impl Model for Thing {
    const NAME: &'static str = "rogue_thing";
    const VERSION: i64 = 2;

    fn block() -> Block {
        let attribute = |name: &str, ty| Attribute {
            name: name.to_owned(),
            remote: Some(name.to_owned()),
            required: false,
            ..Attribute::new(ty, Semantics::EXACT)
        };
        let part = NestedBlock {
            name: "part".to_owned(),
            nesting: Nesting::List,
            required: false,
            requires_replace: false,
            update_class: None,
            remote: Some("part".to_owned()),
            block: Block {
                attributes: vec![
                    Attribute {
                        required: true,
                        ..attribute("kind", Type::String)
                    },
                    Attribute {
                        optional: true,
                        write_only: true,
                        ..attribute("pin", Type::String)
                    },
                ],
                ..Block::default()
            },
        };
        Block {
            attributes: vec![
                Attribute {
                    required: true,
                    requires_replace: true,
                    ..attribute("name", Type::String)
                },
                Attribute {
                    optional: true,
                    ..attribute("size", Type::Number)
                },
                Attribute {
                    optional: true,
                    computed: true,
                    ..attribute("note", Type::String)
                },
                Attribute {
                    optional: true,
                    write_only: true,
                    ..attribute("secret", Type::String)
                },
                Attribute {
                    computed: true,
                    ..attribute("fact", Type::String)
                },
            ],
            blocks: vec![part],
            ..Block::default()
        }
    }

    fn decode_members(object: &Value, _: &AttributePath, _: &mut Diagnostics) -> Option<Self> {
        Some(Self(object.clone()))
    }

    fn encode_members(&self, members: &mut Members) {
        members.extend(self.0.as_map().cloned().unwrap_or_default());
    }
}

/// Which thing.
#[derive(Clone, Debug, Schema)]
#[schema(version = 1)]
pub struct ThingIdentity {
    /// Its name.
    pub name: String,
    /// Its realm; an import may leave it out.
    pub realm: Option<String>,
}

impl ThingIdentity {
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            realm: Some("here".to_owned()),
        }
    }
}

/// [`Resource::modify_plan`] as a function.
pub type ModifyPlan = fn(&mut Plan, &PlanContext<'_, ()>) -> Diagnostics;
/// [`Resource::check_plan`].
pub type CheckPlan = fn(&Plan, &Context<'_, ()>) -> Diagnostics;
/// [`Resource::create`] and [`Resource::update`].
pub type Write = fn(&Planned<Thing>, &Context<'_, ()>) -> Result<Value, Diagnostics>;
/// [`Resource::read`].
pub type Find = fn(Lookup<Thing, ThingIdentity>, &Context<'_, ()>) -> Result<Option<Value>, Diagnostics>;
/// [`Resource::delete`].
pub type Delete = fn(PlanMark, &Context<'_, ()>) -> Result<(), Diagnostics>;

/// The resource. [`Rogue::default`] behaves.
pub struct Rogue {
    pub validate: fn(View<'_>) -> Diagnostics,
    pub modify_plan: ModifyPlan,
    pub check_plan: CheckPlan,
    pub plan_destroy: fn(View<'_>) -> Diagnostics,
    pub create: Write,
    pub update: Write,
    pub settle: fn(Value) -> Result<Value, Diagnostics>,
    /// Waits for Terraform's wish to stop before it settles.
    pub waits: bool,
    pub read: Find,
    pub delete: Delete,
    pub identity: fn(&Value) -> ThingIdentity,
}

impl Default for Rogue {
    fn default() -> Self {
        Self {
            validate: |_| Diagnostics::new(),
            modify_plan: |_, _| Diagnostics::new(),
            check_plan: |_, _| Diagnostics::new(),
            plan_destroy: |_| Diagnostics::new(),
            create: |planned, _| Ok(made(&planned.model.0)),
            update: |planned, _| Ok(made(&planned.model.0)),
            settle: Ok,
            waits: false,
            read: |lookup, _| {
                Ok(Some(match lookup {
                    Lookup::Known(known) => known.0,
                    Lookup::Import(identity) => made(&thing(&[("name", identity.name.as_str().into())])),
                }))
            },
            delete: |_, _| Ok(()),
            identity: |state| ThingIdentity::named(state.member("name").as_str().unwrap_or("?")),
        }
    }
}

/// A thing in which only these are set.
pub fn thing(set: &[(&str, Value)]) -> Value {
    let Value::Map(mut members) = Thing::block().empty_value() else {
        unreachable!("a block is an object")
    };
    members.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(members)
}

/// The same with other members.
pub fn with(value: &Value, set: &[(&str, Value)]) -> Value {
    let mut members = value.as_map().expect("an object").clone();
    members.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(members)
}

/// A thing with everything decided that was open.
pub fn made(planned: &Value) -> Value {
    let decided = |name: &str, value: Value| match planned.member(name) {
        Value::Unknown | Value::Null => value,
        known => known.clone(),
    };
    with(
        planned,
        &[
            ("fact", decided("fact", "made".into())),
            ("note", decided("note", "noted".into())),
        ],
    )
}

/// An error with that text.
pub fn error(text: &str) -> Diagnostics {
    Diagnostic::error(text).into()
}

#[async_trait]
impl Resource for Rogue {
    type Data = ();
    type Model = Thing;
    type Identity = ThingIdentity;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        (self.validate)(config)
    }

    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, ()>) -> Diagnostics {
        (self.modify_plan)(plan, cx)
    }

    async fn check_plan(&self, plan: &Plan, cx: &Context<'_, ()>) -> Diagnostics {
        (self.check_plan)(plan, cx)
    }

    fn plan_destroy(&self, prior: View<'_>, _: &PlanContext<'_, ()>) -> Diagnostics {
        (self.plan_destroy)(prior)
    }

    async fn create(&self, planned: &Planned<Thing>, cx: &Context<'_, ()>) -> Result<Thing, Diagnostics> {
        (self.create)(planned, cx).map(Thing)
    }

    async fn read(
        &self,
        lookup: Lookup<Thing, ThingIdentity>,
        cx: &Context<'_, ()>,
    ) -> Result<Option<Live<Thing>>, Diagnostics> {
        let found = (self.read)(lookup, cx)?;
        Ok(found.map(|value| Live {
            model: Thing(value),
            owned: Owned::All,
        }))
    }

    async fn update(&self, planned: &Planned<Thing>, _: Thing, cx: &Context<'_, ()>) -> Result<Thing, Diagnostics> {
        (self.update)(planned, cx).map(Thing)
    }

    async fn settle(&self, written: Thing, _: &Planned<Thing>, cx: &Context<'_, ()>) -> Result<Thing, Diagnostics> {
        if self.waits {
            cx.stop.cancelled().await;
        }
        (self.settle)(written.0).map(Thing)
    }

    async fn delete(&self, _: Thing, mark: PlanMark, cx: &Context<'_, ()>) -> Result<(), Diagnostics> {
        (self.delete)(mark, cx)
    }

    fn identity(&self, model: &Thing) -> ThingIdentity {
        (self.identity)(&model.0)
    }

    fn parse_import_id(&self, id: &str, _: &PlanContext<'_, ()>) -> Result<ThingIdentity, Diagnostics> {
        if id.is_empty() {
            Err(error("Give a name"))
        } else {
            Ok(ThingIdentity::named(id))
        }
    }

    fn upgrade(&self, version: i64, stored: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        if version == 0 {
            return Err(error("Too old"));
        }
        // Version 1 called the name `title`.
        Ok(serde_json::json!({"name": stored["title"], "size": stored["size"]}))
    }

    fn move_from(&self, source: &MovedState) -> Result<Option<Thing>, Diagnostics> {
        if source.type_name != "other_thing" {
            return Ok(None);
        }
        let name = source.state["title"].as_str().ok_or_else(|| error("It has no title"))?;
        Ok(Some(Thing(Value::map([
            ("name", Value::string(name)),
            ("secret", "leaked".into()),
        ]))))
    }
}

/// The provider of that one resource.
pub struct RogueProvider(pub std::sync::Mutex<Option<Rogue>>);

/// The provider block.
#[derive(Clone, Debug, Schema)]
#[schema(name = "rogue")]
pub struct RogueConfig {
    /// A word. `wrong` is refused, `panic` panics.
    pub token: Option<String>,
}

impl Provider for RogueProvider {
    type Config = RogueConfig;
    type Data = ();

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![any(self.0.lock().expect("no panic").take().expect("asked once"))]
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        if config.at("token").text() == Some("odd") {
            Diagnostic::warning("Odd token").into()
        } else {
            Diagnostics::new()
        }
    }

    fn configure(&self, config: View<'_>, _: &Warnings) -> Result<Configured<()>, Diagnostics> {
        match config.at("token").get::<String>() {
            Seen::Unknown => Ok(Configured::Unknown(())),
            Seen::Known(token) if token == "wrong" => Err(error("Wrong token")),
            Seen::Known(token) => {
                assert_ne!(token, "panic", "a token of panic");
                Ok(Configured::Known(()))
            }
            Seen::Null => Ok(Configured::Known(())),
        }
    }
}
