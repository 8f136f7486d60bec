//! Kubeconfigs: several files, names in them, and settings laid over them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn several_files_make_one() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let clusters = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "eu", "cluster": {"server": stage.access.server, "certificate-authority": "../ca.pem"}}],
        "contexts": [{"name": "eu-team", "context": {"cluster": "eu", "user": "team", "namespace": "ignored"}}],
    });
    let users = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "eu-team",
        "users": [{"name": "team", "user": {"token": token}}],
        // The first file that has a name counts.
        "clusters": [{"name": "eu", "cluster": {"server": "https://127.0.0.1:1"}}],
    });
    stage.file("ca.pem", &stage.access.authority);
    let clusters = stage
        .file("clusters/config", &clusters.to_string())
        .display()
        .to_string();
    let users = stage.file("users/config", &users.to_string()).display().to_string();
    let both = Connection {
        config_paths: vec![clusters.clone(), users.clone()],
        ..Connection::default()
    };
    stage.try_once(&both).await.unwrap();
    let joined = std::env::join_paths([&clusters, &users])
        .unwrap()
        .into_string()
        .unwrap();
    let with_missing = format!("/nonexistent/config:{joined}");
    for (variable, value) in [
        ("KUBE_CONFIG_PATHS", &joined),
        ("KUBECONFIG", &joined),
        ("KUBECONFIG", &with_missing),
    ] {
        stage
            .try_in(&Connection::default(), &environment(&[(variable, value)]))
            .await
            .unwrap();
    }
    let one = refused_by(&stage, &at(&clusters)).await;
    assert!(one.contains("has no current context"), "{one}");
    let only_users = refused_by(&stage, &at(&users)).await;
    assert!(
        only_users.contains("There is no context `eu-team`, named by the kubeconfig"),
        "{only_users}"
    );
}

async fn refused_by(stage: &Stage, connection: &Connection) -> String {
    stage.try_once(connection).await.unwrap_err().detail
}

/// Each setting laid over a kubeconfig in which that part is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn every_setting_counts_before_the_kubeconfig() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let (certificate, key) = stage.certificate(Duration::from_secs(600));
    let good_user = json!({"token": token});
    let bad_user = json!({"token": "not-a-token"});
    let wrong_server = json!({"server": "https://127.0.0.1:1"});
    let strange = json!({"certificate-authority": null});
    let named = json!({"tls-server-name": "kubernetes.example.com"});
    for (what, user, cluster, block) in [
        (
            "host",
            &good_user,
            &wrong_server,
            Connection {
                host: Some(stage.access.server.clone()),
                ..Connection::default()
            },
        ),
        (
            "token",
            &bad_user,
            &json!({}),
            Connection {
                token: Some(token.clone()),
                ..Connection::default()
            },
        ),
        (
            "client_certificate",
            &bad_user,
            &json!({}),
            Connection {
                client_certificate: Some(certificate),
                client_key: Some(key),
                ..Connection::default()
            },
        ),
        (
            "cluster_ca_certificate",
            &good_user,
            &strange,
            Connection {
                cluster_ca_certificate: Some(stage.access.authority.clone()),
                ..Connection::default()
            },
        ),
        (
            "insecure",
            &good_user,
            &strange,
            Connection {
                insecure: Some(true),
                ..Connection::default()
            },
        ),
        (
            "tls_server_name",
            &good_user,
            &named,
            Connection {
                tls_server_name: Some("localhost".to_owned()),
                ..Connection::default()
            },
        ),
    ] {
        let path = stage.kubeconfig("config", user.clone(), cluster.clone());
        assert!(
            stage.try_once(&at(&path)).await.is_err(),
            "{what} is wrong in the kubeconfig"
        );
        let block = Connection {
            config_path: Some(path),
            ..block
        };
        let outcome = stage.try_once(&block).await;
        assert!(outcome.is_ok(), "{what}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_and_are_not_there() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let cluster =
        json!({"server": stage.access.server, "certificate-authority": stage.file("ca.pem", &stage.access.authority)});
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "staging",
        "contexts": [
            {"name": "staging", "context": {"cluster": "staging", "user": "nobody"}},
            {"name": "testing", "context": {"cluster": "production", "user": "team"}},
            {"name": "production", "context": {"cluster": "production", "user": "team"}},
        ],
        "clusters": [
            {"name": "staging", "cluster": {"server": "https://127.0.0.1:1"}},
            {"name": "production", "cluster": cluster},
            {"name": "broken", "cluster": {"server": stage.access.server, "certificate-authority": "missing.pem"}},
        ],
        "users": [
            {"name": "team", "user": {"token": token}},
            {"name": "half", "user": {"client-certificate": "client.crt"}},
            {"name": "old", "user": {"auth-provider": {"name": "gcp"}}},
            {"name": "acting", "user": {"token": token, "as": "somebody-else"}},
        ],
    });
    let path = stage.file("config", &kubeconfig.to_string()).display().to_string();
    let block = |context: &str, cluster: Option<&str>, user: Option<&str>| Connection {
        config_context: Some(context.to_owned()),
        config_context_cluster: cluster.map(str::to_owned),
        config_context_auth_info: user.map(str::to_owned),
        ..at(&path)
    };
    stage.try_once(&block("production", None, None)).await.unwrap();
    stage
        .try_once(&block("staging", Some("production"), Some("team")))
        .await
        .unwrap();
    let variables = [
        ("KUBE_CTX", "staging"),
        ("KUBE_CTX_CLUSTER", "production"),
        ("KUBE_CTX_AUTH_INFO", "team"),
    ];
    stage.try_in(&at(&path), &environment(&variables)).await.unwrap();

    let absent = "Kubeconfig does not have what was asked for";
    let unusable = "Kubeconfig cannot be used";
    for (connection, summary, part) in [
        (
            block("prodution", None, None),
            absent,
            "There is no context `prodution`, named by `config_context`, in `",
        ),
        (block("prodution", None, None), absent, "it has `production`, "),
        (
            block("production", Some("prod"), None),
            absent,
            "There is no cluster `prod`, named by `config_context_cluster`",
        ),
        (
            block("production", None, Some("taem")),
            absent,
            "There is no user `taem`, named by `config_context_auth_info`",
        ),
        (
            block("production", None, Some("taem")),
            absent,
            "Set `config_context_auth_info` in the provider block",
        ),
        (
            block("staging", Some("production"), None),
            absent,
            "There is no user `nobody`, named by the kubeconfig",
        ),
        (
            block("production", Some("broken"), None),
            unusable,
            "/missing.pem` of `certificate-authority` cannot be read: No such file",
        ),
        (
            block("production", None, Some("half")),
            unusable,
            "its user `half` has a `client-certificate` and no `client-key`",
        ),
        (block("production", None, Some("old")), unusable, "`auth-provider: gcp`"),
        (
            block("production", None, Some("acting")),
            "Not allowed by Kubernetes",
            "cannot impersonate resource \"users\"",
        ),
    ] {
        stage.refused(&connection, summary, &[part]).await;
    }
}
