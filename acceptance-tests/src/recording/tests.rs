//! Every recording, read and written.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;

/// The folders of all recordings.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let entries = fs::read_dir(root).unwrap().map(Result::unwrap);
    entries
        .map(|entry| entry.path())
        .filter(|path| path.join(SCENARIO).exists())
        .collect()
}

#[test]
fn what_is_read_is_written_again_with_the_same_meaning() {
    for folder in folders() {
        let recording = Recording::read(&folder).unwrap();
        let copy = tempfile::tempdir().unwrap();
        recording.write(copy.path()).unwrap();
        assert_eq!(Recording::read(copy.path()).unwrap(), recording, "{}", folder.display());
        for file in [EVENTS, REST] {
            assert_eq!(values(copy.path(), file), values(&folder, file), "{}", folder.display());
        }
        // The types lose nothing: a field that they do not know is refused, and null means absent.
        assert_eq!(yaml(copy.path()), yaml(&folder), "{}", folder.display());
    }
}

fn values(folder: &Path, file: &str) -> Option<Vec<Value>> {
    lines(&folder.join(file)).unwrap()
}

/// The scenario as it is in the file, without the fields of results that are null.
fn yaml(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join(SCENARIO)).unwrap();
    let mut scenario: Value = serde_saphyr::from_str(&text).unwrap();
    for step in scenario["steps"].as_array_mut().unwrap() {
        step["result"]
            .as_object_mut()
            .unwrap()
            .retain(|_, fact| !fact.is_null());
    }
    scenario
}

#[test]
fn what_was_recorded_is_reduced_as_ours_is() {
    for folder in folders() {
        let mut last = std::collections::BTreeMap::new();
        for change in Recording::read(&folder).unwrap().changes {
            let mut object = change.object.clone();
            if object["kind"] == "ConfigMap" {
                let keys = object["dataKeys"].as_array().unwrap().clone();
                let data: serde_json::Map<_, _> = keys
                    .iter()
                    .map(|key| (key.as_str().unwrap().to_owned(), json!("")))
                    .collect();
                object["data"] = data.into();
            }
            assert_eq!(
                reduction::reduced(&object),
                Some(change.object.clone()),
                "{}",
                folder.display()
            );
            let before = last.insert(change.object["metadata"]["uid"].to_string(), change.object.clone());
            if change.change == ChangeType::Modified && !reduction::is_complete(&change.object) {
                assert_ne!(before, Some(change.object), "{}: said twice", folder.display());
            }
        }
    }
}

#[test]
fn a_recording_that_is_none_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "{ name: s, description: d, operatorVersion: '1', kubernetesVersion: v1, namespace: n, webhook: false, \
                    steps: [{ t: 0.0, action: apply, kind: FlinkDeployment, name: app }] }";
    let cases = [
        (
            scenario.replace("apply", "replace"),
            None,
            "scenario.yaml is no scenario",
        ),
        (scenario.replace("kind", "sort"), None, "scenario.yaml is no scenario"),
        (scenario.to_owned(), None, "there is no events.jsonl in"),
        (
            scenario.to_owned(),
            Some("{\"t\":0,\"type\":\"BOOKMARK\",\"object\":{}}"),
            "read line 1 of",
        ),
    ];
    for (scenario, events, message) in cases {
        fs::write(folder.path().join(SCENARIO), scenario).unwrap();
        if let Some(events) = events {
            fs::write(folder.path().join(EVENTS), events).unwrap();
        }
        let error = Recording::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_recording_without_rest_calls_has_no_such_file() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario {
        name: "nothing".to_owned(),
        description: "Nothing happens: \"really\", #nothing".to_owned(),
        operator_version: "1.15.0".to_owned(),
        flink_version: None,
        kubernetes_version: "v1.34.4".to_owned(),
        namespace: "no".to_owned(),
        webhook: false,
        operator_config: [("kubernetes.operator.reconcile.interval".to_owned(), "5 s".to_owned())].into(),
        notes: vec![Note {
            t: 1.5,
            text: "first line\nsecond: line".to_owned(),
        }],
        steps: vec![Step {
            t: 0.25,
            action: Action::Apply,
            note: None,
            kind: "FlinkDeployment".to_owned(),
            name: "app".to_owned(),
            result: Some(StepResult {
                http: 201,
                generation: Some(1),
                ..StepResult::default()
            }),
            manifest: Some(
                json!({ "spec": { "a": "5", "b": 5, "c": 0.1, "d": "yes", "e": "1e3", "f": [], "g": {}, "h": null } }),
            ),
        }],
    };
    let recording = Recording {
        scenario,
        changes: Vec::new(),
        answers: Vec::new(),
    };
    recording.write(folder.path()).unwrap();
    assert!(!folder.path().join(REST).exists());
    assert_eq!(Recording::read(folder.path()).unwrap(), recording);
}
