//! Actions and list resources: ones without manners, whose methods are what a test makes of them.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_plugin::server::{AnyAction, AnyListResource, AnyResource};
use terraform_plugin::{
    Action, Configured, Context, Found, Handlers, ListResource, Listed, Live, Lookup, PlanContext, PlanMark, Planned,
    Provider, Resource, Service, Warnings, any, any_action, any_list_resource,
};
use terraform_schema::{Computed, Diagnostic, Diagnostics, Model, Schema, Seen, Type, Value, View};
use tonic::Request;

use crate::rig::{Said, got, sent};
use crate::rogue::error;

/// A boat in the harbour.
#[derive(Clone, Debug, PartialEq, Schema)]
#[schema(name = "harbour_boat", version = 0)]
struct Boat {
    /// Its name.
    name: String,
    /// Where it is moored.
    berth: Computed<String>,
}

/// Which boat.
#[derive(Clone, Debug, Schema)]
#[schema(name = "harbour_boat", version = 0)]
struct BoatIdentity {
    /// Its name.
    name: String,
}

/// Which boats.
#[derive(Clone, Debug, Schema)]
#[schema(name = "harbour_boat", version = 0)]
struct Boats {
    /// What their names begin with.
    prefix: Option<String>,
}

/// Sounds the horn.
#[derive(Clone, Debug, Schema)]
#[schema(name = "harbour_horn", version = 0)]
struct Horn {
    /// How often.
    times: i64,
}

struct Moored;

#[async_trait]
impl Resource for Moored {
    type Data = ();
    type Model = Boat;
    type Identity = BoatIdentity;

    async fn create(&self, _: &Planned<Boat>, _: &Context<'_, ()>) -> Result<Boat, Diagnostics> {
        Err(error("not asked for"))
    }

    async fn read(
        &self,
        _: Lookup<Boat, BoatIdentity>,
        _: &Context<'_, ()>,
    ) -> Result<Option<Live<Boat>>, Diagnostics> {
        Err(error("not asked for"))
    }

    async fn update(&self, _: &Planned<Boat>, _: Boat, _: &Context<'_, ()>) -> Result<Boat, Diagnostics> {
        Err(error("not asked for"))
    }

    async fn delete(&self, _: Boat, _: PlanMark, _: &Context<'_, ()>) -> Result<(), Diagnostics> {
        Err(error("not asked for"))
    }

    fn identity(&self, model: &Boat) -> BoatIdentity {
        BoatIdentity {
            name: model.name.clone(),
        }
    }

    fn parse_import_id(&self, _: &str, _: &PlanContext<'_, ()>) -> Result<BoatIdentity, Diagnostics> {
        Err(error("not asked for"))
    }
}

/// What the boats and the horn do.
#[derive(Clone, Copy, Default)]
enum Habit {
    /// What they should.
    #[default]
    Good,
    Fails,
    Panics,
    /// Never comes to an end by itself.
    Waits,
}

impl Habit {
    async fn indulge(self, cx: &Context<'_, ()>) -> Result<(), Diagnostics> {
        match self {
            Self::Good => Ok(()),
            Self::Fails => Err(error("Fog")),
            Self::Panics => {
                assert!(std::hint::black_box(false), "fell overboard");
                Ok(())
            }
            Self::Waits => {
                cx.stop.cancelled().await;
                Err(error("Stopped on request"))
            }
        }
    }
}

struct Inventory(Habit);

