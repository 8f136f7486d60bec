//! For any configuration that the schema allows, in any spelling: plan, object, read and plan again change nothing.

use proptest::arbitrary::any;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use terraform_schema::plan::Action;
use terraform_schema::{Attribute, NestedBlock, Nesting, Type};

use super::*;

/// Two spellings of one configuration, or of one value in it.
type Pair = (Value, Value);

/// Two configurations of a block that mean the same.
fn configurations(block: &Block) -> BoxedStrategy<Pair> {
    let attributes = block.attributes.iter().map(|attribute| {
        let pairs = if attribute.is_input() {
            attribute_values(attribute)
        } else {
            Just((Value::Null, Value::Null)).boxed()
        };
        named(&attribute.name, pairs)
    });
    let blocks = block.blocks.iter().map(|one| named(&one.name, blocks(one)));
    let members: Vec<_> = attributes.chain(blocks).collect();
    members
        .prop_map(|members| {
            let one = members.iter().map(|(name, (one, _))| (name.clone(), one.clone()));
            let other = members.iter().map(|(name, (_, other))| (name.clone(), other.clone()));
            (Value::map(one), Value::map(other))
        })
        .boxed()
}

fn named(name: &str, pairs: BoxedStrategy<Pair>) -> BoxedStrategy<(String, Pair)> {
    let name = name.to_owned();
    pairs.prop_map(move |pair| (name.clone(), pair)).boxed()
}

fn blocks(nested: &NestedBlock) -> BoxedStrategy<Pair> {
    let inside = configurations(&nested.block);
    match nested.nesting {
        Nesting::Single if nested.required => inside,
        Nesting::Single => prop_oneof![1 => Just((Value::Null, Value::Null)), 3 => inside].boxed(),
        Nesting::List => list(inside, Value::List),
        Nesting::Set => list(inside, Value::Set),
    }
}

/// Up to three pairs, as a pair of collections.
fn list(element: BoxedStrategy<Pair>, of: fn(Vec<Value>) -> Value) -> BoxedStrategy<Pair> {
    prop::collection::vec(element, 0..3)
        .prop_map(move |pairs| {
            let (one, other) = pairs.into_iter().unzip();
            (of(one), of(other))
        })
        .boxed()
}

/// Values of an attribute; null and what null is assumed to be, where that is said.
fn attribute_values(attribute: &Attribute) -> BoxedStrategy<Pair> {
    let set = set_values(attribute);
    match &attribute.assumed {
        _ if attribute.required => set,
        None => prop_oneof![1 => Just((Value::Null, Value::Null)), 3 => set].boxed(),
        Some(assumed) => {
            let default = two_of(vec![Value::Null, assumed.clone()]);
            prop_oneof![default, set].boxed()
        }
    }
}

/// Two of some values that mean the same.
fn two_of(same: Vec<Value>) -> BoxedStrategy<Pair> {
    any::<(Index, Index)>()
        .prop_map(move |(one, other)| (one.get(&same).clone(), other.get(&same).clone()))
        .boxed()
}

fn set_values(attribute: &Attribute) -> BoxedStrategy<Pair> {
    match attribute.semantics.words {
        "compared exactly" => exact(attribute, &attribute.ty),
        "compared as an amount of memory" => (1..100_u32).prop_flat_map(|gib| two_of(memory(gib))).boxed(),
        "compared as a quantity" => {
            let spelled = |gib: u64| [format!("{gib}Gi"), format!("{}Mi", gib << 10), (gib << 30).to_string()];
            let texts = (1..100_u64).prop_map(move |gib| spelled(gib).map(Value::string).to_vec());
            texts.prop_flat_map(two_of).boxed()
        }
        "compared as quantities" => quantities(),
        "compared as a pod template" => select(pod_templates()).prop_flat_map(two_of).boxed(),
        "compared as a length of time" => {
            let spelled = |hours: u32| [format!("{hours}h"), format!("{}m", hours * 60), format!("{hours}h0m")];
            let texts = (1..20_u32).prop_map(move |hours| spelled(hours).map(Value::string).to_vec());
            texts.prop_flat_map(two_of).boxed()
        }
        words => panic!(
            "`{}` is {words}: say here how to spell a value of it in two ways",
            attribute.name
        ),
    }
}

fn memory(gib: u32) -> Vec<Value> {
    let texts = [
        format!("{gib}g"),
        format!("{gib} GB"),
        format!("{}m", u64::from(gib) << 10),
        format!("{}k", u64::from(gib) << 20),
        format!("{gib}Gi"),
    ];
    texts.map(Value::string).to_vec()
}

fn quantities() -> BoxedStrategy<Pair> {
    let whole = |number: u32| {
        [number.to_string(), format!("{number}000m")]
            .map(Value::string)
            .to_vec()
    };
    let amount = |name: &'static str, spelled: fn(u32) -> Vec<Value>| {
        let pairs = (1..100_u32).prop_flat_map(move |number| two_of(spelled(number)));
        prop::option::of(pairs.prop_map(move |pair| (name, pair)))
    };
    (
        amount("cpu", whole),
        amount("memory", memory),
        amount("example.com/gpu", whole),
    )
        .prop_map(|(cpu, memory, gpu)| {
            let amounts: Vec<(&str, Pair)> = [cpu, memory, gpu].into_iter().flatten().collect();
            let one = amounts.iter().map(|(name, (one, _))| (*name, one.clone()));
            let other = amounts.iter().map(|(name, (_, other))| (*name, other.clone()));
            (Value::map(one), Value::map(other))
        })
        .boxed()
}

