use super::*;
use serde_json::json;

fn problems_of(text: &str) -> Vec<String> {
    PodTemplate::from_text(text)
        .unwrap()
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn misspelt_fields_name_the_nearest_real_one() {
    let found = problems_of(
        r"
        spec:
          serviceaccountname: flink
          containers:
            - name: flink-main-container
              volumeMount:
                - {name: data, mountPath: /data}
          volumes:
            - name: data
              persistenceVolumeClaim: {claimName: data}
        ",
    );
    assert_eq!(
        found,
        [
            "`spec.serviceaccountname`: Kubernetes has no field `serviceaccountname` here; did you mean `serviceAccountName`?",
            "`spec.containers[0].volumeMount`: Kubernetes has no field `volumeMount` here; did you mean `volumeMounts`?",
            "`spec.volumes[0].persistenceVolumeClaim`: Kubernetes has no field `persistenceVolumeClaim` here; did you mean `persistentVolumeClaim`?",
        ],
    );
}

#[test]
fn a_field_like_no_other_gets_no_suggestion() {
    assert_eq!(
        problems_of("spec: {xyzzy: 1}"),
        ["`spec.xyzzy`: Kubernetes has no field `xyzzy` here"]
    );
}

#[test]
fn all_values_of_the_wrong_type_are_found() {
    let found = problems_of(
        r#"{"metadata": {"labels": {"example.com/tier": 1}},
            "spec": {"containers": [{"name": "flink-main-container", "env": [{"name": "A", "value": 1}]}],
                     "terminationGracePeriodSeconds": "long"}}"#,
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].starts_with("`metadata.labels.example.com/tier`: invalid type: integer `1`, expected a string"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("`spec.containers[0].env[0].value`: invalid type"),
        "{found:?}"
    );
    assert!(
        found[2].starts_with("`spec.terminationGracePeriodSeconds`: invalid type: string \"long\""),
        "{found:?}"
    );
}

#[test]
fn what_operators_and_users_write_is_fine() {
    let template = r"
        apiVersion: v1
        kind: Pod
        metadata:
          name: pod-template
          annotations: {prometheus.io/port: '9249'}
        spec:
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [flink]}]}]
          tolerations: [{key: flink, operator: Equal, value: 'true', effect: NoSchedule}]
          securityContext: {runAsUser: 9999, fsGroup: 9999}
          containers:
            - name: flink-main-container
              envFrom: [{secretRef: {name: credentials}}]
              ports: [{containerPort: 9249, name: metrics}]
              resources: {limits: {cpu: 0.5, ephemeral-storage: 2Gi, example.com/gpu: 1}}
              livenessProbe: {httpGet: {path: /config, port: rest}}
          volumes:
            - {name: data, hostPath: {path: /data, type: Directory}}
            - {name: cache, emptyDir: {sizeLimit: 1Gi}}
    ";
    assert_eq!(problems_of(template), Vec::<String>::new());
    let template = PodTemplate::from_text(template).unwrap();
    assert!(!template.lacks_main_container());
    // Kubernetes takes fractions as text only.
    assert_eq!(
        template.0.pointer("/spec/containers/0/resources/limits/cpu"),
        Some(&json!("0.5"))
    );
}

#[test]
fn a_template_without_the_main_container() {
    let template = PodTemplate(json!({"spec": {"containers": [{"name": "main"}]}}));
    assert!(template.lacks_main_container());
    assert!(!PodTemplate(json!({"spec": {"volumes": []}})).lacks_main_container());
}

#[test]
fn compared_by_meaning() {
    let left = PodTemplate::from_text("{kind: Pod, spec: {nodeSelector: {a: b}, volumes: [], containers: [{name: flink-main-container, resources: {limits: {cpu: 500m, memory: 1Gi}}}]}}").unwrap();
    let right = PodTemplate::from_text(r#"{"spec":{"containers":[{"resources":{"limits":{"memory":"1024Mi","cpu":0.5}},"name":"flink-main-container"}],"nodeSelector":{"a":"b"}}}"#).unwrap();
    assert!(left.means_same(&right));
    let other = PodTemplate::from_text("{spec: {nodeSelector: {a: c}}}").unwrap();
    assert!(!left.means_same(&other));
    // emptyDir: {} means something, unlike an empty list.
    let empty_dir = PodTemplate(json!({"spec": {"volumes": [{"name": "a", "emptyDir": {}}]}}));
    let none = PodTemplate(json!({"spec": {"volumes": [{"name": "a"}]}}));
    assert!(!empty_dir.means_same(&none));
}

#[test]
fn text_that_is_no_template() {
    assert!(matches!(
        PodTemplate::from_text("spec: ["),
        Err(PodTemplateError::Syntax { .. })
    ));
    assert_eq!(
        PodTemplate::from_text("- a").unwrap_err().to_string(),
        "the pod template is a list, not an object",
    );
}