#[async_trait]
impl ListResource for Inventory {
    type Data = ();
    type Config = Boats;
    type Model = Boat;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        match config.at("prefix").text() {
            Some("ghost") => error("No ghost ships"),
            _ => Diagnostics::new(),
        }
    }

    async fn list(&self, config: Boats, found: Found<Boat>, cx: &Context<'_, ()>) -> Result<(), Diagnostics> {
        for number in 1.. {
            let name = format!("{}{number}", config.prefix.as_deref().unwrap_or("boat-"));
            let listed = Listed {
                display_name: format!("the {name}"),
                model: Boat {
                    name,
                    berth: Computed::from(number.to_string()),
                },
            };
            if let ControlFlow::Break(()) = found.push(listed).await {
                break;
            }
            if number == 2 {
                cx.warn(Diagnostic::warning("Haze"));
                self.0.indulge(cx).await?;
            }
            // Whoever goes on for ever must be stopped by what is wanted.
            assert!(number < 1000, "nobody said that it is enough");
        }
        Ok(())
    }
}

struct Sound(Habit);

#[async_trait]
impl Action for Sound {
    type Data = ();
    type Model = Horn;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        match config.at("times").get::<i64>() {
            Seen::Known(times) if times > 3 => error("Too loud"),
            _ => Diagnostics::new(),
        }
    }

    async fn invoke(&self, config: Horn, cx: &Context<'_, ()>) -> Result<(), Diagnostics> {
        assert!(cx.is_action());
        for time in 1..=config.times {
            cx.progress().tell(format!("toot {time}"));
        }
        cx.warn(Diagnostic::warning("Haze"));
        self.0.indulge(cx).await
    }
}

/// The harbour.
#[derive(Clone, Debug, Schema)]
#[schema(name = "harbour")]
struct HarbourConfig {
    /// How deep it is.
    depth: Option<i64>,
}

struct Harbour(Mutex<Habit>);

impl Provider for Harbour {
    type Config = HarbourConfig;
    type Data = ();

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![any(Moored)]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<()>>> {
        vec![any_list_resource(Inventory(*self.0.lock().expect("no panic")))]
    }

    fn actions(&self) -> Vec<Box<dyn AnyAction<()>>> {
        vec![any_action(Sound(*self.0.lock().expect("no panic")))]
    }

    fn configure(&self, config: View<'_>, _: &Warnings) -> Result<Configured<()>, Diagnostics> {
        Ok(match config.at("depth").get::<i64>() {
            Seen::Unknown => Configured::Unknown(()),
            Seen::Known(_) | Seen::Null => Configured::Known(()),
        })
    }
}

struct Rig(Service<Harbour>);

/// What a list found: identity, name, object.
type Boarded = (Value, String, Option<Value>);

impl Rig {
    async fn new(habit: Habit, depth: Value) -> Self {
        let rig = Self::bare(habit);
        let config = sent(&Value::map([("depth", depth)]), &HarbourConfig::block().implied_type());
        let request = pb::configure::Request {
            config,
            ..Default::default()
        };
        let answer = rig.0.configure(Request::new(request)).await.expect("an answer");
        Said(answer.into_inner().diagnostics).fine();
        rig
    }

    fn bare(habit: Habit) -> Self {
        let harbour = Harbour(Mutex::new(habit));
        Self(Service::with_strictness(harbour, Handlers::new(), true))
    }

    async fn list(&self, config: Option<Value>, limit: i64, objects: bool) -> (Vec<Boarded>, Said) {
        let request = pb::list_resource::Request {
            type_name: Boats::NAME.to_owned(),
            config: sent(&config.unwrap_or(Value::Null), &Boats::block().implied_type()),
            include_resource_object: objects,
            limit,
        };
        let answer = self.0.list_resource(Request::new(request)).await.expect("an answer");
        let mut events = answer.into_inner();
        let (mut found, mut said) = (Vec::new(), Said::default());
        while let Some(event) = events.next().await {
            let event = event.expect("an event");
            let is_empty = event.diagnostic.is_empty();
            said.0.extend(event.diagnostic);
            if let Some(identity) = event.identity {
                let identity = got(identity.identity_data.as_ref(), &BoatIdentity::block().implied_type());
                let object = event
                    .resource_object
                    .as_ref()
                    .map(|object| got(Some(object), &boat_ty()));
                found.push((identity, event.display_name, object));
            } else {
                assert!(!is_empty, "an event without identity says something");
            }
        }
        (found, said)
    }

