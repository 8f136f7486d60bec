//! Custom resource definitions of our own: the operator's kinds with the fields that our types know.
//!
//! For machines without the real definitions. Names and scope are the operator's. The specification
//! of a kind that we have types for has exactly their fields, so that the API server refuses a
//! misspelt one; that of any other kind, and every status, takes anything.

use flink_client::operator::{FlinkDeploymentSpec, FlinkSessionJobSpec};
use serde_json::{Value, json};
use terraform_schema::{Attribute, Block, Model, Nesting, Type};

const GROUP: &str = "flink.apache.org";
const VERSION: &str = "v1beta1";

/// What `kubectl get` shows of an object: heading and JSON path.
type Column = (&'static str, &'static str);

const LIFECYCLE: [Column; 2] = [
    ("Job Status", ".status.jobStatus.state"),
    ("Lifecycle State", ".status.lifecycleState"),
];

/// All definitions, as JSON.
pub fn definitions() -> Vec<Value> {
    vec![
        definition(
            "FlinkDeployment",
            "flinkdep",
            object(&FlinkDeploymentSpec::block()),
            &LIFECYCLE,
        ),
        definition(
            "FlinkSessionJob",
            "sessionjob",
            object(&FlinkSessionJobSpec::block()),
            &LIFECYCLE,
        ),
        definition(
            "FlinkStateSnapshot",
            "flinksnp",
            anything(),
            &[("Path", ".status.path")],
        ),
        definition("FlinkBlueGreenDeployment", "flinkbgdep", anything(), &LIFECYCLE[..1]),
    ]
}

fn definition(kind: &str, short: &str, spec: Value, columns: &[Column]) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, path)| json!({ "name": name, "type": "string", "jsonPath": path }))
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{GROUP}") },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": { "kind": kind, "plural": plural, "singular": singular, "shortNames": [short] },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "subresources": { "status": {} },
                "additionalPrinterColumns": columns,
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "properties": { "spec": spec, "status": anything() },
                } },
            }],
        },
    })
}

fn anything() -> Value {
    json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// The object that a block stands for. What it has on Terraform's side only is left out.
fn object(block: &Block) -> Value {
    let mut object = json!({ "type": "object" });
    for attribute in &block.attributes {
        if let Some(remote) = &attribute.remote {
            place(&mut object, remote, field(attribute));
        }
    }
    for nested in &block.blocks {
        let Some(remote) = &nested.remote else { continue };
        let one = self::object(&nested.block);
        let schema = match nested.nesting {
            Nesting::Single => one,
            Nesting::List | Nesting::Set => json!({ "type": "array", "items": one }),
        };
        place(&mut object, remote, schema);
    }
    object
}

/// Puts the schema of the field at a path of names into an object's schema. An empty path means the
/// object itself.
fn place(object: &mut Value, path: &str, schema: Value) {
    let mut at = object;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        at = &mut at["properties"][name];
        if at.is_null() {
            *at = json!({ "type": "object" });
        }
    }
    match (at["properties"].as_object_mut(), schema["properties"].as_object()) {
        (Some(there), Some(more)) => there.extend(more.clone()),
        _ => *at = schema,
    }
}

fn field(attribute: &Attribute) -> Value {
    let mut schema = of_type(&attribute.ty);
    if attribute.range.as_ref().is_some_and(|range| range.whole) {
        schema = json!({ "type": "integer", "format": "int64" });
    }
    if !attribute.choices.is_empty() && !attribute.open_choices {
        schema["enum"] = attribute.choices.iter().map(|choice| choice.value.as_str()).collect();
    }
    schema
}

fn of_type(ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Number => json!({ "type": "number" }),
        Type::String => json!({ "type": "string" }),
        Type::List(element) | Type::Set(element) => json!({ "type": "array", "items": of_type(element) }),
        Type::Map(element) => json!({ "type": "object", "additionalProperties": of_type(element) }),
        // A definition cannot say what Terraform's tuples and open values are: an object of any kind.
        Type::Object(_) | Type::Tuple(_) | Type::Dynamic => anything(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use flink_client::operator::{FlinkDeployment, Resource};

    use super::*;

    fn spec_of(definition: &Value) -> &Value {
        definition
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
            .unwrap()
    }

    #[test]
    fn fields_are_those_of_the_custom_resource() {
        let definitions = definitions();
        let spec = spec_of(&definitions[0]);
        for (pointer, ty) in [
            ("/properties/flinkVersion", "string"),
            ("/properties/restartNonce", "integer"),
            ("/properties/flinkConfiguration", "object"),
            ("/properties/podTemplate", "object"),
            ("/properties/job/properties/jarURI", "string"),
            ("/properties/job/properties/parallelism", "integer"),
            ("/properties/job/properties/args", "array"),
            ("/properties/jobManager/properties/resource/properties/cpu", "number"),
            (
                "/properties/taskManager/properties/resource/properties/memory",
                "string",
            ),
        ] {
            let field = spec
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{pointer} is missing in {spec}"));
            assert_eq!(field["type"], ty, "{pointer}");
        }
        let modes = spec.pointer("/properties/job/properties/upgradeMode/enum").unwrap();
        assert_eq!(*modes, json!(["stateless", "last-state", "savepoint"]));
        assert!(spec["properties"].get("flink_version").is_none());
    }

    #[test]
    fn the_real_definitions_take_whatever_ours_take() {
        let folder = Path::new(super::super::FOLDER).join(super::super::DEFAULT_VERSION);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return;
        };
        let real: Vec<_> = entries
            .map(|entry| super::super::parse(&entry.unwrap().path()).unwrap())
            .collect();
        for ours in definitions() {
            let theirs = real
                .iter()
                .find(|real| real["metadata"]["name"] == ours["metadata"]["name"])
                .unwrap();
            for names in ["/spec/group", "/spec/scope", "/spec/names"] {
                assert_eq!(ours.pointer(names), theirs.pointer(names));
            }
            compare(spec_of(&ours), spec_of(theirs), "spec");
        }
    }

    fn compare(ours: &Value, theirs: &Value, at: &str) {
        if ours["x-kubernetes-preserve-unknown-fields"] == true {
            return;
        }
        let same = ours["type"] == theirs["type"] || theirs["x-kubernetes-int-or-string"] == true;
        assert!(
            same || theirs["x-kubernetes-preserve-unknown-fields"] == true,
            "{at}: {ours} against {theirs}"
        );
        for (name, field) in ours["properties"].as_object().into_iter().flatten() {
            let (at, real) = (format!("{at}.{name}"), &theirs["properties"][name]);
            // A field that came after the default version of the operator.
            let newer = real.is_null() && FlinkDeployment::since(&at).is_some();
            assert!(newer || !real.is_null(), "{at} does not exist");
            if !newer {
                compare(field, real, &at);
            }
        }
    }
}
