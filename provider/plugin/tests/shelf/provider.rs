//! A provider whose objects are files of a folder that the provider block names, so that several processes see the same
//! objects: boxes on a shelf. It has one of everything that a schema can have, and fails on demand.

mod model;
mod store;

use std::collections::BTreeSet;
use std::process::ExitCode;

use async_trait::async_trait;
use terraform_plugin::server::{AnyDataSource, AnyResource};
use terraform_plugin::{
    Configured, Context, DataSource, Live, Lookup, MovedState, Owned, PlanContext, PlanMark, Planned, Provider,
    Resource, Service, Warnings, any, any_data_source,
};
use terraform_schema::{
    AttributePath, Computed, Diagnostic, Diagnostics, Plan, Schema, Seen, UpdateClass, Value, View,
};

use model::{BoxIdentity, FoundBox, ShelfBox};
use store::{Store, Stored};

fn main() -> ExitCode {
    terraform_plugin::run("registry.terraform.io/example/shelf", |handlers| {
        Service::new(Shelf, handlers)
    })
}

struct Shelf;

/// The shelf that boxes stand on.
#[derive(Clone, Debug, Schema)]
#[schema(name = "shelf")]
struct ShelfConfig {
    /// Folder that holds one file for each box.
    directory: String,
}

impl Provider for Shelf {
    type Config = ShelfConfig;
    type Data = Store;

    fn resources(&self) -> Vec<Box<dyn AnyResource<Store>>> {
        vec![any(Boxes)]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Store>>> {
        vec![any_data_source(Lookout)]
    }

    fn configure(&self, config: View<'_>, _: &Warnings) -> Result<Configured<Store>, Diagnostics> {
        Ok(match config.at("directory").read::<String>()? {
            Seen::Known(directory) => Configured::Known(Store::at(directory)),
            Seen::Unknown | Seen::Null => Configured::Unknown(Store::at("nowhere")),
        })
    }
}

struct Lookout;

#[async_trait]
impl DataSource for Lookout {
    type Data = Store;
    type Model = FoundBox;

    async fn read(&self, config: FoundBox, cx: &Context<'_, Store>) -> Result<FoundBox, Diagnostics> {
        cx.data.log(&format!("look for {}", config.name))?;
        if cx.data.fault("look-wait").is_err() {
            std::future::pending::<()>().await;
        }
        let Some(stored) = cx.data.read(&config.name)? else {
            return Err(Diagnostic::error("No such box")
                .detail(format!("There is no box `{}` on the shelf.", config.name))
                .at(AttributePath::of(["name"]))
                .into());
        };
        let found = stored.model(&ShelfBox::named(&config.name));
        Ok(FoundBox {
            name: config.name,
            size: Computed(found.size),
            label: found.label.unwrap_or_default(),
            tags: Computed(found.tags),
            slots: found.slot.into(),
        })
    }
}

struct Boxes;

const UID: &str = "uid";

#[async_trait]
impl Resource for Boxes {
    type Data = Store;
    type Model = ShelfBox;
    type Identity = BoxIdentity;

    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, Store>) -> Diagnostics {
        // What did not settle is waited for again.
        if plan.prior().at("ready").get::<bool>() == Seen::Known(false) {
            plan.change(AttributePath::of(["ready"]), UpdateClass::Restart);
            plan.set("ready", Value::Unknown);
        }
        if plan
            .config()
            .at("size")
            .get::<i64>()
            .known()
            .is_some_and(|size| size > 500)
        {
            return Diagnostic::warning("Large box")
                .detail(format!("It is planned as `{}`.", cx.mark.as_str()))
                .at(AttributePath::of(["size"]))
                .into();
        }
        Diagnostics::new()
    }

    fn plan_destroy(&self, prior: View<'_>, _: &PlanContext<'_, Store>) -> Diagnostics {
        if prior.at("label").text() == Some("keep") {
            return Diagnostic::error("Box is kept")
                .detail("Change its label before you destroy it.")
                .into();
        }
        Diagnostics::new()
    }

