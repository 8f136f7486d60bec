//! Sends a value in the spelling it already has in the cluster.
//!
//! The operator compares specifications as text: `1g` in place of `1024m` restarts the job. So where
//! the live value means the same, the live spelling is sent.

use serde_json::{Map, Value};

use crate::operator::configuration::scalar_text;
use crate::operator::resource::{FieldForm, Resource};

/// `planned` with every value that means the same as the live one spelled as it is spelled live.
/// Members that are only live are not added.
pub fn as_live<K: Resource>(planned: &Value, live: &Value) -> Value {
    spell::<K>(&mut Vec::new(), planned, Some(live))
}

fn spell<'p, K: Resource>(path: &mut Vec<&'p str>, planned: &'p Value, live: Option<&Value>) -> Value {
    let Some(live) = live else { return planned.clone() };
    if planned == live {
        return planned.clone();
    }
    match (K::form(path), planned, live) {
        (FieldForm::Flattened, Value::Object(planned), Value::Object(live)) => Value::Object(nest(planned, live)),
        (FieldForm::Tree, Value::Object(members), Value::Object(_)) => {
            let mut spelled = Map::new();
            for (name, member) in members {
                path.push(name);
                let present = live.get(name);
                // The operator restarts the job for its own default, too: a mode that was null and is `native`.
                if present.is_some() || !K::same_meaning(path, Some(member), None) {
                    spelled.insert(name.clone(), spell::<K>(path, member, present));
                }
                path.pop();
            }
            Value::Object(spelled)
        }
        _ if K::same_meaning(path, Some(planned), Some(live)) => live.clone(),
        _ => planned.clone(),
    }
}

/// Puts flat keys where the live object has them, however it nests them, with the live value where the
/// text is the same. New keys stay flat.
fn nest(planned: &Map<String, Value>, live: &Map<String, Value>) -> Map<String, Value> {
    let mut nested = Map::new();
    for (key, value) in planned {
        match locate(key, live) {
            Some((place, present)) => {
                let same = scalar_text(present) == scalar_text(value);
                insert(&mut nested, &place, if same { present.clone() } else { value.clone() });
            }
            None => {
                nested.insert(key.clone(), value.clone());
            }
        }
    }
    nested
}

/// Where a flat key is in a nested object, and its value.
fn locate<'v>(key: &str, object: &'v Map<String, Value>) -> Option<(Vec<String>, &'v Value)> {
    object.iter().find_map(|(name, value)| {
        let rest = key.strip_prefix(name.as_str())?;
        match (rest, value) {
            ("", Value::Object(_)) => None,
            ("", _) => Some((vec![name.clone()], value)),
            (_, Value::Object(deeper)) => {
                let (mut place, value) = locate(rest.strip_prefix('.')?, deeper)?;
                place.insert(0, name.clone());
                Some((place, value))
            }
            _ => None,
        }
    })
}

fn insert(object: &mut Map<String, Value>, place: &[String], value: Value) {
    let Some((name, rest)) = place.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.insert(name.clone(), value);
        return;
    }
    let deeper = object.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(deeper) = deeper {
        insert(deeper, rest, value);
    }
}

/// Whether all that is in `planned` is in `live` and means the same there.
pub fn fits<K: Resource>(planned: &Value, live: &Value) -> bool {
    fits_at::<K>(&mut Vec::new(), planned, Some(live))
}

fn fits_at<'p, K: Resource>(path: &mut Vec<&'p str>, planned: &'p Value, live: Option<&Value>) -> bool {
    match (K::form(path), planned) {
        (FieldForm::Tree, Value::Object(members)) => members.iter().all(|(name, member)| {
            path.push(name);
            let fits = fits_at::<K>(path, member, live.and_then(|live| live.get(name)));
            path.pop();
            fits
        }),
        (FieldForm::Flattened, Value::Object(members)) => members.iter().all(|(key, value)| {
            live.and_then(Value::as_object)
                .and_then(|live| locate(key, live))
                .is_some_and(|(_, present)| scalar_text(present) == scalar_text(value))
        }),
        _ => K::same_meaning(path, Some(planned), live),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::FlinkDeployment;
    use serde_json::json;

    #[test]
    fn a_default_that_is_absent_stays_absent() {
        let live = json!({"spec": {"image": "flink:1.20", "job": {"parallelism": 1}}});
        let planned =
            json!({"spec": {"image": "flink:1.20", "mode": "native", "job": {"parallelism": 1, "state": "running"}}});
        assert_eq!(as_live::<FlinkDeployment>(&planned, &live), live);
        let standalone = json!({"spec": {"mode": "standalone"}});
        assert_eq!(as_live::<FlinkDeployment>(&standalone, &live), standalone);
    }

    #[test]
    fn live_spelling_wins_where_the_meaning_is_the_same() {
        let live = json!({"metadata": {"labels": {"other": "x"}}, "spec": {
            "image": "flink:1.20",
            "flinkConfiguration": {"state": {"savepoints.dir": "a"}, "taskmanager.numberOfTaskSlots": 2},
            "jobManager": {"resource": {"memory": "1024m", "cpu": 1}, "replicas": 1},
            "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "resources": {"limits": {"cpu": "500m"}}}]}},
            "job": {"args": [], "state": "running"},
        }});
        let planned = json!({"spec": {
            "image": "flink:1.20.1",
            "flinkConfiguration": {"state.savepoints.dir": "a", "taskmanager.numberOfTaskSlots": "2", "new.key": "1"},
            "jobManager": {"resource": {"memory": "1g", "cpu": 1.0}},
            "podTemplate": {"spec": {"containers": [{"resources": {"limits": {"cpu": "0.5"}}, "name": "flink-main-container"}]}},
            "job": {"parallelism": 2},
        }});
        assert_eq!(
            as_live::<FlinkDeployment>(&planned, &live),
            json!({"spec": {
                "image": "flink:1.20.1",
                "flinkConfiguration": {"state": {"savepoints.dir": "a"}, "taskmanager.numberOfTaskSlots": 2, "new.key": "1"},
                "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
                "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "resources": {"limits": {"cpu": "500m"}}}]}},
                "job": {"parallelism": 2},
            }}),
        );
    }

    #[test]
    fn fitting_is_about_what_was_planned() {
        let live =
            json!({"spec": {"flinkConfiguration": {"a": {"b": 1}}, "job": {"state": "running", "parallelism": 2}}});
        assert!(fits::<FlinkDeployment>(
            &json!({"spec": {"flinkConfiguration": {"a.b": "1"}, "job": {"parallelism": 2}}}),
            &live
        ));
        assert!(fits::<FlinkDeployment>(&json!({"spec": {"job": {"args": []}}}), &live));
        assert!(!fits::<FlinkDeployment>(
            &json!({"spec": {"job": {"parallelism": 3}}}),
            &live
        ));
        assert!(!fits::<FlinkDeployment>(
            &json!({"spec": {"flinkConfiguration": {"a.c": "1"}}}),
            &live
        ));
    }
}
