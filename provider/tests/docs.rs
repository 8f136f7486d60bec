//! The reference pages and the schema snapshot are what the code says. `UPDATE=1 cargo test -p terraform-provider-flink
//! --test docs` writes them anew.

#[path = "docs/committed.rs"]
mod committed;

#[path = "docs/snapshot.rs"]
mod snapshot;

use std::fs;

use committed::{Committed, root};
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_provider_flink::resources::flink_deployment::model::{Deployment, Identity};
use terraform_schema::Model;
use terraform_schema::markdown::{Import, Kind, Page, render};

const PROVIDER: &str = "flink";

fn example(path: &str) -> String {
    let path = root().join("examples").join(path);
    let text = fs::read_to_string(&path);
    assert!(text.is_ok(), "{}: {text:?}", path.display());
    text.unwrap_or_default()
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
    let schema = Deployment::schema();
    let folder = format!("resources/{}", Deployment::NAME);
    let file = |name: &str| example(&format!("{folder}/{name}"));
    let (resource, identity) = (file("resource.tf"), file("import-by-identity.tf"));
    let (id, command) = (file("import-by-string-id.tf"), file("import.sh"));
    let page = Page {
        kind: Kind::Resource,
        name: Deployment::NAME,
        provider: PROVIDER,
        subcategory: "",
        summary: &schema.block.description,
        schema: &schema,
        example: Some(&resource),
        import: Import {
            identity: Some(&identity),
            id: Some(&id),
            command: Some(&command),
        },
    };
    let short = Deployment::NAME.trim_start_matches("flink_");
    Committed::at(&format!("docs/resources/{short}.md")).is(&render(&page).unwrap());
}

#[test]
fn snapshot_of_the_schema() {
    let snapshot = serde_json::json!({
        "provider": snapshot::schema(&ProviderConfig::schema()),
        "resources": {
            (Deployment::NAME): {
                "schema": snapshot::schema(&Deployment::schema()),
                "identity": snapshot::schema(&Identity::schema()),
            },
        },
    });
    let text = format!("{}\n", serde_json::to_string_pretty(&snapshot).unwrap());
    Committed::at("provider/tests/snapshots/schema.json").is(&text);
}
