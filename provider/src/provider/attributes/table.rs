//! One table for every resource: configurations that set all of its attributes, each beside the object that it becomes.
//!
//! `resources/<name>/testdata/` holds them as `x.tf.json` and `x.yaml`: the object in the cluster, and after it what is
//! read of the object beside the configuration. The object is empty where the cluster holds nothing of it.

use std::fs;
use std::path::Path;

use flink_client::operator::hand_over::RESTORED_FROM;
use terraform_schema::plan::Action;
use terraform_schema::validate::validate;
use terraform_schema::{UpdateClass, View};

use super::*;
use crate::resources::job_resource::write_only;
use crate::resources::sample::of_block;

/// A row of the table.
struct Case {
    file: String,
    config: Value,
    object: Json,
    facts: Json,
}

fn cases(resource: &str, block: &Block) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/resources")
        .join(resource)
        .join("testdata");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<String> = entries
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".tf.json").map(str::to_owned))
        .collect();
    files.sort();
    let read = |name: String| fs::read_to_string(folder.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case = |file: String| {
        let tf: Json = serde_json::from_str(&read(format!("{file}.tf.json"))).unwrap();
        let documents: Vec<Json> = serde_saphyr::from_multiple(&read(format!("{file}.yaml"))).unwrap();
        let [object, facts] = <[Json; 2]>::try_from(documents).unwrap();
        let config = of_block(block, &tf["resource"][resource][&file]);
        Case {
            file,
            config,
            object,
            facts,
        }
    };
    files.into_iter().map(case).collect()
}

/// Whether the cluster holds nothing of a row.
fn is_absent(object: &Json) -> bool {
    object.as_object().is_none_or(Map::is_empty)
}

/// The part of an object that a configuration decides.
fn asked_for(object: &Json) -> Json {
    let metadata = object["metadata"].as_object().into_iter().flatten();
    let ours = metadata.filter(|(name, _)| ["name", "namespace", "labels", "annotations"].contains(&name.as_str()));
    let mut ours: Map<String, Json> = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
    if is_absent(object) {
        return Json::Null;
    }
    let mut spec = object["spec"].clone();
    // What a former object has handed over is no configuration.
    if let Some(Json::Object(annotations)) = ours.get_mut("annotations")
        && annotations.remove(RESTORED_FROM).is_some()
    {
        if annotations.is_empty() {
            ours.remove("annotations");
        }
        spec["job"].as_object_mut().unwrap().remove("initialSavepointPath");
    }
    json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": ours, "spec": spec})
}

#[test]
fn every_attribute_is_set_in_the_table() {
    for resource in resources() {
        let block = &resource.schema().block;
        let cases = cases(resource.name(), block);
        let mapping = mapping_of(resource.name());
        for (path, _, attribute) in block.walk() {
            // What only a plan says is in no object and null after every read.
            if path.to_string() == "change" {
                continue;
            }
            let is_set = cases.iter().any(|case| {
                if attribute.is_input() || is_absent(&case.object) {
                    return values_at(&case.config, &path).iter().any(|value| !value.is_null());
                }
                let value = &mapping.read(block, &case.config, &owned(case.object.clone()));
                values_at(value, &path).iter().any(|value| !value.is_null())
            });
            assert!(
                is_set,
                "no configuration in resources/{}/testdata sets `{path}`, or no object there shows it",
                resource.name()
            );
        }
    }
}

#[test]
fn every_row_becomes_its_object_and_is_read_back() {
    for resource in resources() {
        let block = &resource.schema().block;
        let mapping = mapping_of(resource.name());
        for Case {
            file,
            config,
            object,
            facts,
        } in cases(resource.name(), block)
        {
            let mut problems = validate(block, &config);
            problems.extend(resource.validate(View::of(&config)));
            let said: Vec<String> = problems
                .iter()
                .map(|said| format!("{}: {}", said.path, said.detail))
                .collect();
            assert_eq!(said, Vec::<String>::new(), "{file}: a configuration without a mistake");

            let planned = mapping.planned(block, &config);
            assert_eq!((mapping.sent)(&planned), asked_for(&object), "{file}: what is sent");

            if is_absent(&object) {
                // Nothing of it is in the cluster.
                let state = reconcile::applied(block, &planned, &of_block(block, &facts)).state;
                let again = mapping.plan(block, &config, &state);
                assert_eq!(again.action(), Action::Nothing, "{file}: {:?}", again.changes);
                continue;
            }
            let object = owned(object);
            let state = mapping.applied(block, &planned, &object);
            for attribute in block.attributes.iter().filter(|attribute| !attribute.is_input()) {
                let fact = of_block(block, &json!({(&attribute.name): facts[&attribute.name]}));
                let (read, expected) = (state.member(&attribute.name), fact.member(&attribute.name));
                assert_eq!(read, expected, "{file}: `{}`", attribute.name);
            }
            assert_eq!(
                mapping.read(block, &state, &object),
                state,
                "{file}: what is read again"
            );
            let again = mapping.plan(block, &config, &state);
            assert_eq!(again.action(), Action::Nothing, "{file}: {:?}", again.changes);

            // An import knows all that the object holds, and nothing of what only Terraform does.
            let (found, _) = (mapping.found)(object);
            let imported = reconcile::read(block, &Value::Null, &found, &|_| true);
            let adopted = mapping.adopt(block, &config, &imported);
            assert!(
                adopted.requires_replace.is_empty(),
                "{file}: {:?}",
                adopted.requires_replace
            );
            for change in &adopted.changes {
                // Nobody can tell of a write-only value whether it is the one that the object has.
                let expected = if change.path.to_string() == write_only::VERSION {
                    UpdateClass::Restart
                } else {
                    UpdateClass::Local
                };
                assert_eq!(
                    change.class,
                    Some(expected),
                    "{file}: after an import, `{}`",
                    change.path
                );
            }
        }
    }
}
