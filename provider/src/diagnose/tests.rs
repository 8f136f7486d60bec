use flink_client::kubernetes::conflict::FieldConflict;
use flink_client::kubernetes::{CreateError, FieldCause, KubernetesError, Peer, UnknownField, WriteError};
use flink_client::operator::FlinkDeployment;
use flink_client::operator::OperatorError;
use flink_client::operator::causes::{Causes, PodTrouble};
use flink_client::operator::settle::{End, NotReady};
use flink_client::secret::Mask;
use terraform_schema::{Diagnostics, Model};

use super::*;
use crate::resources::flink_deployment::model::Deployment;

mod connections;
mod removals;
mod session_jobs;

const SERVER: &str = "https://kubernetes.example.com";

fn said(problems: impl IntoIterator<Item = Diagnostic>) -> Vec<(String, String, String)> {
    let problems = problems.into_iter();
    problems
        .map(|problem| (problem.path.to_string(), problem.summary, problem.detail))
        .collect()
}

/// One error message in good form, with its path, summary and a part of its detail.
fn check(problems: Diagnostics, path: &str, summary: &str, part: &str) {
    for problem in &problems {
        assert!(problem.is_error());
        assert!(
            !problem.summary.ends_with('.') && problem.summary.starts_with(char::is_uppercase),
            "{}",
            problem.summary
        );
        assert!(
            problem.detail.starts_with(|c: char| c.is_uppercase() || c == '`'),
            "{}",
            problem.detail
        );
        assert!(problem.detail.trim_end().ends_with(['.', '}']), "{}", problem.detail);
        assert!(!problem.detail.contains(".."), "{}", problem.detail);
    }
    let said = said(problems);
    assert_eq!(said.len(), 1, "{said:?}");
    let (at, headline, detail) = &said[0];
    assert_eq!((at.as_str(), headline.as_str()), (path, summary));
    assert!(detail.contains(part), "{detail}");
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_api_server_and_the_way_to_it() {
    let (server, what) = (text(SERVER), text("patch flinkdeployments team/orders"));
    let namespace = text("team");
    let cases = [
        (
            KubernetesError::Connection(Box::new(ConnectionError::NothingConfigured)),
            "No Kubernetes cluster is configured",
            "`KUBECONFIG`",
        ),
        (
            KubernetesError::Cut {
                server: server.clone(),
                what: what.clone(),
                reason: text("reset"),
            },
            "No answer from the Kubernetes API server",
            "Run Terraform again",
        ),
        (
            KubernetesError::TimedOut {
                server: server.clone(),
                what: what.clone(),
                seconds: 30,
            },
            "No answer from the Kubernetes API server",
            "30 s",
        ),
        (
            KubernetesError::Stopped { what: what.clone() },
            "Stopped on request",
            "go on",
        ),
        (
            KubernetesError::Unauthorized {
                peer: Peer::at(server.as_str()).into(),
            },
            "Kubernetes does not accept the credentials",
            "expired",
        ),
        (
            KubernetesError::Forbidden {
                verb: text("patch"),
                resource: text("flinkdeployments.flink.apache.org"),
                namespace: namespace.clone(),
                message: text("User \"ci\" cannot patch"),
            },
            "Not allowed by Kubernetes",
            r#"apiGroups ["flink.apache.org"], resources ["flinkdeployments"], verbs ["patch"]"#,
        ),
        (
            KubernetesError::DefinitionMissing {
                server: server.clone(),
                resource: text("flinkdeployments.flink.apache.org"),
            },
            "Flink Kubernetes Operator is not installed",
            "Helm chart `flink-kubernetes-operator`",
        ),
        (
            KubernetesError::VersionNotServed {
                server: server.clone(),
                resource: text("flinkdeployments.flink.apache.org"),
                versions: vec![text("v1alpha1"), text("v1")],
            },
            "Version of the custom resource is not served",
            "serves flinkdeployments.flink.apache.org in v1alpha1, v1, and not in v1beta1. The operator",
        ),
        (
            KubernetesError::NamespaceMissing {
                server: server.clone(),
                namespace: namespace.clone(),
            },
            "Namespace does not exist",
            "kubernetes_namespace",
        ),
        (
            KubernetesError::NamespaceReplaced {
                server: server.clone(),
                namespace: namespace.clone(),
                expected: text("a"),
                found: text("b"),
            },
            "Another cluster, or another namespace of the same name",
            "terraform state rm",
        ),
        (
            KubernetesError::NamespaceTerminating { namespace },
            "Namespace is being deleted",
            "team",
        ),
        (
            KubernetesError::NotAnApiServer {
                server: server.clone(),
                code: 200,
            },
            "Not a Kubernetes API server",
            "login page",
        ),
        (
            KubernetesError::Rejected {
                what: what.clone(),
                code: 403,
                message: text("admission webhook denied the request: no"),
                causes: Vec::new(),
            },
            "Kubernetes refused the object",
            "denied",
        ),
        (
            KubernetesError::Server {
                what: what.clone(),
                code: 500,
                message: text("boom"),
            },
            "Kubernetes API server failed",
            "boom",
        ),
        (
            KubernetesError::Malformed {
                what,
                reason: text("`spec`: expected a map"),
            },
            "Answer of the Kubernetes API server cannot be read",
            "spec",
        ),
    ];
    for (error, summary, part) in cases {
        check(kubernetes(&error, &Deployment::block()), "", summary, part);
    }
}

#[test]
fn what_kubernetes_refuses_is_said_at_the_attribute() {
    let cause = |field: &str| FieldCause {
        field: text(field),
        message: text("Unsupported value: \"x\""),
    };
    let error = KubernetesError::Rejected {
        what: text("patch"),
        code: 422,
        message: text("invalid"),
        causes: vec![
            cause("spec.job.upgradeMode"),
            cause("spec.flinkConfiguration.rest.port"),
            cause("spec.unknown"),
        ],
    };
    let paths: Vec<String> = said(kubernetes(&error, &Deployment::block()))
        .into_iter()
        .map(|said| said.0)
        .collect();
    assert_eq!(paths, ["job.upgrade_mode", r#"flink_configuration["rest.port"]"#, ""]);
}

#[test]
fn writes_that_did_not_take_place() {
    let (kind, namespace, name) = ("FlinkDeployment", text("team"), text("orders"));
    let conflict = FieldConflict {
        field: text("spec.job.parallelism"),
        path: vec![],
        manager: text("kubectl-edit"),
    };
    let unknown = UnknownField {
        field: text("spec.jobManager.resources"),
        since: Some("1.16"),
    };
    let lost = KubernetesError::TimedOut {
        server: text(SERVER),
        what: text("patch"),
        seconds: 30,
    };
    let cases = [
        (
            WriteError::Gone {
                kind,
                namespace: namespace.clone(),
                name: name.clone(),
            },
            "",
            "Object is gone",
            "team/orders",
        ),
        (
            WriteError::Replaced {
                kind,
                namespace: namespace.clone(),
                name: name.clone(),
                expected: text("a"),
                found: text("b"),
            },
            "",
            "Object was created anew",
            "Nothing was written",
        ),
        (
            WriteError::BeingDeleted {
                kind,
                namespace: namespace.clone(),
                name: name.clone(),
            },
            "",
            "Object is being deleted",
            "Wait",
        ),
        (
            WriteError::Conflict {
                kind,
                namespace: namespace.clone(),
                name: name.clone(),
                conflicts: vec![conflict],
            },
            "job.parallelism",
            "Field belongs to another manager",
            "force_conflicts",
        ),
        (
            WriteError::UnknownFields {
                kind,
                fields: vec![unknown],
            },
            "job_manager.resources",
            "Installed operator does not know a field",
            "Operator 1.16",
        ),
        (
            WriteError::Contended {
                kind,
                namespace: namespace.clone(),
                name: name.clone(),
                attempts: 5,
            },
            "",
            "Object keeps changing",
            "5 attempts",
        ),
        (
            WriteError::Unsettled {
                kind,
                namespace,
                name,
                source: lost,
            },
            "",
            "Outcome of a write is not known",
            "30 s",
        ),
    ];
    for (error, path, summary, part) in cases {
        check(write(&error, &Deployment::block()), path, summary, part);
    }
}

#[test]
fn creations_that_did_not_take_place() {
    let (kind, namespace, name) = ("FlinkDeployment", text("team"), text("orders-eu"));
    let exists = CreateError::Exists {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
        uid: text("a"),
        ours: false,
        managers: vec![text("kubectl")],
    };
    check(
        create(&exists, &Deployment::block(), "flink_deployment"),
        "name",
        "Object exists already",
        "id = \"team/orders-eu\"",
    );
    let deleted = CreateError::BeingDeleted { kind, namespace, name };
    check(
        create(&deleted, &Deployment::block(), "flink_deployment"),
        "",
        "Former object is still being deleted",
        "finalizers",
    );
}

#[test]
fn waits_that_ended_without_success() {
    let mut mask = Mask::default();
    mask.add(["hunter2"].into_iter());
    let unseen = KubernetesError::Unauthorized {
        peer: Peer::at(SERVER).into(),
    };
    let after = std::time::Duration::from_secs(900);
    let object = "FlinkDeployment team/orders";
    let cases = [
        (
            End::Failed,
            "FlinkDeployment team/orders did not become ready",
            "Correct the configuration",
        ),
        (
            End::TimedOut { after },
            "FlinkDeployment team/orders is not ready yet",
            "within 15 min",
        ),
        (End::Stopped, "Stopped on request", "go on waiting"),
        (
            End::Unseen(unseen),
            "Kubernetes does not accept the credentials",
            "expired",
        ),
    ];
    for (end, summary, part) in cases {
        let reason = text("the job has failed: cannot log in with hunter2");
        let operator = Some(OperatorError::decode("cannot log in with hunter2"));
        let pods = vec![PodTrouble {
            pod: text("orders-1"),
            container: Some(text("flink-main-container")),
            reason: text("CrashLoopBackOff"),
            message: text("password hunter2 refused"),
        }];
        let causes = Causes {
            operator,
            pods,
            unseen: vec![text("not allowed to list events in namespace team: hunter2 may not")],
            ..Causes::default()
        };
        let error: NotReady<FlinkDeployment> = NotReady {
            end,
            reason,
            live: None,
            causes,
        };
        let tainted = not_ready(&error, object, Afterwards::Tainted, &mask, &Deployment::block());
        let said = tainted
            .iter()
            .any(|problem| problem.detail.contains("terraform untaint"));
        assert_eq!(said, !matches!(error.end, End::Unseen(_)), "a failed create is tainted");
        let acted = not_ready(&error, object, Afterwards::Acted, &mask, &Deployment::block());
        let acted = acted.iter().next().unwrap().detail.clone();
        for words in ["pply again", "is in state", "untaint"] {
            assert!(!acted.contains(words), "an action is of no resource: {acted}");
        }
        let problems = not_ready(&error, object, Afterwards::WaitsAgain, &mask, &Deployment::block());
        let detail = problems.iter().next().unwrap().detail.clone();
        assert!(!detail.contains("hunter2"), "{detail}");
        assert!(!detail.contains("The operator reports"), "said once: {detail}");
        if matches!(error.end, End::Failed | End::TimedOut { .. }) {
            assert!(
                detail.contains("\n- Pod orders-1, container flink-main-container: CrashLoopBackOff"),
                "{detail}"
            );
            assert!(
                detail.contains("could not be read: not allowed to list events"),
                "{detail}"
            );
        }
        check(problems, "", summary, part);
    }
}

/// What people meet most often names its way out, at the attribute where there is one.
#[test]
fn what_to_do_about_pods_that_do_not_start() {
    let pod = |reason: &str| PodTrouble {
        pod: text("orders-1"),
        container: None,
        reason: text(reason),
        message: String::new(),
    };
    let deployment_failed = |reason: &str, message: &str| {
        let error = serde_json::json!({"type": "a.DeploymentFailedException", "message": message,
                                       "additionalMetadata": {"reason": reason}});
        Some(OperatorError::decode(&error.to_string()))
    };
    let no_account = "pods \"orders-\" is forbidden: error looking up service account team/flink: serviceaccount \"flink\" not found";
    for (operator, pods, path, part) in [
        (
            deployment_failed("FailedCreate", no_account),
            vec![],
            "service_account",
            "`depends_on`",
        ),
        (
            deployment_failed("FailedCreate", "exceeded quota: team"),
            vec![],
            "",
            "quota",
        ),
        (
            deployment_failed("ImagePullBackOff", "back-off"),
            vec![],
            "image",
            "pull secret",
        ),
        (None, vec![pod("ErrImageNeverPull")], "image", "registry"),
        (
            deployment_failed("CrashLoopBackOff", "back-off 20s"),
            vec![],
            "",
            "kubectl logs",
        ),
        (None, vec![pod("Unschedulable")], "", "tolerations"),
    ] {
        let error: NotReady<FlinkDeployment> = NotReady {
            end: End::Failed,
            reason: text("so it is"),
            live: None,
            causes: Causes {
                operator,
                pods,
                ..Causes::default()
            },
        };
        let problems = not_ready(
            &error,
            "FlinkDeployment team/orders",
            Afterwards::WaitsAgain,
            &Mask::default(),
            &Deployment::block(),
        );
        check(problems, path, "FlinkDeployment team/orders did not become ready", part);
    }
}

#[test]
fn fragments_become_sentences() {
    assert_eq!(sentences("no answer", ""), "No answer.");
    assert_eq!(sentences("no answer.", "Try again."), "No answer. Try again.");
    assert_eq!(sentences("`x` is missing", ""), "`x` is missing.");
}
