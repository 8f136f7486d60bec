use super::*;

fn config(change: impl FnOnce(&mut AuthInfo)) -> kube::Config {
    let mut config = kube::Config::new(Uri::from_static("https://example.com"));
    change(&mut config.auth_info);
    config
}

fn provider(config: &[(&str, &str)]) -> Option<kube::config::AuthProviderConfig> {
    Some(kube::config::AuthProviderConfig {
        name: "oidc".to_owned(),
        config: config.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Default::default()
    })
}

#[test]
fn who_asks() {
    let all = |auth: &mut AuthInfo| {
        auth.token = Some("abc".into());
        auth.username = Some("jo".to_owned());
        auth.password = Some("pass".into());
        auth.auth_provider = provider(&[("id-token", "oidc-token")]);
    };
    for (auth, expected) in [
        (config(|_| {}), None),
        (config(|auth| auth.token = Some("abc".into())), Some("Bearer abc")),
        (config(|auth| auth.username = Some("jo".to_owned())), None),
        (
            config(|auth| {
                all(auth);
                auth.auth_provider = None;
            }),
            Some("Basic am86cGFzcw=="),
        ),
        (config(all), Some("Bearer oidc-token")),
    ] {
        let headers = headers(&auth).unwrap();
        let found = headers.get(AUTHORIZATION);
        assert_eq!(found.map(|value| value.to_str().unwrap()), expected);
        assert!(found.is_none_or(HeaderValue::is_sensitive));
    }
}

#[test]
fn for_whom() {
    let config = config(|auth| {
        auth.impersonate = Some("jo".to_owned());
        auth.impersonate_uid = Some("7".to_owned());
        auth.impersonate_groups = Some(vec!["dev".to_owned(), "ops".to_owned()]);
        auth.impersonate_user_extra = Some([("Example.com/Scope".to_owned(), vec!["all".to_owned()])].into());
    });
    let headers = headers(&config).unwrap();
    let texts = |name: &str| {
        let values = headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(texts("impersonate-user"), ["jo"]);
    assert_eq!(texts("impersonate-uid"), ["7"]);
    assert_eq!(texts("impersonate-group"), ["dev", "ops"]);
    assert_eq!(texts("impersonate-extra-example.com%2fscope"), ["all"]);
}

#[tokio::test]
async fn what_cannot_be_used_is_named_without_secrets() {
    for (config, expected) in [
        (
            config(|auth| auth.auth_provider = provider(&[])),
            "`auth-provider: oidc` has no `id-token`",
        ),
        (
            config(|auth| auth.token = Some("s3cret\n".into())),
            "a header cannot carry the credentials or the user to impersonate",
        ),
        (
            config(|auth| auth.client_certificate_data = Some("s3cret!".to_owned())),
            "`client-certificate-data` is not base64",
        ),
        (
            config(|auth| {
                auth.client_certificate_data = Some(STANDARD.encode("s3cret"));
                auth.client_key_data = Some(STANDARD.encode("s3cret").into());
            }),
            "`client-certificate` holds no certificate in PEM form",
        ),
        (
            config(|auth| {
                auth.client_certificate_data = Some(STANDARD.encode(include_str!("../connection/testdata/ca.pem")));
                auth.client_key_data = Some(STANDARD.encode("s3cret").into());
            }),
            "`client-key` holds no private key in PEM form",
        ),
    ] {
        assert_eq!(
            connect(&config).err().map(|error| error.to_string()).as_deref(),
            Some(expected)
        );
    }
    let missing = config(|auth| auth.client_key = Some("/nonexistent/key.pem".to_owned()));
    let text = connect(&missing).err().unwrap().to_string();
    assert!(
        text.starts_with("the file `/nonexistent/key.pem` of `client-key` cannot be read: "),
        "{text}"
    );
}
