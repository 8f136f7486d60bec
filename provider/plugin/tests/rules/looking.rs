//! Data sources: one without manners, whose methods are what a test makes of them, and whose models are bare values.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_plugin::server::{AnyDataSource, AnyResource};
use terraform_plugin::{Configured, Context, DataSource, Handlers, Provider, Service, Warnings, any_data_source};
use terraform_schema::schema::{Attribute, Members, NestedBlock, Semantics};
use terraform_schema::{
    AttributePath, Block, Diagnostic, Diagnostics, Model, Nesting, Schema, Seen, Type, Value, View,
};
use tonic::Request;

use crate::rig::{Said, got, sent};
use crate::rogue::{error, with};

/// What is seen, known or not.
#[derive(Clone, Debug)]
struct Sight(Value);

impl Model for Sight {
    const NAME: &'static str = "tower_sight";
    const VERSION: i64 = 0;

    fn block() -> Block {
        let attribute = |name: &str, optional: bool, computed: bool| Attribute {
            name: name.to_owned(),
            required: !optional && !computed,
            optional,
            computed,
            ..Attribute::new(Type::String, Semantics::EXACT)
        };
        let part = NestedBlock {
            name: "part".to_owned(),
            nesting: Nesting::List,
            required: false,
            requires_replace: false,
            update_class: None,
            remote: None,
            block: Block {
                attributes: vec![attribute("kind", false, false)],
                ..Block::default()
            },
        };
        Block {
            attributes: vec![
                attribute("name", false, false),
                attribute("label", true, false),
                attribute("note", true, true),
                attribute("fact", false, true),
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

type Look = fn(Value, &Context<'_, ()>) -> Result<Value, Diagnostics>;

struct Lookout {
    read: Look,
    /// Never comes to an end by itself.
    waits: bool,
}

#[async_trait]
impl DataSource for Lookout {
    type Data = ();
    type Model = Sight;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        match config.at("name").text() {
            Some("fog") => error("Nothing can be seen"),
            _ => Diagnostics::new(),
        }
    }

    async fn read(&self, config: Sight, cx: &Context<'_, ()>) -> Result<Sight, Diagnostics> {
        if self.waits {
            std::future::pending::<()>().await;
        }
        (self.read)(config.0, cx).map(Sight)
    }
}

struct Tower(Mutex<Option<Lookout>>);

/// The tower that the lookout stands on.
#[derive(Clone, Debug, Schema)]
#[schema(name = "tower")]
struct TowerConfig {
    /// How high it is.
    height: Option<i64>,
}

impl Provider for Tower {
    type Config = TowerConfig;
    type Data = ();

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        Vec::new()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<()>>> {
        vec![any_data_source(
            self.0.lock().expect("no panic").take().expect("asked once"),
        )]
    }

    fn configure(&self, config: View<'_>, _: &Warnings) -> Result<Configured<()>, Diagnostics> {
        Ok(match config.at("height").get::<i64>() {
            Seen::Unknown => Configured::Unknown(()),
            Seen::Known(_) | Seen::Null => Configured::Known(()),
        })
    }
}

struct Rig(Service<Tower>);

impl Rig {
    async fn new(lookout: Lookout, strict: bool, height: Value) -> Self {
        let rig = Self::bare(lookout, strict);
        let config = sent(&Value::map([("height", height)]), &TowerConfig::block().implied_type());
        let request = pb::configure::Request {
            config,
            ..Default::default()
        };
        let answer = rig.0.configure(Request::new(request)).await.expect("an answer");
        Said(answer.into_inner().diagnostics).fine();
        rig
    }

    fn bare(lookout: Lookout, strict: bool) -> Self {
        let tower = Tower(Mutex::new(Some(lookout)));
        Self(Service::with_strictness(tower, Handlers::new(), strict))
    }

    async fn reading(read: Look) -> Self {
        Self::new(Lookout { read, waits: false }, true, Value::Null).await
    }

    async fn read(&self, config: &Value) -> (Value, Said) {
        let request = pb::read_data_source::Request {
            type_name: Sight::NAME.to_owned(),
            config: sent(config, &ty()),
            ..Default::default()
        };
        let answer = self.0.read_data_source(Request::new(request)).await.expect("an answer");
        let answer = answer.into_inner();
        assert!(answer.deferred.is_none());
        (got(answer.state.as_ref(), &ty()), Said(answer.diagnostics))
    }

    async fn validate(&self, config: &Value) -> Said {
        let request = pb::validate_data_source_config::Request {
            type_name: Sight::NAME.to_owned(),
            config: sent(config, &ty()),
        };
        let answer = self.0.validate_data_source_config(Request::new(request)).await;
        Said(answer.expect("an answer").into_inner().diagnostics)
    }
}

fn ty() -> Type {
    Sight::block().implied_type()
}

fn config(set: &[(&str, Value)]) -> Value {
    let Value::Map(members) = Sight::block().empty_value() else {
        unreachable!("a block is an object")
    };
    with(&Value::Map(members), set)
}

fn ship() -> Value {
    let part = Value::List(vec![Value::map([("kind", "sail".into())])]);
    config(&[("name", "ship".into()), ("part", part)])
}

#[tokio::test]
async fn what_is_found_stands_beside_the_configuration() {
    let rig = Rig::reading(|config, cx| {
        cx.warn(Diagnostic::warning("Haze"));
        Ok(with(&config, &[("fact", "at anchor".into()), ("note", "far".into())]))
    })
    .await;
    let (found, said) = rig.read(&ship()).await;
    said.fine();
    assert!(said.warnings().contains("Haze"));
    assert_eq!(
        found,
        with(&ship(), &[("fact", "at anchor".into()), ("note", "far".into())])
    );
}

#[tokio::test]
async fn it_is_listed_with_its_schema() {
    let rig = Rig::bare(
        Lookout {
            read: |_, _| Err(error("")),
            waits: false,
        },
        true,
    );
    let metadata = rig.0.get_metadata(Request::new(pb::get_metadata::Request {})).await;
    let listed = metadata.expect("an answer").into_inner().data_sources;
    assert_eq!(listed[0].type_name, Sight::NAME);
    let schema = rig
        .0
        .get_schema(Request::new(pb::get_provider_schema::Request {}))
        .await;
    let schema = schema.expect("an answer").into_inner();
    Said(schema.diagnostics).fine();
    let block = schema.data_source_schemas[Sight::NAME].block.clone().expect("a block");
    assert_eq!((block.attributes.len(), block.block_types.len()), (4, 1));
}

#[tokio::test]
async fn a_configuration_is_checked_and_unknown_values_pass() {
    let rig = Rig::reading(|_, _| Err(error("not asked for"))).await;
    rig.validate(&ship()).await.fine();
    rig.validate(&config(&[("name", Value::Unknown)])).await.fine();
    rig.validate(&config(&[("name", "fog".into())]))
        .await
        .refused(&["Nothing can be seen"]);
}

#[tokio::test]
async fn what_the_configuration_decides_stays_and_nothing_is_unknown() {
    let rogue: Look = |config, _| {
        Ok(with(
            &config,
            &[
                ("name", "boat".into()),
                ("label", "mine".into()),
                ("part", Value::List(Vec::new())),
                ("fact", Value::Unknown),
            ],
        ))
    };
    let lenient = Rig::new(
        Lookout {
            read: rogue,
            waits: false,
        },
        false,
        Value::Null,
    )
    .await;
    let (found, said) = lenient.read(&ship()).await;
    said.fine();
    assert_eq!(found, ship());
    let (_, said) = Rig::reading(rogue).await.read(&ship()).await;
    said.refused(&["`name`", "`label`", "`part`", "`fact`", "unknown"]);
}

#[tokio::test]
async fn errors_and_panics_are_said() {
    let (found, said) = Rig::reading(|_, cx| {
        cx.warn(Diagnostic::warning("Haze"));
        Err(error("No ship"))
    })
    .await
    .read(&ship())
    .await;
    said.refused(&["No ship"]);
    assert!(found.is_null() && said.warnings().contains("Haze"));
    let (_, said) = Rig::reading(|_, _| panic!("fell asleep")).await.read(&ship()).await;
    said.refused(&["ReadDataSource panicked", "fell asleep"]);
    let bare = Rig::bare(
        Lookout {
            read: |_, _| Err(error("")),
            waits: false,
        },
        true,
    );
    let (_, said) = bare.read(&ship()).await;
    said.refused(&["not configured"]);
}

#[tokio::test]
async fn a_provider_block_that_is_not_known_yet_is_an_error_with_the_way_out() {
    let lookout = Lookout {
        read: |_, _| Err(error("not asked for")),
        waits: false,
    };
    let (_, said) = Rig::new(lookout, true, Value::Unknown).await.read(&ship()).await;
    said.refused(&["not known yet", "`depends_on`"]);
}

#[tokio::test]
async fn stop_breaks_a_read_off() {
    let lookout = Lookout {
        read: |_, _| Err(error("not asked for")),
        waits: true,
    };
    let rig = Rig::new(lookout, true, Value::Null).await;
    let stop = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        rig.0.stop(Request::new(pb::stop::Request {})).await.expect("an answer");
    };
    let sight = ship();
    let ((_, said), ()) = tokio::join!(rig.read(&sight), stop);
    said.refused(&["Stopped on request"]);
}
