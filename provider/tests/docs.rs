//! The reference pages and the schema snapshot are what the code says. `UPDATE=1 cargo test -p terraform-provider-flink
//! --test docs` writes them anew.

#[path = "docs/committed.rs"]
mod committed;

#[path = "docs/functions.rs"]
mod functions;

#[path = "docs/snapshot.rs"]
mod snapshot;

use std::collections::BTreeSet;
use std::fs;

use committed::{Committed, root};
use flink_client::kubernetes::Environment;
use serde_json::{Map, Value as Json, json};
use terraform_plugin::Provider;
use terraform_plugin::server::AnyResource;
use terraform_provider_flink::data_sources;
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_provider_flink::provider::{FlinkProvider, ProviderData};
use terraform_schema::Model;
use terraform_schema::markdown::{Import, Kind, Page, render};

const PROVIDER: &str = "flink";

fn example(path: &str) -> String {
    let path = root().join("examples").join(path);
    let text = fs::read_to_string(&path);
    assert!(text.is_ok(), "{}: {text:?}", path.display());
    text.unwrap_or_default()
}

fn resources() -> Vec<Box<dyn AnyResource<ProviderData>>> {
    FlinkProvider::new(Environment::new(|_| None, "/nonexistent")).resources()
}

#[test]
fn page_of_the_provider() {
    let schema = ProviderConfig::schema();
    let example = example("provider/provider.tf");
    let page = Page {
        kind: Kind::Provider,
        name: PROVIDER,
        provider: PROVIDER,
        subcategory: "",
        summary: &schema.block.description,
        schema: &schema,
        example: Some(&example),
        import: Import::default(),
    };
    Committed::at("docs/index.md").is(&render(&page).unwrap());
}

#[test]
fn pages_of_the_resources() {
    let mut pages = BTreeSet::new();
    for resource in resources() {
        let (name, schema) = (resource.name(), resource.schema());
        let folder = format!("resources/{name}");
        let file = |file: &str| example(&format!("{folder}/{file}"));
        let (resource, identity) = (file("resource.tf"), file("import-by-identity.tf"));
        let (id, command) = (file("import-by-string-id.tf"), file("import.sh"));
        let page = Page {
            kind: Kind::Resource,
            name,
            provider: PROVIDER,
            subcategory: "",
            summary: &schema.block.description,
            schema,
            example: Some(&resource),
            import: Import {
                identity: Some(&identity),
                id: Some(&id),
                command: Some(&command),
            },
        };
        let short = name.trim_start_matches("flink_");
        Committed::at(&format!("docs/resources/{short}.md")).is(&render(&page).unwrap());
        pages.insert(format!("{short}.md"));
    }
    let committed = fs::read_dir(root().join("docs/resources")).unwrap();
    let committed: BTreeSet<String> = committed
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .collect();
    assert_eq!(committed, pages, "pages of resources that there are, and no others");
}

#[test]
fn pages_of_the_data_sources() {
    for source in data_sources::all() {
        let example = example(&format!("data-sources/{}/data-source.tf", source.name()));
        let page = Page {
            kind: Kind::DataSource,
            name: source.name(),
            provider: PROVIDER,
            subcategory: "",
            summary: &source.schema().block.description,
            schema: source.schema(),
            example: Some(&example),
            import: Import::default(),
        };
        let short = source.name().trim_start_matches("flink_");
        Committed::at(&format!("docs/data-sources/{short}.md")).is(&render(&page).unwrap());
    }
}

#[test]
fn pages_of_the_actions() {
    for action in terraform_provider_flink::actions::all() {
        let example = example(&format!("actions/{}/action.tf", action.name()));
        let page = Page {
            kind: Kind::Action,
            name: action.name(),
            provider: PROVIDER,
            subcategory: "",
            summary: &action.schema().block.description,
            schema: action.schema(),
            example: Some(&example),
            import: Import::default(),
        };
        let short = action.name().trim_start_matches("flink_");
        Committed::at(&format!("docs/actions/{short}.md")).is(&render(&page).unwrap());
    }
}

#[test]
fn pages_of_the_list_resources() {
    for list_resource in terraform_provider_flink::list_resources::all() {
        let name = list_resource.name();
        let example = example(&format!("list-resources/{name}/list-resource.tfquery.hcl"));
        let page = Page {
            kind: Kind::ListResource,
            name,
            provider: PROVIDER,
            subcategory: "",
            summary: &list_resource.schema().block.description,
            schema: list_resource.schema(),
            example: Some(&example),
            import: Import::default(),
        };
        let short = name.trim_start_matches("flink_");
        Committed::at(&format!("docs/list-resources/{short}.md")).is(&render(&page).unwrap());
    }
}

#[test]
fn pages_of_the_functions() {
    for function in terraform_provider_flink::functions::all() {
        let signature = function.signature();
        let example = example(&format!("functions/{}/function.tf", signature.name));
        let page = functions::page(&signature, PROVIDER, &example);
        Committed::at(&format!("docs/functions/{}.md", signature.name)).is(&page);
    }
}

#[test]
fn snapshot_of_the_schema() {
    let resources: Map<String, Json> = resources()
        .iter()
        .map(|resource| {
            let schemas = json!({
                "schema": snapshot::schema(resource.schema()),
                "identity": snapshot::schema(resource.identity_schema()),
            });
            (resource.name().to_owned(), schemas)
        })
        .collect();
    let data_sources: Map<String, Json> = data_sources::all()
        .iter()
        .map(|source| (source.name().to_owned(), snapshot::schema(source.schema())))
        .collect();
    let list_resources: Map<String, Json> = terraform_provider_flink::list_resources::all()
        .iter()
        .map(|list_resource| {
            (
                list_resource.name().to_owned(),
                snapshot::schema(list_resource.schema()),
            )
        })
        .collect();
    let actions: Map<String, Json> = terraform_provider_flink::actions::all()
        .iter()
        .map(|action| (action.name().to_owned(), snapshot::schema(action.schema())))
        .collect();
    let functions: Map<String, Json> = terraform_provider_flink::functions::all()
        .iter()
        .map(|function| function.signature())
        .map(|signature| {
            let parameters: Vec<String> = signature
                .parameters
                .iter()
                .map(|one| format!("{}: {}", one.name, one.ty))
                .collect();
            let types = json!({"parameters": parameters, "returns": signature.returns.to_string()});
            (signature.name.to_owned(), types)
        })
        .collect();
    let snapshot = json!({
        "provider": snapshot::schema(&ProviderConfig::schema()),
        "resources": resources,
        "data_sources": data_sources,
        "list_resources": list_resources,
        "actions": actions,
        "functions": functions,
    });
    let text = format!("{}\n", serde_json::to_string_pretty(&snapshot).unwrap());
    Committed::at("provider/tests/snapshots/schema.json").is(&text);
}