    async fn create(&self, planned: &Planned<ShelfBox>, cx: &Context<'_, Store>) -> Result<ShelfBox, Diagnostics> {
        let name = &planned.model.name;
        if cx.data.read(name)?.is_some() {
            return Err(Diagnostic::error("Box exists already")
                .detail(format!("Import it: `terraform import shelf_box.<name> {name}`."))
                .into());
        }
        cx.data.fault("create")?;
        let stored = Stored::of(&planned.model, None);
        cx.data.write(&stored)?;
        cx.set_private(UID, Some(stored.uid.clone()));
        let mut written = stored.model(&planned.model);
        written.ready = false.into();
        cx.wrote(&written);
        cx.data.fault("after-create")?;
        Ok(written)
    }

    async fn read(
        &self,
        lookup: Lookup<ShelfBox, BoxIdentity>,
        cx: &Context<'_, Store>,
    ) -> Result<Option<Live<ShelfBox>>, Diagnostics> {
        cx.data.fault("read")?;
        let (name, known) = match &lookup {
            Lookup::Known(known) => (known.name.clone(), Some(known)),
            Lookup::Import(identity) => (identity.name.clone(), None),
        };
        let Some(stored) = cx.data.read(&name)? else {
            return Ok(None);
        };
        if cx.private(UID).is_some_and(|uid| uid != stored.uid) {
            return Ok(None);
        }
        cx.set_private(UID, Some(stored.uid.clone()));
        let mut model = stored.model(&ShelfBox::named(&name));
        model.ready = known.map_or(true.into(), |known| known.ready.clone());
        let owned = match known {
            None => Owned::All,
            Some(_) => Owned::Paths(BTreeSet::from([AttributePath::of(["size"])])),
        };
        Ok(Some(Live { model, owned }))
    }

    async fn update(
        &self,
        planned: &Planned<ShelfBox>,
        prior: ShelfBox,
        cx: &Context<'_, Store>,
    ) -> Result<ShelfBox, Diagnostics> {
        cx.data.fault("update")?;
        let before = cx.data.read(&prior.name)?;
        let stored = Stored::of(&planned.model, before.as_ref());
        cx.data.write(&stored)?;
        let mut written = stored.model(&planned.model);
        written.ready = false.into();
        Ok(written)
    }

    async fn settle(
        &self,
        mut written: ShelfBox,
        _: &Planned<ShelfBox>,
        cx: &Context<'_, Store>,
    ) -> Result<ShelfBox, Diagnostics> {
        cx.data.fault("settle")?;
        assert!(cx.data.fault("settle-panic").is_ok(), "the box fell off");
        if cx.data.fault("settle-wait").is_err() {
            cx.data.log("waiting")?;
            cx.stop.cancelled().await;
            return Err(Diagnostic::error("Interrupted")
                .detail("The box was written and did not settle.")
                .into());
        }
        written.ready = true.into();
        Ok(written)
    }

    async fn delete(&self, prior: ShelfBox, mark: PlanMark, cx: &Context<'_, Store>) -> Result<(), Diagnostics> {
        let private = if cx.private(UID).is_some() { "with" } else { "without" };
        cx.data.log(&format!(
            "delete {} {} {private} private state",
            prior.name,
            mark.as_str()
        ))?;
        cx.data.fault("delete")?;
        cx.data.remove(&prior.name)
    }

    fn identity(&self, model: &ShelfBox) -> BoxIdentity {
        BoxIdentity {
            name: model.name.clone(),
        }
    }

    fn parse_import_id(&self, id: &str, _: &PlanContext<'_, Store>) -> Result<BoxIdentity, Diagnostics> {
        if id.contains('/') {
            return Err(Diagnostic::error("Invalid import ID")
                .detail("Give the name of the box alone.")
                .into());
        }
        Ok(BoxIdentity { name: id.to_owned() })
    }

    fn move_from(&self, source: &MovedState) -> Result<Option<ShelfBox>, Diagnostics> {
        if source.type_name != "terraform_data" {
            return Ok(None);
        }
        let name = source.state["input"]["value"]
            .as_str()
            .or_else(|| source.state["input"].as_str());
        match name {
            Some(name) => Ok(Some(ShelfBox {
                ready: true.into(),
                ..ShelfBox::named(name)
            })),
            None => Err(Diagnostic::error("Cannot move")
                .detail("The input holds no name.")
                .into()),
        }
    }
}
