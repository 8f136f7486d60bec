use proptest::prelude::*;

use super::*;
use crate::model::private::{Field, FieldOptions, block_shape};
use crate::model::{Computed, Shape, WriteOnly};
use crate::ty::Type;

fn sample() -> Block {
    let mut job = Block::default();
    let class = |class| FieldOptions {
        update_class: Some(class),
        ..FieldOptions::default()
    };
    <Option<i64> as Field>::declare(
        &mut job,
        "parallelism",
        "",
        FieldOptions {
            assumed: Some(Value::from(0)),
            ..class(UpdateClass::Restart)
        },
    );
    <Option<String> as Field>::declare(
        &mut job,
        "state",
        "",
        FieldOptions {
            assumed: Some("running".into()),
            ..class(UpdateClass::Restart)
        },
    );
    <Option<bool> as Field>::declare(&mut job, "allow_non_restored_state", "", class(UpdateClass::Ignored));

    let mut block = Block::default();
    let replace = FieldOptions {
        requires_replace: true,
        ..FieldOptions::default()
    };
    <String as Field>::declare(&mut block, "name", "", replace.clone());
    <Option<Computed<String>> as Field>::declare(&mut block, "namespace", "", replace.clone());
    <Option<String> as Field>::declare(
        &mut block,
        "mode",
        "",
        FieldOptions {
            assumed: Some("native".into()),
            ..replace
        },
    );
    <Option<String> as Field>::declare(&mut block, "image", "", class(UpdateClass::Restart));
    <Option<String> as Field>::declare(&mut block, "memory", "", class(UpdateClass::Restart));
    if let Some(memory) = block.attributes.last_mut() {
        memory.semantics.same = |a, b| a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase);
    }
    <WriteOnly<String> as Field>::declare(&mut block, "password", "", FieldOptions::default());
    <Option<String> as Field>::declare(&mut block, "timeout", "", class(UpdateClass::Local));
    <Computed<String> as Field>::declare(
        &mut block,
        "uid",
        "",
        FieldOptions {
            stable: true,
            ..FieldOptions::default()
        },
    );
    <Computed<String> as Field>::declare(&mut block, "job_id", "", FieldOptions::default());
    let Shape::Block(mut nested) = block_shape(job) else {
        panic!("a struct is a block")
    };
    nested.name = "job".into();
    nested.required = false;
    nested.requires_replace = true;
    block.blocks.push(*nested);
    block
}

/// The object in which only these are set.
fn object(members: &[(&str, Value)]) -> Value {
    let Value::Map(mut object) = sample().empty_value() else {
        panic!("an object")
    };
    object.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(object)
}

fn job(members: &[(&str, Value)]) -> Value {
    let empty = sample().nested("job").unwrap().block.empty_value();
    let Value::Map(mut object) = empty else {
        panic!("an object")
    };
    object.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Map(object)
}

fn prior(members: &[(&str, Value)]) -> Value {
    let facts = [
        ("name", "a".into()),
        ("namespace", "default".into()),
        ("uid", "u1".into()),
        ("job_id", "j1".into()),
    ];
    object(&[&facts[..], members].concat())
}

#[test]
fn a_new_object_has_unknown_facts_and_null_defaults() {
    let plan = plan(
        &sample(),
        &object(&[("name", "a".into()), ("password", "s3cret".into())]),
        &Value::Null,
    );
    assert_eq!(plan.action(), Action::Create);
    assert!(plan.planned.member("uid").is_unknown());
    assert!(plan.planned.member("namespace").is_unknown());
    assert!(
        plan.planned.member("mode").is_null(),
        "what the operator assumes is not written"
    );
    assert!(
        plan.planned.member("password").is_null(),
        "write-only values are in no plan"
    );
    assert!(plan.changes.is_empty());
}

