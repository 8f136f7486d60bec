//! Connections: every error names where the wrong part was found, and the way out.

use flink_client::kubernetes::{ExecProblem, Obstacle, Peer};

use super::*;

fn peer() -> Peer {
    Peer {
        server: text(SERVER),
        named_by: text("cluster `dev` in `~/.kube/config`"),
        credentials: text("the token of user `ci` in `~/.kube/config`"),
        authority: text("`cluster_ca_certificate`"),
        proxy: Some(text("proxy `http://proxy.example.com:3128` of `proxy_url`")),
    }
}

#[test]
fn what_is_in_the_way_says_which_setting_to_look_at() {
    let away = "Kubernetes API server cannot be reached";
    let certificate = "Certificate of the Kubernetes API server is not accepted";
    for (obstacle, summary, part) in [
        (
            Obstacle::Refused,
            away,
            "cluster `dev` in `~/.kube/config` names the right one",
        ),
        (Obstacle::UnknownHost, away, "VPN"),
        (Obstacle::Silence, away, "`proxy_url`"),
        (
            Obstacle::UnknownAuthority,
            certificate,
            "It is not signed by `cluster_ca_certificate`.",
        ),
        (Obstacle::OtherName, certificate, "`tls_server_name`"),
        (Obstacle::Expired, certificate, "clock"),
        (Obstacle::Certificate, certificate, "another certificate"),
        (Obstacle::NoTls, away, "Check the port in cluster `dev`"),
        (
            Obstacle::ProxyUnreachable,
            away,
            "proxy `http://proxy.example.com:3128` of `proxy_url` cannot be reached",
        ),
        (Obstacle::ProxyLogin, away, "`http://user:password@proxy.example.com`"),
        (
            Obstacle::ProxyRefused,
            away,
            "does not lead to https://kubernetes.example.com",
        ),
        (Obstacle::Other, away, "Nothing was sent"),
    ] {
        let error = KubernetesError::Unreachable {
            peer: peer().into(),
            obstacle,
            reason: text("so it is"),
        };
        check(kubernetes(&error, &Deployment::block()), "", summary, part);
        let named = "(named by cluster `dev` in `~/.kube/config`) cannot be reached: so it is.";
        check(kubernetes(&error, &Deployment::block()), "", summary, named);
    }
}

#[test]
fn who_asks_is_said_when_that_is_refused() {
    let error = KubernetesError::Unauthorized { peer: peer().into() };
    let part = "does not accept the token of user `ci` in `~/.kube/config` (401 Unauthorized). They may have expired";
    let summary = "Kubernetes does not accept the credentials";
    check(kubernetes(&error, &Deployment::block()), "", summary, part);
    let nobody = KubernetesError::Forbidden {
        verb: text("get"),
        resource: text("flinkdeployments.flink.apache.org"),
        namespace: text("team"),
        message: text("User \"system:anonymous\" cannot get resource"),
    };
    check(
        kubernetes(&nobody, &Deployment::block()),
        "",
        "No credentials for Kubernetes",
        "name a kubeconfig whose context has a user",
    );
    let plain = KubernetesError::NotAnApiServer {
        server: text("http://kubernetes.example.com/"),
        code: 400,
    };
    check(
        kubernetes(&plain, &Deployment::block()),
        "",
        "Not a Kubernetes API server",
        "wants `https://`",
    );
}

#[test]
fn exec_plugins_that_hand_out_nothing() {
    for (problem, part) in [
        (ExecProblem::NoCommand, "it has no `command`"),
        (ExecProblem::UnknownVersion(text("v0")), "is configured for `v0`"),
        (ExecProblem::WantsTerminal, "Log in with the tool itself first"),
        (ExecProblem::NotFound(None), "PATH"),
        (ExecProblem::NotStarted(text("permission denied")), "permission denied"),
        (
            ExecProblem::Failed {
                status: text("exit status: 1"),
                stderr: text("no session"),
            },
            "it failed (exit status: 1), and said: no session. Run the command by hand",
        ),
        (
            ExecProblem::TimedOut {
                seconds: 120,
                stderr: String::new(),
            },
            "did not end within 120 s",
        ),
        (ExecProblem::NotACredential(text("it is empty")), "prints nothing else"),
        (
            ExecProblem::OtherVersion {
                expected: text("v1"),
                found: text("v1beta1"),
            },
            "Set `api_version`",
        ),
    ] {
        let error = ConnectionError::Exec {
            credentials: text("the credentials of the exec plugin `aws` of `exec`"),
            problem,
        };
        let error = KubernetesError::Connection(Box::new(error));
        let summary = "Exec plugin handed out no credentials";
        check(kubernetes(&error, &Deployment::block()), "", summary, part);
        let named = "The credentials of the exec plugin `aws` of `exec` cannot be had: it ";
        check(kubernetes(&error, &Deployment::block()), "", summary, named);
    }
}
