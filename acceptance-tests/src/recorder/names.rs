//! Names that differ between two runs of one scenario.

use serde_json::Value;

use crate::recording::Scenario;

/// Lets a scenario happen in another namespace.
pub fn move_to(scenario: &mut Scenario, namespace: &str) {
    for step in &mut scenario.steps {
        if step.kind == "Namespace" && step.name == scenario.namespace {
            namespace.clone_into(&mut step.name);
        }
        let place = step
            .manifest
            .as_mut()
            .and_then(|manifest| manifest.pointer_mut("/metadata/namespace"));
        if let Some(place) = place.filter(|place| **place == scenario.namespace.as_str()) {
            *place = namespace.into();
        }
    }
    namespace.clone_into(&mut scenario.namespace);
}

/// The part of a pod's name that is the same in each run: without what Kubernetes or Flink made up.
///
/// Pods of a Deployment are called `<deployment>-<hash of the template>-<random>`, TaskManagers in native mode
/// `<cluster>-taskmanager-<attempt>-<index>`.
pub fn lasting_part(pod: &str) -> &str {
    let parts: Vec<_> = pod.rsplitn(3, '-').collect();
    let [last, middle, first] = parts[..] else { return pod };
    let numbered = [last, middle].iter().all(|part| is_number(part)) && first.ends_with("-taskmanager");
    let replica = last.len() == 5 && is_made_up(last) && (6..=10).contains(&middle.len()) && is_made_up(middle);
    if numbered || replica { first } else { pod }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|character| character.is_ascii_digit())
}

/// Kubernetes makes names up of letters and digits that do not make words: no vowels, no 0, 1 and 3.
fn is_made_up(part: &str) -> bool {
    part.chars()
        .all(|character| "bcdfghjklmnpqrstvwxz2456789".contains(character))
}

/// The pod that a scenario means by this name: the same one, or else the youngest that is called alike.
pub fn pod_meant<'p>(name: &str, pods: &'p [Value]) -> Option<&'p str> {
    let named = |pod: &'p Value| pod["metadata"]["name"].as_str().map(|name| (name, pod));
    let living = pods
        .iter()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .filter_map(named);
    let alike: Vec<_> = living
        .filter(|(found, _)| lasting_part(found) == lasting_part(name))
        .collect();
    let same = alike.iter().find(|(found, _)| *found == name);
    let youngest = || {
        alike
            .iter()
            .max_by_key(|(_, pod)| pod["metadata"]["creationTimestamp"].as_str())
    };
    same.or_else(youngest).map(|(found, _)| *found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_made_up_is_no_part_of_a_name() {
        let cases = [
            ("app-658f5f9988-g7wcd", "app"),
            ("app-6d46f474f-xmdth", "app"),
            ("my-app-7795f69668-lkgbz", "my-app"),
            ("app-taskmanager-1-1", "app-taskmanager"),
            ("app-taskmanager-7795f69668-lkgbz", "app-taskmanager"),
            ("flink-kubernetes-operator", "flink-kubernetes-operator"),
            (
                "flink-kubernetes-operator-5dc8747654-d79v4",
                "flink-kubernetes-operator",
            ),
            ("app", "app"),
            ("app-2-1", "app-2-1"),
        ];
        for (pod, lasting) in cases {
            assert_eq!(lasting_part(pod), lasting);
        }
    }

    #[test]
    fn the_youngest_living_pod_is_meant() {
        let pod = |name: &str, second: u8| json!({ "metadata": { "name": name, "creationTimestamp": format!("2026-01-01T00:00:0{second}Z") } });
        let mut dying = pod("app-taskmanager-1-3", 9);
        dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:09Z".into();
        let pods = [
            pod("app-7795f69668-lkgbz", 1),
            pod("app-taskmanager-1-1", 2),
            pod("app-taskmanager-1-2", 3),
            dying,
            pod("other-7795f69668-lkgbz", 4),
        ];
        let cases = [
            ("app-658f5f9988-g7wcd", Some("app-7795f69668-lkgbz")),
            ("app-taskmanager-1-1", Some("app-taskmanager-1-1")),
            ("app-taskmanager-2-1", Some("app-taskmanager-1-2")),
            ("missing-658f5f9988-g7wcd", None),
        ];
        for (name, meant) in cases {
            assert_eq!(pod_meant(name, &pods), meant);
        }
    }

    #[test]
    fn a_scenario_moves_with_everything_in_it() {
        let text = "{ name: s, description: d, operatorVersion: '1', kubernetesVersion: v1, namespace: flink, webhook: false, steps: [\
            { t: 0.0, action: apply, kind: FlinkDeployment, name: app, manifest: { metadata: { name: flink, namespace: flink }, spec: { image: 'flink:1' } } },\
            { t: 1.0, action: patch, kind: FlinkDeployment, name: flink, manifest: { spec: {} } },\
            { t: 2.0, action: delete, kind: Namespace, name: flink }] }";
        let mut scenario: Scenario = serde_saphyr::from_str(text).unwrap();
        move_to(&mut scenario, "elsewhere");
        assert_eq!(scenario.namespace, "elsewhere");
        let manifest = scenario.steps[0].manifest.as_ref().unwrap();
        assert_eq!(
            manifest["metadata"],
            json!({ "name": "flink", "namespace": "elsewhere" })
        );
        assert_eq!(manifest["spec"]["image"], "flink:1");
        assert_eq!(
            (scenario.steps[1].name.as_str(), scenario.steps[2].name.as_str()),
            ("flink", "elsewhere")
        );
    }
}
