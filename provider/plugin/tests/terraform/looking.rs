//! Data sources.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::driver::Workspace;

const LOOK: &str = r#"
data "shelf_box" "there" {
  name = "a"
}

output "there" {
  value = data.shelf_box.there
}
"#;

const MAKE_AND_LOOK: &str = r#"
resource "shelf_box" "it" {
  name = "a"
  size = 3
  slot {
    holds = "nails"
  }
}

data "shelf_box" "there" {
  name       = "a"
  depends_on = [shelf_box.it]
}

output "there" {
  value = data.shelf_box.there
}
"#;

#[test]
fn what_depends_on_a_change_is_read_during_apply() {
    let workspace = Workspace::new(MAKE_AND_LOOK);
    workspace
        .run(&["plan", "-no-color"])
        .fine()
        .says(&["will be read during apply", "(depends on a resource"]);
    assert!(workspace.log().is_empty(), "nothing is looked for before it is there");
    workspace.apply().fine();
    let found = workspace.output("there");
    assert_eq!((&found["size"], &found["label"]), (&json!(3), &json!("box of a")));
    assert_eq!(found["slots"], json!([{"holds": "nails"}]));
    assert_eq!(found["tags"], json!(null));
    workspace.settled();
}

#[test]
fn a_plan_reads_and_follows_what_is_there() {
    let workspace = Workspace::new(MAKE_AND_LOOK);
    workspace.apply().fine();
    workspace.drift("a", "label", "mine");
    // The box's own label is drift, too; what is looked at here is the data source.
    workspace
        .run(&["plan", "-no-color", "-out=later"])
        .fine()
        .says(&["label = \"box of a\" -> \"mine\""]);
}

#[test]
fn what_is_not_there_is_an_error_at_its_place() {
    let workspace = Workspace::new(LOOK);
    workspace.run(&["validate", "-no-color"]).fine();
    workspace.run(&["plan", "-no-color"]).refused(&[
        "No such box",
        "There is no box `a` on the shelf.",
        "main.tf line",
    ]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let workspace = Workspace::new(LOOK);
    std::fs::write(workspace.shelf().join("a.json"), "{").expect("a file");
    workspace.run(&["plan", "-no-color"]).refused(&["The shelf is broken"]);
}

#[test]
fn an_interrupt_breaks_a_read_off() {
    let workspace = Workspace::new(LOOK);
    workspace.faults(&["look-wait"]);
    let terraform = workspace
        .command(&["plan", "-no-color"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("terraform runs");
    let begun = Instant::now();
    while workspace.log().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never looked");
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = i32::try_from(terraform.id()).expect("a process id");
    kill_process(Pid::from_raw(id).expect("a process id"), Signal::INT).expect("it gets the signal");
    let output = terraform.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("Stopped on request"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