#[test]
fn what_means_the_same_is_no_change() {
    for (what, before, config) in [
        ("nothing", vec![], vec![]),
        (
            "another spelling",
            vec![("memory", "1G".into())],
            vec![("memory", "1g".into())],
        ),
        (
            "a default spelled out by the server",
            vec![("mode", "native".into())],
            vec![],
        ),
        (
            "a default spelled out by the user",
            vec![],
            vec![("mode", "native".into())],
        ),
    ] {
        let before: Vec<(&str, Value)> = before;
        let plan = plan(
            &sample(),
            &object(&[&[("name", "a".into())], &config[..]].concat()),
            &prior(&before),
        );
        assert!(plan.changes.is_empty(), "{what}: {:?}", plan.changes);
        assert!(!plan.is_replace(), "{what}");
        assert_eq!(plan.planned.member("job_id"), &"j1".into(), "{what}");
    }
}

#[test]
fn the_prior_spelling_stays() {
    let before = prior(&[("memory", "1G".into())]);
    let plan = plan(
        &sample(),
        &object(&[("name", "a".into()), ("memory", "1g".into())]),
        &before,
    );
    assert_eq!(plan.action(), Action::Nothing);
    assert_eq!(plan.planned.member("memory"), &"1G".into());
}

#[test]
fn facts_become_unknown_by_the_class_of_the_change() {
    let job_set = |members: &[(&str, Value)]| ("job", job(members));
    for (what, before, config, class, facts_unknown) in [
        (
            "local",
            vec![],
            vec![("timeout", "5m".into())],
            UpdateClass::Local,
            false,
        ),
        (
            "ignored",
            vec![job_set(&[])],
            vec![job_set(&[("allow_non_restored_state", true.into())])],
            UpdateClass::Ignored,
            false,
        ),
        (
            "restart",
            vec![],
            vec![("image", "b".into())],
            UpdateClass::Restart,
            true,
        ),
        (
            "the greatest counts",
            vec![],
            vec![("image", "b".into()), ("timeout", "5m".into())],
            UpdateClass::Restart,
            true,
        ),
        (
            "a default given up",
            vec![job_set(&[("state", "suspended".into())])],
            vec![job_set(&[])],
            UpdateClass::Restart,
            true,
        ),
    ] {
        let plan = plan(
            &sample(),
            &object(&[&[("name", "a".into())], &config[..]].concat()),
            &prior(&before),
        );
        assert_eq!(plan.action(), Action::Update, "{what}");
        assert_eq!(plan.class(), Some(class), "{what}");
        assert_eq!(plan.planned.member("job_id").is_unknown(), facts_unknown, "{what}");
        assert_eq!(plan.planned.member("uid"), &"u1".into(), "{what}: stable");
    }
}

#[test]
fn replace_only_where_the_meaning_differs() {
    let job_block = ("job", job(&[]));
    for (what, before, config, path) in [
        ("name", vec![], vec![("name", "b".into())], Some("name")),
        ("mode", vec![], vec![("mode", "standalone".into())], Some("mode")),
        ("mode, spelled out", vec![("mode", "native".into())], vec![], None),
        (
            "a job where there was none",
            vec![],
            vec![job_block.clone()],
            Some("job"),
        ),
        ("no job where there was one", vec![job_block], vec![], Some("job")),
        ("namespace unset", vec![], vec![], None),
        ("unknown name", vec![], vec![("name", Value::Unknown)], Some("name")),
    ] {
        let before: Vec<(&str, Value)> = before;
        let plan = plan(
            &sample(),
            &object(&[&[("name", "a".into())], &config[..]].concat()),
            &prior(&before),
        );
        let paths: Vec<String> = plan.requires_replace.iter().map(ToString::to_string).collect();
        assert_eq!(paths.first().map(String::as_str), path, "{what}");
    }
}

/// Terraform takes the prior value in place of the configured one only where there is a prior value.
#[test]
fn a_default_that_is_spelled_out_is_planned_as_it_is_spelled() {
    let config = object(&[("name", "a".into()), ("mode", "native".into())]);
    let plan = plan(&sample(), &config, &prior(&[]));
    assert_eq!(plan.planned.member("mode"), &"native".into());
    assert_eq!(plan.action(), Action::Update);
    assert!(
        plan.changes.is_empty() && plan.requires_replace.is_empty(),
        "it means the same"
    );
    assert_eq!(
        plan.planned.member("job_id"),
        &"j1".into(),
        "nothing happens to the object"
    );
}

