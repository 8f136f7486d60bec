use std::collections::BTreeMap;
use std::path::Path;

use super::*;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: dev
contexts:
  - {name: dev, context: {cluster: dev, user: dev, namespace: team}}
  - {name: prod, context: {cluster: prod, user: prod}}
  - {name: broken, context: {cluster: nowhere, user: dev}}
clusters:
  - {name: dev, cluster: {server: "https://dev.example.com:6443"}}
  - {name: prod, cluster: {server: "https://prod.example.com", tls-server-name: internal.example.com}}
users:
  - {name: dev, user: {token: dev-token}}
  - {name: prod, user: {token: prod-token}}
"#;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Environment::new(move |name| variables.get(name).cloned(), "/nonexistent")
}

fn kubeconfig(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn token(config: &kube::Config) -> Option<String> {
    use secrecy::ExposeSecret;
    config
        .auth_info
        .token
        .as_ref()
        .map(|token| token.expose_secret().to_owned())
}

async fn message(connection: Connection, variables: &[(&str, &str)]) -> (String, Option<&'static str>) {
    let error = connection.config(&environment(variables)).unwrap_err();
    (error.to_string(), error.attribute())
}

#[tokio::test]
async fn nothing_configured_is_an_error_that_says_what_to_set() {
    let (text, attribute) = message(Connection::default(), &[("HOME", "/home/somebody")]).await;
    assert!(
        text.contains("`config_path`") && text.contains("`KUBECONFIG`"),
        "{text}"
    );
    assert_eq!(attribute, None);
}

#[tokio::test]
async fn context_of_the_kubeconfig_and_overrides() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(folder.path(), "config", KUBECONFIG);
    let block = Connection {
        config_path: Some(path.clone()),
        ..Connection::default()
    };

    let config = block.config(&environment(&[])).unwrap();
    assert_eq!(config.cluster_url, "https://dev.example.com:6443/");
    assert_eq!(token(&config).as_deref(), Some("dev-token"));

    let config = block.config(&environment(&[("KUBE_CTX", "prod")])).unwrap();
    assert_eq!(config.cluster_url, "https://prod.example.com/");
    assert_eq!(config.tls_server_name.as_deref(), Some("internal.example.com"));

    let mixed = Connection {
        config_context_cluster: Some("prod".into()),
        config_context_auth_info: Some("dev".into()),
        insecure: Some(true),
        ..block.clone()
    };
    let config = mixed.config(&environment(&[])).unwrap();
    assert_eq!(config.cluster_url, "https://prod.example.com/");
    assert_eq!(token(&config).as_deref(), Some("dev-token"));
    assert!(config.accept_invalid_certs);

    let overridden = Connection {
        token: Some("other".into()),
        ..block
    };
    assert_eq!(
        token(&overridden.config(&environment(&[])).unwrap()).as_deref(),
        Some("other")
    );
}

#[tokio::test]
async fn the_environment_fills_gaps_but_never_names_another_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(folder.path(), "config", KUBECONFIG);
    let variables = [
        ("KUBE_HOST", "https://env.example.com"),
        ("KUBE_TOKEN", "env-token"),
        ("KUBECONFIG", path.as_str()),
    ];

    let block = Connection {
        host: Some("https://block.example.com".into()),
        ..Connection::default()
    };
    let config = block.config(&environment(&variables)).unwrap();
    assert_eq!(config.cluster_url, "https://block.example.com/");
    assert_eq!(token(&config).as_deref(), Some("env-token"));

    let block = Connection {
        config_path: Some(path.clone()),
        ..Connection::default()
    };
    let config = block.config(&environment(&variables[..1])).unwrap();
    assert_eq!(config.cluster_url, "https://dev.example.com:6443/");

    let config = Connection::default().config(&environment(&variables[2..])).unwrap();
    assert_eq!(config.cluster_url, "https://dev.example.com:6443/");
    let config = Connection::default()
        .config(&environment(&[("KUBE_CONFIG_PATH", &path)]))
        .unwrap();
    assert_eq!(config.cluster_url, "https://dev.example.com:6443/");
}

#[tokio::test]
async fn files_are_merged_and_home_is_resolved() {
    let folder = tempfile::tempdir().unwrap();
    kubeconfig(folder.path(), "one", "current-context: prod\n");
    kubeconfig(folder.path(), "two", KUBECONFIG);
    let home = folder.path().display().to_string();
    let block = Connection {
        config_paths: vec!["~/one".into(), "~/two".into()],
        ..Connection::default()
    };
    let config = block.config(&environment(&[("HOME", &home)])).unwrap();
    assert_eq!(config.cluster_url, "https://prod.example.com/");
}