    async fn invoke(&self, times: i64) -> (Vec<String>, Said) {
        let request = pb::invoke_action::Request {
            action_type: Horn::NAME.to_owned(),
            config: sent(&horn(Value::from(times)), &Horn::block().implied_type()),
            ..Default::default()
        };
        let answer = self.0.invoke_action(Request::new(request)).await.expect("an answer");
        let mut events = answer.into_inner();
        let (mut told, mut completed) = (Vec::new(), None);
        while let Some(event) = events.next().await {
            assert!(completed.is_none(), "the last event is the last");
            match event.expect("an event").r#type.expect("a type") {
                pb::invoke_action::event::Type::Progress(progress) => told.push(progress.message),
                pb::invoke_action::event::Type::Completed(last) => completed = Some(Said(last.diagnostics)),
            }
        }
        (told, completed.expect("the action was completed"))
    }

    async fn validate_action(&self, times: Value) -> [Said; 2] {
        let config = || sent(&horn(times.clone()), &Horn::block().implied_type());
        let validate = pb::validate_action_config::Request {
            action_type: Horn::NAME.to_owned(),
            config: config(),
        };
        let plan = pb::plan_action::Request {
            action_type: Horn::NAME.to_owned(),
            config: config(),
            ..Default::default()
        };
        let validated = self.0.validate_action_config(Request::new(validate)).await;
        let planned = self
            .0
            .plan_action(Request::new(plan))
            .await
            .expect("an answer")
            .into_inner();
        assert!(planned.deferred.is_none());
        [
            Said(validated.expect("an answer").into_inner().diagnostics),
            Said(planned.diagnostics),
        ]
    }

    async fn validate_list(&self, prefix: Value) -> Said {
        let request = pb::validate_list_resource_config::Request {
            type_name: Boats::NAME.to_owned(),
            config: sent(&prefixed(prefix), &Boats::block().implied_type()),
            ..Default::default()
        };
        let answer = self.0.validate_list_resource_config(Request::new(request)).await;
        Said(answer.expect("an answer").into_inner().diagnostics)
    }
}

fn boat_ty() -> Type {
    Boat::block().implied_type()
}

fn horn(times: Value) -> Value {
    Value::map([("times", times)])
}

fn prefixed(prefix: Value) -> Value {
    Value::map([("prefix", prefix)])
}

#[tokio::test]
async fn they_are_listed_with_their_schemas() {
    let rig = Rig::bare(Habit::Good);
    let metadata = rig.0.get_metadata(Request::new(pb::get_metadata::Request {})).await;
    let metadata = metadata.expect("an answer").into_inner();
    assert_eq!(metadata.actions[0].type_name, Horn::NAME);
    assert_eq!(metadata.list_resources[0].type_name, Boats::NAME);
    let schema = rig
        .0
        .get_schema(Request::new(pb::get_provider_schema::Request {}))
        .await;
    let schema = schema.expect("an answer").into_inner();
    Said(schema.diagnostics).fine();
    let horn = schema.action_schemas[Horn::NAME]
        .schema
        .as_ref()
        .and_then(|schema| schema.block.as_ref());
    assert_eq!(horn.expect("a block").attributes[0].name, "times");
    let boats = schema.list_resource_schemas[Boats::NAME].block.as_ref();
    assert_eq!(boats.expect("a block").attributes[0].name, "prefix");
}

#[tokio::test]
async fn configurations_are_checked_and_unknown_values_pass() {
    let rig = Rig::bare(Habit::Good);
    for said in rig.validate_action(Value::Unknown).await {
        said.fine();
    }
    for said in rig.validate_action(Value::from(4)).await {
        said.refused(&["Too loud"]);
    }
    rig.validate_list(Value::Unknown).await.fine();
    rig.validate_list("ghost".into()).await.refused(&["No ghost ships"]);
}

