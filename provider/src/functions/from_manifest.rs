//! `from_manifest`: the arguments of our resources for a manifest.

use std::collections::BTreeMap;

use flink_client::operator::{FlinkDeployment, FlinkSessionJob, Resource};
use serde_json::Value as Json;
use terraform_plugin::{Function, FunctionError, Parameter, Signature};
use terraform_schema::{Attribute, Block, NestedBlock, Nesting, Type, Value};

use super::text;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::job_resource::JobModel;
use crate::resources::job_resource::manifest::{self, ManifestError};

/// The function `from_manifest`.
#[derive(Clone, Copy, Debug)]
pub struct FromManifest;

impl Function for FromManifest {
    fn signature(&self) -> Signature {
        Signature {
            name: "from_manifest",
            summary: "A manifest as arguments",
            description: "The arguments of `flink_deployment` for the manifest of a `FlinkDeployment`, and those of \
                          `flink_session_job` for a `FlinkSessionJob`: an object with every argument that the manifest can set, \
                          null where it does not. Blocks are objects in it. A field that no argument stands for is an error, so \
                          that nothing gets lost.",
            parameters: vec![Parameter {
                name: "yaml",
                description: "The manifest, one document in YAML or JSON.",
                ty: Type::String,
            }],
            returns: Type::Dynamic,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let refused = |error: &ManifestError| FunctionError::of_argument(0, manifest::sentence(error));
        let manifest = manifest::parse(text(arguments)?).map_err(|error| refused(&error))?;
        let typed = match manifest["kind"].as_str() {
            Some(FlinkDeployment::KIND) => arguments_of::<Deployment>(&manifest),
            Some(FlinkSessionJob::KIND) => arguments_of::<SessionJob>(&manifest),
            kind => Err(ManifestError::OtherKind {
                found: kind.unwrap_or_default().to_owned(),
                expected: "FlinkDeployment or FlinkSessionJob",
            }),
        };
        typed
            .map(|typed| Value::Dynamic(Box::new(typed)))
            .map_err(|error| refused(&error))
    }
}

fn arguments_of<M: JobModel>(manifest: &Json) -> Result<(Type, Value), ManifestError> {
    let model: M = manifest::read(manifest)?;
    Ok(typed(&M::block(), &model.to_value()))
}

/// What a user sets of an object, with the type that it has: what is of any type in the schema is of one here.
fn typed(block: &Block, value: &Value) -> (Type, Value) {
    let is_argument = |attribute: &&Attribute| attribute.is_input() && attribute.remote.is_some();
    let attributes = block.attributes.iter().filter(is_argument).map(|attribute| {
        let value = value.member(&attribute.name);
        let typed = if let Value::Dynamic(typed) = value {
            (**typed).clone()
        } else {
            (attribute.ty.clone(), value.clone())
        };
        (attribute.name.clone(), typed)
    });
    let blocks = block.blocks.iter().filter(|nested| nested.remote.is_some());
    let blocks = blocks.map(|nested| (nested.name.clone(), typed_block(nested, value.member(&nested.name))));
    let (mut types, mut members) = (BTreeMap::new(), BTreeMap::new());
    for (name, (ty, value)) in attributes.chain(blocks) {
        types.insert(name.clone(), ty);
        members.insert(name, value);
    }
    (Type::Object(types), Value::Map(members))
}

fn typed_block(nested: &NestedBlock, value: &Value) -> (Type, Value) {
    match nested.nesting {
        Nesting::Single if value.is_null() => (Type::Dynamic, Value::Null),
        Nesting::Single => typed(&nested.block, value),
        Nesting::List | Nesting::Set => {
            let elements = value.as_elements().unwrap_or_default();
            let (types, values) = elements.iter().map(|element| typed(&nested.block, element)).unzip();
            (Type::Tuple(types), Value::List(values))
        }
    }
}
