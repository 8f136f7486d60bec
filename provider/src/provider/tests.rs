use terraform_schema::{Model, Value};

use super::*;

fn environment(variables: &'static [(&'static str, &'static str)]) -> Environment {
    Environment::new(
        move |name| {
            variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        },
        "/nonexistent",
    )
}

fn configured(block: &[(&str, Value)], environment: Environment) -> Result<Configured<ProviderData>, Vec<String>> {
    let mut config = ProviderConfig::block().empty_value();
    if let Value::Map(members) = &mut config {
        members.extend(block.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    let provider = FlinkProvider::new(environment);
    let problems = provider.validate(View::of(&config));
    let said = |problems: &Diagnostics| {
        problems
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.summary))
            .collect::<Vec<_>>()
    };
    if problems.has_errors() {
        return Err(said(&problems));
    }
    provider
        .configure(View::of(&config), &Warnings::default())
        .map_err(|problems| said(&problems))
}

/// The block `exec`.
fn plugin(api_version: Value) -> Value {
    let mut plugin = ExecPlugin::block().empty_value();
    if let Value::Map(members) = &mut plugin {
        members.insert("api_version".to_owned(), api_version);
        members.insert("command".to_owned(), "example-login".into());
    }
    plugin
}

#[test]
fn whatever_says_how_to_connect_may_be_unknown() {
    for (path, _, attribute) in ProviderConfig::block().walk() {
        let name = path.to_string();
        let value = match name.strip_prefix("exec.") {
            Some("api_version") => plugin(Value::Unknown),
            Some(_) => continue,
            None => Value::Unknown,
        };
        let at = if name.starts_with("exec.") { "exec" } else { &name };
        let data = configured(&[(at, value)], environment(&[])).unwrap();
        let elsewhere = ["namespace", "on_destroy"].contains(&attribute.name.as_str());
        assert_eq!(data.is_known(), elsewhere, "{name}");
    }
}

#[test]
fn the_version_of_the_protocol_is_checked_where_it_stands() {
    let config = |version: &str| {
        let mut config = ProviderConfig::block().empty_value();
        if let Value::Map(members) = &mut config {
            members.insert("exec".to_owned(), plugin(version.into()));
        }
        terraform_schema::validate::validate(&ProviderConfig::block(), &config)
    };
    assert!(!config("client.authentication.k8s.io/v1beta1").has_errors());
    let problems = config("client.authentication.k8s.io/v1alpha1");
    let problem = problems.iter().next().unwrap();
    assert_eq!(problem.path.to_string(), "exec.api_version");
    assert!(
        problem.detail.contains("client.authentication.k8s.io/v1beta1"),
        "{}",
        problem.detail
    );
}

#[test]
fn the_block_may_be_empty_or_unknown() {
    let data = configured(&[], environment(&[])).unwrap();
    assert!(data.is_known());
    assert_eq!(data.data().namespace, DefaultNamespace::Known("default".to_owned()));

    let data = configured(&[("host", Value::Unknown), ("token", Value::Unknown)], environment(&[])).unwrap();
    assert!(!data.is_known());

    let data = configured(&[("namespace", Value::Unknown)], environment(&[])).unwrap();
    assert!(data.is_known(), "the cluster can be reached");
    assert_eq!(data.data().namespace, DefaultNamespace::Unknown);
}

#[test]
fn mistakes_in_the_block_are_said_at_once_and_at_the_attribute() {
    for (block, expected) in [
        (
            vec![("host", "kubernetes.example.com".into())],
            "host: Not the address of a Kubernetes API server",
        ),
        (
            vec![
                ("host", "https://kubernetes.example.com".into()),
                ("cluster_ca_certificate", "bm90IFBFTQ==".into()),
            ],
            "cluster_ca_certificate: Not a certificate or key in PEM",
        ),
        (
            vec![
                ("config_path", "a".into()),
                ("config_paths", Value::List(vec!["b".into()])),
            ],
            "config_paths: Two kubeconfigs",
        ),
        (
            vec![
                ("token", "a".into()),
                ("exec", plugin("client.authentication.k8s.io/v1".into())),
            ],
            "exec: Two ways to log in",
        ),
        (
            vec![
                ("host", "https://kubernetes.example.com".into()),
                ("token", "a b".into()),
            ],
            "token: Not a token",
        ),
        (
            vec![
                ("host", "https://kubernetes.example.com".into()),
                ("proxy_url", "proxy.example.com:3128".into()),
            ],
            "proxy_url: Proxy cannot be used",
        ),
        (
            vec![
                ("host", "https://kubernetes.example.com".into()),
                ("tls_server_name", "not a name".into()),
            ],
            "tls_server_name: Not a host name",
        ),
    ] {
        assert_eq!(
            configured(&block, environment(&[])).map(|_| ()),
            Err(vec![expected.to_owned()])
        );
    }
    let wrong_switch = environment(&[
        ("KUBE_HOST", "https://kubernetes.example.com"),
        ("KUBE_INSECURE", "perhaps"),
    ]);
    assert_eq!(
        configured(&[], wrong_switch).map(|_| ()),
        Err(vec![": Not a switch".to_owned()])
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_yet_counts_when_it_is_needed() {
    let data = configured(&[("config_path", "/nonexistent/kubeconfig".into())], environment(&[])).unwrap();
    let problems = data.data().cluster(&CancellationToken::new()).await.unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert_eq!(problem.summary, "Kubeconfig cannot be read");
    assert!(problem.detail.contains("/nonexistent/kubeconfig"), "{}", problem.detail);
    assert!(
        problem.path.is_root(),
        "the path of a provider block means nothing in a resource"
    );
}

#[tokio::test]
async fn no_cluster_is_assumed_that_nobody_named() {
    let data = configured(&[], environment(&[])).unwrap();
    let problems = data.data().cluster(&CancellationToken::new()).await.unwrap_err();
    assert_eq!(
        problems.iter().next().unwrap().summary,
        "No Kubernetes cluster is configured"
    );
}

#[test]
fn secrets_are_marked_and_every_attribute_is_explained() {
    let block = ProviderConfig::block();
    for (path, _, attribute) in block.walk() {
        assert!(attribute.description.len() > 20, "{path}");
        let secret = ["token", "client_key", "env"].contains(&attribute.name.as_str());
        assert_eq!(attribute.sensitive, secret, "{path}");
    }
}