#[test]
fn what_the_resource_decides_stays_decided() {
    let block = sample();
    let mut plan = Plan::inputs(
        &block,
        &object(&[("name", "a".into()), ("image", "b".into())]),
        &prior(&[]),
    );
    plan.set("job_id", "kept".into());
    plan.finish(&block);
    assert_eq!(plan.planned.member("job_id"), &"kept".into());
}

#[test]
fn lists_of_blocks_follow_the_configuration_by_position() {
    let mut block = Block::default();
    let mut host = Block::default();
    <String as Field>::declare(&mut host, "name", "", FieldOptions::default());
    <Computed<String> as Field>::declare(&mut host, "address", "", FieldOptions::default());
    let Shape::Block(mut nested) = block_shape(host) else {
        panic!("a struct is a block")
    };
    nested.name = "host".into();
    nested.nesting = Nesting::List;
    block.blocks.push(*nested);
    let hosts = |names: &[(&str, Value)]| {
        let list = names
            .iter()
            .map(|(name, address)| Value::map([("name", (*name).into()), ("address", address.clone())]));
        Value::map([("host", Value::List(list.collect()))])
    };
    let before = hosts(&[("a", "1".into())]);
    let grown = plan(&block, &hosts(&[("a", Value::Null), ("b", Value::Null)]), &before);
    assert_eq!(grown.planned.member("host").as_elements().unwrap().len(), 2);
    assert_eq!(grown.changes[0].path.to_string(), "host");
    let same = plan(&block, &hosts(&[("a", Value::Null)]), &before);
    assert_eq!(same.action(), Action::Nothing);
}

fn any_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Unknown),
        "[aAbB]{1,2}".prop_map(|text| Value::string(&text))
    ]
}

fn known_text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), "[aAbB]{1,2}".prop_map(|text| Value::string(&text))]
}

proptest! {
    /// What Terraform enforces of every plan: where a configuration sets a value, the plan holds it or the prior one;
    /// unknown values stand only where the provider may compute one.
    #[test]
    fn every_plan_is_one_that_terraform_accepts(
        config in proptest::collection::vec(any_text(), 3),
        before in proptest::collection::vec(known_text(), 3),
        create: bool,
    ) {
        let block = sample();
        let names = ["namespace", "image", "memory"];
        let set = |values: &[Value]| -> Vec<(&str, Value)> { names.iter().copied().zip(values.iter().cloned()).collect() };
        let config = object(&[&[("name", "a".into())], &set(&config)[..]].concat());
        let before = if create { Value::Null } else { prior(&set(&before)) };
        let plan = plan(&block, &config, &before);
        for attribute in &block.attributes {
            let name = attribute.name.as_str();
            let (planned, config, before) = (plan.planned.member(name), config.member(name), before.member(name));
            if attribute.write_only {
                prop_assert!(planned.is_null());
            } else if !config.is_null() {
                prop_assert!(planned == config || (planned == before && !before.is_null()), "{name}: {planned:?}");
            } else if planned.is_unknown() {
                prop_assert!(attribute.computed, "{name} is unknown");
            }
        }
        prop_assert_eq!(block.implied_type(), Type::object(block.attributes.iter().map(|a| (a.name.clone(), a.ty.clone())).chain(block.blocks.iter().map(|b| (b.name.clone(), b.implied_type())))));
    }

    /// A plan made again from its own result changes nothing.
    #[test]
    fn planning_settles(config in proptest::collection::vec(known_text(), 3), before in proptest::collection::vec(known_text(), 3)) {
        let block = sample();
        let names = ["namespace", "image", "memory"];
        let set = |values: &[Value]| -> Vec<(&str, Value)> { names.iter().copied().zip(values.iter().cloned()).collect() };
        let config = object(&[&[("name", "a".into())], &set(&config)[..]].concat());
        let first = plan(&block, &config, &prior(&set(&before)));
        let applied = crate::reconcile::applied(&block, &first.planned, &prior(&[]));
        let second = plan(&block, &config, &applied.state);
        prop_assert_eq!(second.action(), Action::Nothing, "{:?}", second.changes);
    }
}
