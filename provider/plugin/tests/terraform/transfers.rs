//! Import and move.

use serde_json::{Value, json};
use terraform_plugin::client::Plugin;
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_schema::Type;

use crate::driver::{SHELF, Workspace};

const BOX: &str = "resource \"shelf_box\" \"it\" {\n  name = \"a\"\n  size = 3\n}\n";

/// A box that somebody else put on the shelf.
fn foreign() -> Value {
    json!({
        "uid": "foreign", "name": "a", "size": 3, "label": "theirs", "colour": "grey", "tags": {"x": "y"},
        "content": {"a": [1, 2]}, "seal_length": 0, "seal_version": null,
        "lid": {"material": "oak", "hinged": true}, "slot": [{"holds": "nails"}], "revision": 5
    })
}

#[test]
fn an_import_by_id_brings_everything_and_leaves_nothing_to_do() {
    let workspace = Workspace::new(BOX);
    workspace
        .run(&["import", "-no-color", "shelf_box.it", "a"])
        .refused(&["There is no `shelf_box` `a`"]);
    workspace
        .run(&["import", "-no-color", "shelf_box.it", "x/a"])
        .refused(&["Give the name of the box alone."]);
    workspace.put("a", &foreign());
    workspace.run(&["import", "-no-color", "shelf_box.it", "a"]).fine();
    let state = workspace.state();
    assert_eq!(
        (&state["label"], &state["lid"]["hinged"]),
        (&json!("theirs"), &json!(true))
    );
    workspace.configure(
        r#"
resource "shelf_box" "it" {
  name    = "a"
  size    = 3
  label   = "theirs"
  tags    = { x = "y" }
  content = { a = [1, 2] }
  lid {
    material = "oak"
    hinged   = true
  }
  slot {
    holds = "nails"
  }
}
"#,
    );
    workspace.settled();
}

/// An import block; `provider` stands in it until its resource is configured.
fn import(by: &str, provider: &str) -> String {
    format!("import {{\n  to = shelf_box.it\n  {by}\n  {provider}\n}}\n")
}

#[test]
fn an_import_block_writes_its_configuration() {
    let by = "id = \"a\"";
    let workspace = Workspace::new(&import(by, "provider = shelf"));
    workspace.put("a", &foreign());
    workspace
        .run(&["plan", "-no-color", "-generate-config-out=generated.tf"])
        .fine();
    workspace.configure(&import(by, ""));
    workspace.apply().fine();
    workspace.settled();
    assert_eq!(workspace.on_shelf("a"), foreign(), "nothing was written");
}

#[test]
fn a_moved_block_takes_over_another_type() {
    let workspace = Workspace::new("resource \"terraform_data\" \"it\" {\n  input = \"a\"\n}\n");
    workspace.apply().fine();
    workspace.put("a", &foreign());
    workspace.configure(
        "resource \"shelf_box\" \"it\" {\n  name = \"a\"\n  label = \"ours\"\n}\n\
         moved {\n  from = terraform_data.it\n  to   = shelf_box.it\n}\n",
    );
    assert_eq!(workspace.planned(), ["update"]);
    workspace.apply().fine();
    assert_eq!(workspace.on_shelf("a")["label"], "ours");
    assert_eq!(workspace.on_shelf("a")["uid"], "foreign", "it is the same box");
    workspace.settled();
}

/// Terraform before 1.12 knows no identity, and says so; what the provider does is tested below for all versions.
#[test]
fn an_import_block_with_an_identity() {
    let by = "identity = { name = \"a\" }";
    let workspace = Workspace::new(&import(by, "provider = shelf"));
    workspace.put("a", &foreign());
    let plan = workspace.run(&["plan", "-no-color", "-generate-config-out=generated.tf"]);
    if plan.text.contains("Unsupported argument") {
        plan.refused(&["identity"]);
        return;
    }
    plan.fine();
    workspace.configure(&import(by, ""));
    workspace.apply().fine();
    workspace.settled();
    let state = std::fs::read_to_string(workspace.file("terraform.tfstate")).expect("a state file");
    let state: Value = serde_json::from_str(&state).expect("JSON");
    assert_eq!(state["resources"][0]["instances"][0]["identity"], json!({"name": "a"}));
}

/// By identity, which `terraform` does from 1.12 on: through the provider's own socket, so that any version is enough.
#[tokio::test]
async fn an_import_by_identity() {
    let workspace = Workspace::new("");
    workspace.put("a", &foreign());
    let plugin = Plugin::start(SHELF).await.expect("the provider starts");
    let mut provider = plugin.provider();
    let sent = |name: &str, text: &str| {
        let value = terraform_schema::Value::map([(name, terraform_schema::Value::string(text))]);
        let ty = Type::object([(name, Type::String)]);
        pb::DynamicValue {
            msgpack: terraform_schema::msgpack::encode(&value, &ty).expect("a value"),
            json: Vec::new(),
        }
    };
    let schemas = provider
        .get_resource_identity_schemas(pb::get_resource_identity_schemas::Request {})
        .await;
    let schemas = schemas.expect("an answer").into_inner().identity_schemas;
    assert_eq!(schemas["shelf_box"].identity_attributes[0].name, "name");
    let request = pb::configure::Request {
        terraform_version: "1.12.0".to_owned(),
        config: Some(sent("directory", &workspace.shelf().display().to_string())),
        ..Default::default()
    };
    let answer = provider.configure(request).await.expect("an answer").into_inner();
    assert_eq!(answer.diagnostics, []);
    let request = pb::import_resource_state::Request {
        type_name: "shelf_box".to_owned(),
        identity: Some(pb::ResourceIdentityData {
            identity_data: Some(sent("name", "a")),
        }),
        ..Default::default()
    };
    let answer = provider
        .import_resource_state(request)
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(answer.diagnostics, []);
    let imported = &answer.imported_resources[0];
    assert_eq!(
        imported.identity,
        Some(pb::ResourceIdentityData {
            identity_data: Some(sent("name", "a"))
        })
    );
    assert_eq!(imported.private, br#"{"provider":{"uid":"foreign"}}"#);
    assert!(!imported.state.as_ref().expect("a state").msgpack.is_empty());
    drop(provider);
    plugin.shutdown().await.expect("it ends");
}
