//! What is in state when something fails.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::driver::Workspace;

const BOX: &str = "resource \"shelf_box\" \"it\" {\n  name = \"a\"\n  size = 3\n}\n";

#[test]
fn a_create_that_fails_before_it_wrote_leaves_nothing() {
    let workspace = Workspace::new(BOX);
    workspace.faults(&["create"]);
    workspace
        .apply()
        .refused(&["The shelf refuses", "It shall fail at create."]);
    assert!(workspace.state().is_null());
    workspace.faults(&[]);
    workspace.apply().fine();
    workspace.settled();
}

#[test]
fn a_create_that_fails_after_it_wrote_is_saved_tainted_and_replaced() {
    for fault in ["settle", "settle-panic", "after-create"] {
        let workspace = Workspace::new(BOX);
        workspace.faults(&[fault]);
        let failed = workspace.apply();
        assert_eq!(failed.code, 1, "{}", failed.text);
        assert!(workspace.tainted(), "{fault}: {}", workspace.state());
        assert_eq!(workspace.state()["ready"], false, "{fault}");
        workspace.faults(&[]);
        assert_eq!(workspace.planned(), ["delete", "create"], "{fault}");
        workspace.apply().fine();
        // Terraform hands a tainted object's plan no private state: only the mark tells.
        assert_eq!(workspace.log(), ["delete a create without private state"], "{fault}");
        workspace.settled();
    }
}

#[test]
fn a_tainted_object_whose_delete_fails_stays_in_state() {
    let workspace = Workspace::new(BOX);
    workspace.faults(&["settle"]);
    workspace.apply().refused(&["It shall fail at settle."]);
    workspace.faults(&["delete"]);
    workspace.apply().refused(&["It shall fail at delete."]);
    assert!(workspace.tainted());
    assert_eq!(workspace.state()["size"], 3);
    workspace.faults(&[]);
    workspace.apply().fine();
    workspace.settled();
}

#[test]
fn an_update_that_does_not_settle_is_saved_as_written_and_waited_for_again() {
    let workspace = Workspace::new(BOX);
    workspace.apply().fine();
    workspace.configure(&BOX.replace('3', "4"));
    workspace.faults(&["settle"]);
    workspace.apply().refused(&["It shall fail at settle."]);
    assert!(!workspace.tainted(), "an object that exists is not replaced for that");
    let state = workspace.state();
    assert_eq!((&state["size"], &state["ready"]), (&json!(4), &json!(false)));
    workspace.faults(&[]);
    assert_eq!(workspace.planned(), ["update"], "it is waited for again");
    workspace.apply().fine();
    assert_eq!(workspace.state()["ready"], true);
    workspace.settled();
}

#[test]
fn an_update_that_fails_before_it_wrote_keeps_the_prior_state() {
    let workspace = Workspace::new(BOX);
    workspace.apply().fine();
    let before = workspace.state();
    workspace.configure(&BOX.replace('3', "4"));
    workspace.faults(&["update"]);
    workspace.apply().refused(&["It shall fail at update."]);
    assert_eq!(workspace.state(), before);
}

#[test]
fn a_destroy_that_fails_keeps_the_object_in_state() {
    let workspace = Workspace::new(BOX);
    workspace.apply().fine();
    let before = workspace.state();
    workspace.faults(&["delete"]);
    workspace.destroy().refused(&["It shall fail at delete."]);
    assert_eq!(workspace.state(), before);
    workspace.faults(&[]);
    workspace.destroy().fine();
    // The second attempt still had what was kept in private state.
    assert_eq!(workspace.log()[1], "delete a destroy with private state");
}

#[test]
fn a_read_that_fails_forgets_nothing() {
    let workspace = Workspace::new(BOX);
    workspace.apply().fine();
    workspace.faults(&["read"]);
    workspace
        .run(&["plan", "-no-color"])
        .refused(&["It shall fail at read."]);
    assert_eq!(workspace.state()["size"], 3);
}

#[test]
fn an_interrupted_wait_saves_what_was_written() {
    let workspace = Workspace::new(BOX);
    workspace.faults(&["settle-wait"]);
    let terraform = workspace
        .command(&["apply", "-no-color", "-auto-approve"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("terraform runs");
    let begun = Instant::now();
    while workspace.log().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never waited");
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = i32::try_from(terraform.id()).expect("a process id");
    kill_process(Pid::from_raw(id).expect("a process id"), Signal::INT).expect("it gets the signal");
    let output = terraform.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("The box was written and did not settle."));
    assert_eq!(workspace.state()["ready"], false);
    assert!(workspace.tainted());
}
