use super::*;
use crate::model::private::{Field, FieldOptions, block_shape};
use crate::model::{Computed, Shape};

fn sample() -> Block {
    let mut job = Block::default();
    let remote = |name| FieldOptions {
        remote: Some(name),
        ..FieldOptions::default()
    };
    <Option<i64> as Field>::declare(
        &mut job,
        "parallelism",
        "",
        FieldOptions {
            assumed: Some(0.into()),
            ..remote("parallelism")
        },
    );
    let mut block = Block::default();
    <Option<String> as Field>::declare(&mut block, "image", "", remote("image"));
    <Option<std::collections::BTreeMap<String, String>> as Field>::declare(&mut block, "labels", "", remote("labels"));
    <Option<String> as Field>::declare(&mut block, "timeout", "", FieldOptions::default());
    <Computed<String> as Field>::declare(&mut block, "job_id", "", FieldOptions::default());
    let Shape::Block(mut nested) = block_shape(job) else {
        panic!("a struct is a block")
    };
    nested.name = "job".into();
    nested.remote = Some("job".into());
    block.blocks.push(*nested);
    block
}

fn object(members: &[(&str, Value)]) -> Value {
    let Value::Map(mut object) = sample().empty_value() else {
        panic!("an object")
    };
    object.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(object)
}

fn labels(keys: &[&str]) -> Value {
    Value::map(keys.iter().map(|key| (*key, Value::from("1"))))
}

#[test]
fn apply_returns_what_the_plan_knew() {
    let planned = object(&[("image", "a".into()), ("job_id", Value::Unknown)]);
    let returned = object(&[("image", "A".into()), ("job_id", "j2".into())]);
    let applied = applied(&sample(), &planned, &returned);
    assert_eq!(applied.state, object(&[("image", "a".into()), ("job_id", "j2".into())]));
    assert_eq!(
        applied.mismatches.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["image"]
    );
}

#[test]
fn facts_that_moved_during_an_apply_are_no_mismatch() {
    let planned = object(&[("job_id", "j1".into())]);
    let applied = applied(&sample(), &planned, &object(&[("job_id", "j2".into())]));
    assert!(applied.mismatches.is_empty());
    assert_eq!(applied.state.member("job_id"), &"j1".into());
}

#[test]
fn nothing_unknown_is_left() {
    let applied = applied(
        &sample(),
        &object(&[("job_id", Value::Unknown)]),
        &object(&[("job_id", Value::Unknown)]),
    );
    assert!(applied.state.is_wholly_known());
    assert_eq!(applied.mismatches.len(), 1);
}

#[test]
fn a_read_tells_drift_from_spelling_and_from_what_others_add() {
    let nothing = |_: &AttributePath| false;
    for (what, prior, live, expected) in [
        (
            "drift",
            object(&[("image", "a".into())]),
            object(&[("image", "b".into())]),
            object(&[("image", "b".into())]),
        ),
        ("removed", object(&[("image", "a".into())]), object(&[]), object(&[])),
        (
            "set by others",
            object(&[]),
            object(&[("image", "b".into())]),
            object(&[]),
        ),
        (
            "labels of others",
            object(&[("labels", labels(&["a"]))]),
            object(&[("labels", labels(&["a", "b"]))]),
            object(&[("labels", labels(&["a"]))]),
        ),
        (
            "a label that is gone",
            object(&[("labels", labels(&["a", "b"]))]),
            object(&[("labels", labels(&["b", "c"]))]),
            object(&[("labels", labels(&["b"]))]),
        ),
        (
            "only in state",
            object(&[("timeout", "5m".into())]),
            object(&[]),
            object(&[("timeout", "5m".into())]),
        ),
        (
            "facts are live",
            object(&[("job_id", "j1".into())]),
            object(&[("job_id", "j2".into())]),
            object(&[("job_id", "j2".into())]),
        ),
        (
            "a default that the server spells out",
            object(&[("job", Value::map([("parallelism", Value::Null)]))]),
            object(&[("job", Value::map([("parallelism", 0.into())]))]),
            object(&[("job", Value::map([("parallelism", Value::Null)]))]),
        ),
        (
            "a block of others",
            object(&[]),
            object(&[("job", Value::map([("parallelism", 2.into())]))]),
            object(&[]),
        ),
    ] {
        assert_eq!(read(&sample(), &prior, &live, &nothing), expected, "{what}");
    }
}

#[test]
fn what_is_ours_is_taken_over() {
    let live = object(&[
        ("image", "b".into()),
        ("labels", labels(&["a"])),
        ("job", Value::map([("parallelism", 2.into())])),
    ]);
    assert_eq!(read(&sample(), &Value::Null, &live, &|_| true), live);
    let only_job = |path: &AttributePath| path.starts_with(&AttributePath::of(["job"]));
    let read = read(&sample(), &object(&[]), &live, &only_job);
    assert_eq!(read, object(&[("job", Value::map([("parallelism", 2.into())]))]));
}