/// Templates, each in several spellings.
fn pod_templates() -> Vec<Vec<Value>> {
    let object = |json: Json| Value::dynamic_from_json(&json);
    let text = |yaml: &str| Value::Dynamic(Box::new((Type::String, Value::from(yaml))));
    let limits = |cpu: Json| json!([{"name": "flink-main-container", "resources": {"limits": {"cpu": cpu}}}]);
    vec![
        vec![
            object(json!({"spec": {"nodeSelector": {"pool": "flink"}}})),
            object(json!({"kind": "Pod", "spec": {"volumes": [], "nodeSelector": {"pool": "flink"}}})),
            text("spec:\n  nodeSelector: {pool: flink}\n"),
            text(r#"{"spec": {"nodeSelector": {"pool": "flink"}}}"#),
        ],
        vec![
            object(json!({"spec": {"containers": limits(json!("500m"))}})),
            object(json!({"spec": {"containers": limits(json!(0.5))}})),
            text("spec: {containers: [{name: flink-main-container, resources: {limits: {cpu: 500m}}}]}"),
        ],
        vec![object(json!({})), text("{}")],
    ]
}

/// The same value twice. Numbers may be written with different digits.
fn exact(attribute: &Attribute, ty: &Type) -> BoxedStrategy<Pair> {
    match ty {
        Type::Bool => any::<bool>().prop_map(|value| (value.into(), value.into())).boxed(),
        Type::Number if attribute.range.as_ref().is_some_and(|range| range.whole) => {
            (1..1000_i64).prop_map(|number| (number.into(), number.into())).boxed()
        }
        Type::Number => (1..100_u32, select(vec!["25", "5", "75"]))
            .prop_map(|(whole, part)| {
                let number = |text: String| Value::Number(text.parse().unwrap());
                (number(format!("{whole}.{part}")), number(format!("{whole}.{part}00")))
            })
            .boxed(),
        Type::String if !attribute.choices.is_empty() => {
            let texts: Vec<Value> = attribute
                .choices
                .iter()
                .map(|choice| choice.value.as_str().into())
                .collect();
            select(texts).prop_map(|text| (text.clone(), text)).boxed()
        }
        Type::String => prop_oneof!["[a-z][a-z0-9-]{0,8}", "\\PC{1,8}"]
            .prop_map(|text| (Value::string(&text), Value::string(&text)))
            .boxed(),
        Type::List(element) => list(exact(attribute, element), Value::List),
        Type::Set(element) => list(exact(attribute, element), Value::Set),
        Type::Map(element) => prop::collection::btree_map("[a-z][a-z0-9./-]{0,8}", exact(attribute, element), 0..3)
            .prop_map(|members| {
                let one = members.iter().map(|(key, (one, _))| (key.clone(), one.clone()));
                let other = members.iter().map(|(key, (_, other))| (key.clone(), other.clone()));
                (Value::map(one), Value::map(other))
            })
            .boxed(),
        Type::Dynamic | Type::Object(_) | Type::Tuple(_) => {
            panic!(
                "`{}` is of type {ty}: say here how to make a value of it",
                attribute.name
            )
        }
    }
}

/// What the cluster adds to an object that was sent.
fn kept(mut object: Json) -> Json {
    object["metadata"]["uid"] = json!("6f1c");
    object["metadata"]["generation"] = json!(1);
    owned(object)
}

/// Which resource, and two spellings of one configuration of it.
fn any_configuration() -> impl Strategy<Value = (usize, Pair)> {
    let blocks: Vec<_> = resources()
        .iter()
        .enumerate()
        .map(|(index, resource)| (Just(index), configurations(&resource.schema().block)).boxed())
        .collect();
    proptest::strategy::Union::new(blocks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_applied_plans_nothing((index, (config, respelled)) in any_configuration()) {
        let resource = &resources()[index];
        let block = &resource.schema().block;
        let mapping = mapping_of(resource.name());
        let (config, respelled) = ((mapping.sensible)(config), (mapping.sensible)(respelled));
        let object = |config: &Value| kept((mapping.sent)(&mapping.planned(block, config)));

        let state = mapping.applied(block, &mapping.planned(block, &config), &object(&config));
        prop_assert_eq!(&mapping.read(block, &state, &object(&config)), &state);

        // Somebody spells the object otherwise, and somebody the configuration.
        let read = mapping.read(block, &state, &object(&respelled));
        prop_assert_eq!(&read, &state);
        for config in [&config, &respelled] {
            let plan = mapping.plan(block, config, &read);
            prop_assert_eq!(&plan.changes, &Vec::new());
            prop_assert_eq!(&plan.requires_replace, &Vec::new());
            let settled = *read.member("ready") == true.into() || *read.member("state") == "COMPLETED".into();
            prop_assert!(plan.action() == Action::Nothing || !settled);
        }
    }
}