#[tokio::test]
async fn errors_name_the_setting_at_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(folder.path(), "config", KUBECONFIG);
    let odd = kubeconfig(
        folder.path(),
        "odd",
        "contexts: 7\nusers: [{name: a, user: {token: hidden}}]\n",
    );
    let empty = kubeconfig(folder.path(), "empty", "kind: Config\n");
    let at = |path: &str| Connection {
        config_path: Some(path.to_owned()),
        ..Connection::default()
    };

    let (text, attribute) = message(at("/no/such/file"), &[]).await;
    assert_eq!(text, "the file `/no/such/file`, named by `config_path`, does not exist");
    assert_eq!(attribute, Some("config_path"));

    let (text, attribute) = message(Connection::default(), &[("KUBECONFIG", "/no/such/file")]).await;
    assert_eq!(
        text,
        "the file `/no/such/file`, named by the environment variable `KUBECONFIG`, does not exist"
    );
    assert_eq!(attribute, None);

    let (text, _) = message(at(&odd), &[]).await;
    assert!(
        text.contains("is not a kubeconfig") && !text.contains("hidden"),
        "{text}"
    );

    let (text, _) = message(at(&empty), &[]).await;
    assert!(
        text.contains("has no current context") && text.ends_with("it has no context"),
        "{text}"
    );

    let (text, attribute) = message(
        Connection {
            config_context: Some("test".into()),
            ..at(&path)
        },
        &[],
    )
    .await;
    assert!(
        text.starts_with("there is no context `test`, named by `config_context`"),
        "{text}"
    );
    assert!(text.ends_with("it has `dev`, `prod`, `broken`"), "{text}");
    assert_eq!(attribute, Some("config_context"));

    let (text, _) = message(
        Connection {
            config_context: Some("broken".into()),
            ..at(&path)
        },
        &[],
    )
    .await;
    assert!(
        text.starts_with("there is no cluster `nowhere`, named by the kubeconfig"),
        "{text}"
    );

    let (text, attribute) = message(
        Connection {
            host: Some("api.example.com:6443".into()),
            ..Connection::default()
        },
        &[],
    )
    .await;
    assert!(text.ends_with("such as `https://api.example.com:6443`"), "{text}");
    assert_eq!(attribute, Some("host"));

    let host = Connection {
        host: Some("https://api.example.com".into()),
        ..Connection::default()
    };
    let (text, attribute) = message(
        Connection {
            cluster_ca_certificate: Some("L0K=".into()),
            ..host.clone()
        },
        &[],
    )
    .await;
    assert!(
        text.starts_with("`cluster_ca_certificate` does not hold a certificate in PEM form"),
        "{text}"
    );
    assert_eq!(attribute, Some("cluster_ca_certificate"));

    let (text, attribute) = message(
        Connection {
            client_key: Some("x".into()),
            ..host.clone()
        },
        &[],
    )
    .await;
    assert!(text.contains("`client_certificate` is not"), "{text}");
    assert_eq!(attribute, Some("client_key"));

    let (text, _) = message(host, &[("KUBE_INSECURE", "maybe")]).await;
    assert_eq!(
        text,
        "the environment variable `KUBE_INSECURE` is `maybe`, not `true` or `false`"
    );
}

#[tokio::test]
async fn inside_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let variables = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some("10.0.0.1".to_owned()),
        "KUBERNETES_SERVICE_PORT" => Some("6443".to_owned()),
        _ => None,
    };
    let environment = Environment::new(variables, folder.path());
    let error = Connection::default().config(&environment).unwrap_err();
    assert!(error.to_string().contains("ca.crt"), "{error}");

    std::fs::write(folder.path().join("ca.crt"), CERTIFICATE).unwrap();
    std::fs::write(folder.path().join("token"), "abc").unwrap();
    let config = Connection::default().config(&environment).unwrap();
    assert_eq!(config.cluster_url, "https://10.0.0.1:6443/");
    assert_eq!(
        config.auth_info.token_file,
        Some(folder.path().join("token").display().to_string())
    );
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let connection = Connection {
        host: Some("https://api.example.com".into()),
        token: Some("very-secret".into()),
        client_key: Some("also-secret".into()),
        ..Connection::default()
    };
    let text = format!("{connection:?}");
    assert!(!text.contains("secret"), "{text}");
    let only_token = Connection {
        client_key: None,
        ..connection
    };
    let config = only_token.config(&environment(&[])).unwrap();
    assert!(!format!("{config:?}").contains("very-secret"));
}

#[tokio::test]
async fn a_certificate_of_the_authority_makes_a_client() {
    let connection = Connection {
        host: Some("https://api.example.com".into()),
        cluster_ca_certificate: Some(CERTIFICATE.into()),
        ..Connection::default()
    };
    let cluster = connection
        .connect(&environment(&[]), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(cluster.server(), "https://api.example.com/");
}

/// A self-signed certificate for tests; its key was thrown away.
const CERTIFICATE: &str = include_str!("testdata/ca.pem");
