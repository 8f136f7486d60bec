//! `ValidateDataSourceConfig` and `ReadDataSource`.

use terraform_schema::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Value, View, validate};

use super::values::{attributes_where, storable};
use super::{Server, caught};
use crate::context::{Context, Private};
use crate::provider::Provider;
use crate::secrets::hide_marked;

impl<P: Provider> Server<P> {
    /// Checks the configuration of a data source: by its schema, then by the data source itself. Unknown values pass;
    /// Terraform asks again when they are known.
    pub(crate) fn validate_data_source(&self, type_name: &str, config: &Value) -> Result<Diagnostics, Diagnostics> {
        let data_source = self.data_source(type_name)?;
        hide_marked(&data_source.schema().block, config);
        let mut problems = validate::validate(&data_source.schema().block, config);
        problems.extend(data_source.validate(View::of(config)));
        Ok(problems)
    }

    /// What a data source finds, and its warnings. Terraform reads only where the whole configuration is known, and
    /// takes nothing that is unknown or null for an answer; so a provider block that is not known yet is an error here.
    pub(crate) async fn read_data_source(
        &self,
        type_name: &str,
        config: &Value,
    ) -> Result<(Value, Diagnostics), Diagnostics> {
        let data_source = self.data_source(type_name)?;
        hide_marked(&data_source.schema().block, config);
        let configured = self.configured(type_name)?;
        if !configured.is_known() {
            return Err(unreadable_yet(type_name).into());
        }
        let stop = self.running();
        let cx = Context::new(configured.data(), stop.clone(), Private::new());
        // Nothing is written, so a read can be dropped half-way.
        let found = tokio::select! {
            biased;
            () = stop.cancelled() => Err(stopped(type_name).into()),
            found = caught("ReadDataSource", data_source.read(config, &cx)) => found,
        };
        let (mut problems, _, _) = cx.take();
        let found = match found {
            Ok(found) => found,
            Err(errors) => {
                problems.extend(errors);
                return Err(problems);
            }
        };
        let block = &data_source.schema().block;
        for path in attributes_where(block, &found, &|_, value| !value.is_wholly_known()) {
            let bug =
                format!("A read of the data source `{type_name}` left `{path}` unknown. It is taken for not set.");
            self.mended(&mut problems, Diagnostic::bug(bug).at(path));
        }
        let (found, changed) = with_config(block, storable(block, found), config);
        for path in changed {
            let bug = format!(
                "A read of the data source `{type_name}` changed `{path}`, which the configuration decides. It is \
                 taken as configured."
            );
            self.mended(&mut problems, Diagnostic::bug(bug).at(path));
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok((found, problems))
    }
}

/// What was found, in which everything that the configuration decides is as configured; and what was not.
fn with_config(block: &Block, found: Value, config: &Value) -> (Value, Vec<AttributePath>) {
    let Value::Map(mut members) = found else {
        return (found, Vec::new());
    };
    let mut changed = Vec::new();
    let is_config = |attribute: &Attribute| !attribute.computed || !config.member(&attribute.name).is_null();
    let attributes = block.attributes.iter().filter(|attribute| is_config(attribute));
    let names = attributes.map(|attribute| &attribute.name);
    for name in names.chain(block.blocks.iter().map(|nested| &nested.name)) {
        let configured = config.member(name);
        if members.get(name) != Some(configured) {
            changed.push(AttributePath::of([name.as_str()]));
            members.insert(name.clone(), configured.clone());
        }
    }
    (Value::Map(members), changed)
}

fn unreadable_yet(type_name: &str) -> Diagnostic {
    Diagnostic::error("The provider's configuration is not known yet").detail(format!(
        "`{type_name}` cannot be read: some values of the provider block come from resources that do not exist yet. \
         Let the data source wait for them with `depends_on`, so that it is read during apply, or apply them first, \
         for example with -target."
    ))
}

fn stopped(type_name: &str) -> Diagnostic {
    Diagnostic::error("Stopped on request").detail(format!(
        "The read of `{type_name}` was broken off. Nothing was changed; run Terraform again."
    ))
}
