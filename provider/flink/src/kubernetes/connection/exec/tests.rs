use secrecy::ExposeSecret;

use super::*;

const V1: &str = "client.authentication.k8s.io/v1";

/// A plugin that is a line of shell.
fn shell(line: &str) -> ExecConfig {
    Exec {
        api_version: V1.to_owned(),
        command: "/bin/sh".to_owned(),
        args: vec!["-c".to_owned(), line.to_owned()],
        env: [("LOGIN_SECRET".to_owned(), "hunter2-long".to_owned())].into(),
    }
    .config()
}

async fn problem(exec: &ExecConfig) -> String {
    run(exec, PATIENCE).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_token_with_its_end() {
    let credentials = run(
        &shell(
            r#"echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
                      "status": {"token": "abc\n", "expirationTimestamp": "2030-01-02T03:04:05Z"}}'"#,
        ),
        PATIENCE,
    )
    .await
    .unwrap();
    assert_eq!(credentials.token.unwrap().expose_secret(), "abc");
    assert_eq!(credentials.expires.unwrap().to_string(), "2030-01-02T03:04:05Z");
    assert!(credentials.certificate.is_none());
}

#[tokio::test]
async fn yaml_and_the_environment_work() {
    let line = r#"printf 'kind: ExecCredential\napiVersion: client.authentication.k8s.io/v1\nstatus: {token: %s}\n' "$LOGIN_SECRET""#;
    let credentials = run(&shell(line), PATIENCE).await.unwrap();
    assert_eq!(credentials.token.unwrap().expose_secret(), "hunter2-long");
}

#[tokio::test]
async fn a_plugin_is_told_about_the_cluster_where_it_asks_for_that() {
    let line = r#"printf '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "%s"}}' \
                  "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d '\n')""#;
    let mut exec = shell(line);
    exec.provide_cluster_info = true;
    exec.cluster = Some(kube::config::ExecAuthCluster {
        server: Some("https://kubernetes.example.com".to_owned()),
        ..Default::default()
    });
    for (asked, expected) in [(true, json!("https://kubernetes.example.com")), (false, json!(null))] {
        exec.provide_cluster_info = asked;
        let token = run(&exec, PATIENCE).await.unwrap().token.unwrap();
        use base64::Engine;
        let told = base64::engine::general_purpose::STANDARD
            .decode(token.expose_secret())
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["spec"]["interactive"], json!(false));
        assert_eq!(told["spec"]["cluster"]["server"], expected);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_what_was_printed() {
    let head = r#""kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1""#;
    for (line, expected) in [
        ("exit 3".to_owned(), "failed (exit status: 3), and said nothing"),
        (
            "echo secret-on-stdout; echo no session for $LOGIN_SECRET >&2; exit 1".to_owned(),
            "failed (exit status: 1), and said: no session for (hidden)",
        ),
        ("true".to_owned(), "printed what is not an ExecCredential: it is empty"),
        (
            "echo secret-token".to_owned(),
            "printed what is not an ExecCredential: it is not an object of this kind",
        ),
        (
            r#"echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1"}'"#.to_owned(),
            "answered in `client.authentication.k8s.io/v1beta1`, but is configured for `client.authentication.k8s.io/v1`",
        ),
        (
            format!("echo '{{{head}}}'"),
            "printed what is not an ExecCredential: it has no `status`",
        ),
        (
            format!("echo '{{{head}, \"status\": {{}}}}'"),
            "printed what is not an ExecCredential: its `status` has neither a token nor a client certificate",
        ),
        (
            format!("echo '{{{head}, \"status\": {{\"token\": \"secret token\"}}}}'"),
            "printed what is not an ExecCredential: `status.token` has spaces or line breaks inside",
        ),
        (
            format!("echo '{{{head}, \"status\": {{\"clientKeyData\": \"secret\"}}}}'"),
            "printed what is not an ExecCredential: `status.clientKeyData` has no `clientCertificateData`",
        ),
        (
            format!("echo '{{{head}, \"status\": {{\"token\": \"abc\", \"expirationTimestamp\": \"soon\"}}}}'"),
            "printed what is not an ExecCredential: `status.expirationTimestamp` is not a time",
        ),
    ] {
        assert_eq!(problem(&shell(&line)).await, expected, "{line}");
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_not_run() {
    let mut missing = shell("");
    missing.command = Some("/nonexistent/plugin".to_owned());
    missing.install_hint = Some("Install it with `brew install plugin`.\n".to_owned());
    assert_eq!(
        problem(&missing).await,
        "cannot be found: Install it with `brew install plugin`."
    );
    let mut nameless = shell("");
    nameless.command = None;
    assert_eq!(problem(&nameless).await, "has no `command`");
    let mut old = shell("");
    old.api_version = Some("client.authentication.k8s.io/v1alpha1".to_owned());
    assert!(
        problem(&old)
            .await
            .starts_with("is configured for `client.authentication.k8s.io/v1alpha1`")
    );
    let mut asking = shell("");
    asking.interactive_mode = Some(ExecInteractiveMode::Always);
    assert!(problem(&asking).await.contains("interactiveMode: Always"));
}

#[tokio::test]
async fn a_plugin_that_waits_for_somebody_is_stopped_and_what_it_asked_is_said() {
    let asking = shell("echo 'open https://login.example.com and enter ABCD' >&2; exec sleep 600");
    let problem = run(&asking, Duration::from_millis(1500)).await.unwrap_err();
    assert_eq!(
        problem.to_string(),
        "did not end within 1 s and was stopped, and said: open https://login.example.com and enter ABCD"
    );
    // Nobody's answers are read.
    let reading = run(&shell("read answer || exit 7"), PATIENCE).await.unwrap_err();
    assert!(reading.to_string().contains("exit status: 7"), "{reading}");
}