#[tokio::test]
async fn a_list_has_as_many_as_are_wanted_and_objects_where_they_are_wanted() {
    let rig = Rig::new(Habit::Good, Value::Null).await;
    let (found, said) = rig.list(None, 3, true).await;
    said.fine();
    assert!(said.warnings().contains("Haze"));
    let names: Vec<_> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["the boat-1", "the boat-2", "the boat-3"]);
    assert_eq!(found[0].0, Value::map([("name", "boat-1".into())]));
    let object = found[0].2.as_ref().expect("an object");
    assert_eq!(
        (object.member("name"), object.member("berth")),
        (&"boat-1".into(), &"1".into())
    );
    let (found, _) = rig.list(Some(prefixed("tug-".into())), 1, false).await;
    assert_eq!(found[0].1, "the tug-1");
    assert_eq!((found.len(), &found[0].2), (1, &None));
}

/// What was found before something went wrong is no less true.
#[tokio::test]
async fn what_goes_wrong_in_a_list_is_its_last_event() {
    let (found, said) = Rig::new(Habit::Fails, Value::Null).await.list(None, 9, false).await;
    assert_eq!(found.len(), 2);
    said.refused(&["Fog"]);
    let (_, said) = Rig::new(Habit::Panics, Value::Null).await.list(None, 9, false).await;
    said.refused(&["ListResource panicked", "fell overboard"]);
    let (_, said) = Rig::new(Habit::Good, Value::Unknown).await.list(None, 9, false).await;
    said.refused(&["not known yet"]);
    let (_, said) = Rig::bare(Habit::Good).list(None, 9, false).await;
    said.refused(&["not configured"]);
}

/// Terraform goes away as soon as it has as many as it wants.
#[tokio::test]
async fn a_list_ends_when_nobody_listens() {
    let rig = Rig::new(Habit::Good, Value::Null).await;
    let request = pb::list_resource::Request {
        type_name: Boats::NAME.to_owned(),
        config: None,
        include_resource_object: false,
        limit: i64::MAX,
    };
    let answer = rig.0.list_resource(Request::new(request)).await.expect("an answer");
    let mut events = answer.into_inner();
    assert!(events.next().await.expect("an event").is_ok());
    drop(events);
    // The list would panic at its thousandth boat; the next call is answered all the same.
    let (found, said) = rig.list(None, 1, false).await;
    said.fine();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn an_action_tells_what_it_does_and_ends_with_its_outcome() {
    let rig = Rig::new(Habit::Good, Value::Null).await;
    let (told, said) = rig.invoke(2).await;
    assert_eq!(told, ["toot 1", "toot 2"]);
    said.fine();
    assert!(said.warnings().contains("Haze"));
    let (told, said) = rig.invoke(4).await;
    assert_eq!(told, Vec::<String>::new());
    said.refused(&["Too loud"]);
    let (told, said) = Rig::new(Habit::Fails, Value::Null).await.invoke(1).await;
    assert_eq!(told, ["toot 1"]);
    said.refused(&["Fog"]);
    assert!(said.warnings().contains("Haze"));
    let (_, said) = Rig::new(Habit::Panics, Value::Null).await.invoke(1).await;
    said.refused(&["InvokeAction panicked", "fell overboard"]);
    let (_, said) = Rig::new(Habit::Good, Value::Unknown).await.invoke(1).await;
    said.refused(&["not known yet"]);
}

#[tokio::test]
async fn stop_ends_both() {
    for is_action in [true, false] {
        let rig = Rig::new(Habit::Waits, Value::Null).await;
        let stop = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            rig.0.stop(Request::new(pb::stop::Request {})).await.expect("an answer");
        };
        let call = async {
            if is_action {
                rig.invoke(1).await.1
            } else {
                rig.list(None, 9, false).await.1
            }
        };
        let (said, ()) = tokio::join!(call, stop);
        said.refused(&["Stopped on request"]);
    }
}
