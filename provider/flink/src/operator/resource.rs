//! What all custom resources of the operator have in common.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// API group of the operator's custom resources.
pub const GROUP: &str = "flink.apache.org";

/// The only version of the operator's custom resources.
pub const VERSION: &str = "v1beta1";

/// A kind of custom resource that the operator knows.
pub trait Resource: DeserializeOwned + Serialize + Clone + Send + Sync + 'static {
    /// Kind, as in `FlinkDeployment`.
    const KIND: &'static str;
    /// Plural name in lower case, as in URLs and roles: `flinkdeployments`.
    const PLURAL: &'static str;

    /// Labels that the operator writes into its own custom resources. Nobody else's, they say nothing about who has
    /// changed an object.
    const OPERATOR_LABELS: &'static [&'static str] = &[];

    /// Name, namespace, generation, owners of fields.
    fn metadata(&self) -> &ObjectMeta;

    /// Whether two values of the field at `path` (for example `["spec", "job", "state"]`) mean the
    /// same to the operator. An absent value means what the operator assumes.
    fn same_meaning(path: &[&str], left: Option<&Value>, right: Option<&Value>) -> bool;

    /// How the value of the field at `path` is built.
    fn form(path: &[&str]) -> FieldForm {
        let _ = path;
        FieldForm::Tree
    }

    /// The first operator version whose definition has the field at `path` (`spec.job.state`), where it
    /// is newer than the oldest supported one.
    fn since(path: &str) -> Option<&'static str> {
        let _ = path;
        None
    }

    /// API version and group, as in a manifest.
    fn api_version() -> String {
        format!("{GROUP}/{VERSION}")
    }

    /// Name of the custom resource definition.
    fn definition() -> String {
        format!("{}.{GROUP}", Self::PLURAL)
    }
}

/// How the value of a field is built, for whoever walks through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldForm {
    /// Objects have members with a meaning of their own; all else is one value.
    Tree,
    /// One value, whatever it looks like.
    Whole,
    /// An object whose nested members count as flat keys with dots.
    Flattened,
}

/// What an object is meant to be: the fields we send, and no others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// Name of the object.
    pub name: String,
    /// Labels we set. Others may set more.
    pub labels: BTreeMap<String, String>,
    /// Annotations we set. Others may set more.
    pub annotations: BTreeMap<String, String>,
    /// The specification, without nulls.
    pub spec: Value,
}

impl Manifest {
    /// Builds a manifest from a typed specification. Null members are left out at every depth,
    /// because no field of the operator's custom resources may be null.
    ///
    /// # Errors
    /// Where the specification cannot be written as JSON.
    pub fn new(name: impl Into<String>, spec: &impl Serialize) -> Result<Self, serde_json::Error> {
        let mut spec = serde_json::to_value(spec)?;
        remove_nulls(&mut spec);
        Ok(Self {
            name: name.into(),
            spec,
            ..Self::default()
        })
    }

    /// The fields of the manifest as an object of the given kind: `metadata` holds only what we set.
    pub fn to_object<K: Resource>(&self, namespace: &str) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.name));
        metadata.insert("namespace".to_owned(), json!(namespace));
        if !self.labels.is_empty() {
            metadata.insert("labels".to_owned(), json!(self.labels));
        }
        if !self.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), json!(self.annotations));
        }
        json!({
            "apiVersion": K::api_version(),
            "kind": K::KIND,
            "metadata": metadata,
            "spec": self.spec,
        })
    }
}

/// Removes object members that are null, at every depth. List items stay.
pub fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
