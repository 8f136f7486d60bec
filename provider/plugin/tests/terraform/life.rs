//! Create, update, replace, destroy.

use serde_json::json;

use crate::driver::Workspace;

const FULL: &str = r#"
resource "shelf_box" "it" {
  name    = "a"
  size    = 3
  tags    = { "cafe\u0301" = "x" }
  content = { list = [1, "two", null, 0.1], flag = true }
  seal         = "open sesame"
  seal_version = 1
  lid {
    material = "oak"
  }
  slot {
    holds = "nails"
  }
  slot {
    holds = "screws"
  }
}
"#;

#[test]
fn an_object_is_created_and_then_there_is_nothing_to_do() {
    let workspace = Workspace::new(FULL);
    workspace.run(&["validate", "-no-color"]).fine();
    assert_eq!(workspace.planned(), ["create"]);
    workspace.apply().fine();
    workspace.settled();

    let stored = workspace.on_shelf("a");
    assert_eq!(stored["content"], json!({"list": [1, "two", null, 0.1], "flag": true}));
    assert_eq!(stored["seal_length"], 11, "the write-only value arrived");
    assert_eq!(stored["slot"][1]["holds"], "screws");
    assert_eq!(stored["tags"], json!({"caf\u{e9}": "x"}), "in normal form C");
    let state = workspace.state();
    assert_eq!(state["label"], "box of a");
    assert_eq!(state["ready"], true);
    assert_eq!(state["lid"], json!({"material": "oak", "hinged": null}));
    let file = std::fs::read_to_string(workspace.file("terraform.tfstate")).expect("a state file");
    assert!(!file.contains("sesame"), "a write-only value is in the state file");

    workspace.destroy().fine();
    assert!(workspace.on_shelf("a").is_null());
    assert_eq!(workspace.log(), ["delete a destroy with private state"]);
}

#[test]
fn changes_are_made_in_place_where_they_can_be() {
    let workspace = Workspace::new(FULL);
    workspace.apply().fine();
    workspace.configure(
        &FULL
            .replace("size    = 3", "size = 4\n  colour = \"red\"")
            .replace("nails", "nuts"),
    );
    assert_eq!(workspace.planned(), ["update"]);
    workspace.apply().fine();
    let state = workspace.state();
    assert_eq!((&state["size"], &state["colour"]), (&json!(4), &json!("red")));
    assert_eq!(
        (&state["revision"], &state["slot"][0]["holds"]),
        (&json!(2), &json!("nuts"))
    );
    assert_eq!(workspace.on_shelf("a")["seal_length"], 11);
    workspace.settled();

    // Blocks come and go.
    workspace.configure("resource \"shelf_box\" \"it\" {\n  name = \"a\"\n}\n");
    assert_eq!(workspace.planned(), ["update"]);
    workspace.apply().fine();
    workspace.settled();
    assert_eq!(workspace.state()["lid"], json!(null));
    // The default colour spelled out means the same, but Terraform wants to see it in the state.
    workspace.configure("resource \"shelf_box\" \"it\" {\n  name = \"a\"\n  colour = \"grey\"\n}\n");
    assert_eq!(workspace.planned(), ["update"]);
    workspace.apply().fine();
    workspace.settled();
    // And not spelled out any more it is no change at all.
    workspace.configure("resource \"shelf_box\" \"it\" {\n  name = \"a\"\n}\n");
    workspace.settled();
}

#[test]
fn another_name_needs_another_object_whose_delete_knows_why() {
    let workspace = Workspace::new(FULL);
    workspace.apply().fine();
    workspace.configure(&FULL.replace("\"a\"", "\"b\""));
    assert_eq!(workspace.planned(), ["delete", "create"]);
    workspace.apply().fine();
    assert!(workspace.on_shelf("a").is_null() && !workspace.on_shelf("b").is_null());
    assert_eq!(workspace.log(), ["delete a replace with private state"]);
    workspace.settled();

    workspace
        .run(&["apply", "-no-color", "-auto-approve", "-replace=shelf_box.it"])
        .fine();
    assert_eq!(workspace.log()[1], "delete b replace with private state");
    workspace.settled();
}

#[test]
fn drift_is_found_and_repaired_and_a_lost_object_is_made_again() {
    let workspace = Workspace::new(FULL);
    workspace.apply().fine();
    workspace.drift("a", "size", 7);
    assert_eq!(workspace.planned(), ["update"]);
    workspace.apply().fine();
    assert_eq!(workspace.on_shelf("a")["size"], 3);
    // A field that nobody here set is left to whoever set it.
    workspace.drift("a", "colour", "blue");
    workspace.settled();

    // Another box of that name is not ours: its uid is not the one in private state.
    workspace.drift("a", "uid", "foreign");
    assert_eq!(workspace.planned(), ["create"]);
    workspace.apply().refused(&["Box exists already", "terraform import"]);

    std::fs::remove_file(workspace.shelf().join("a.json")).expect("a file");
    assert_eq!(workspace.planned(), ["create"]);
    workspace.apply().fine();
    workspace.settled();
}

#[test]
fn a_provider_that_is_configured_by_another_resource_needs_nothing_to_plan() {
    let workspace = Workspace::new("");
    workspace.configure_all(
        r#"
resource "terraform_data" "shelf" {
  input = "SHELF"
}
provider "shelf" {
  directory = terraform_data.shelf.output
}
resource "shelf_box" "it" {
  name = "a"
}
"#,
    );
    assert_eq!(workspace.planned(), ["create"]);
    workspace.apply().fine();
    assert!(!workspace.on_shelf("a").is_null());
    workspace.settled();
}

#[test]
fn values_that_are_known_only_after_apply_reach_the_object() {
    let workspace = Workspace::new(
        r#"
resource "shelf_box" "first" {
  name = "a"
}
resource "shelf_box" "it" {
  name    = "b"
  label   = "beside ${shelf_box.first.label}"
  content = { revision = shelf_box.first.revision, all = shelf_box.first.tags }
  dynamic "slot" {
    for_each = toset([shelf_box.first.label])
    content {
      holds = slot.value
    }
  }
}
"#,
    );
    assert_eq!(workspace.planned(), ["create"]);
    workspace.apply().fine();
    let stored = workspace.on_shelf("b");
    assert_eq!(stored["label"], "beside box of a");
    assert_eq!(stored["content"]["revision"], 1);
    assert_eq!(stored["slot"][0]["holds"], "box of a");
    workspace.settled();
}

#[test]
fn mistakes_are_found_before_anything_is_written() {
    let bad = |body: &str| Workspace::new(&format!("resource \"shelf_box\" \"it\" {{\n{body}\n}}\n"));
    bad("  name = \"a\"\n  size = 0")
        .run(&["validate", "-no-color"])
        .refused(&["size = 0", "least value allowed"]);
    bad("  name = \"a\"\n  slot {}")
        .run(&["validate", "-no-color"])
        .refused(&["holds"]);
    bad("  name = \"a\"\n  size = 600")
        .apply()
        .fine()
        .says(&["Large box", "It is planned as `create`"]);
    let kept = bad("  name = \"a\"\n  label = \"keep\"");
    kept.apply().fine();
    kept.destroy().refused(&["Box is kept"]);
    assert!(!kept.on_shelf("a").is_null());
}
