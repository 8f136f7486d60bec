//! Tokens, certificates, and what happens when they end.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_and_what_it_may_do() {
    let Some(stage) = Stage::own().await else { return };
    let token = stage.reader("reader").await;
    let connection = stage.access.connection_with(&token);
    stage.try_once(&connection).await.unwrap();
    // As from `file(...)`, with a line break.
    stage
        .try_once(&stage.access.connection_with(&format!("{token}\n")))
        .await
        .unwrap();

    let elsewhere = look(&connect(&connection, &nowhere()).await.unwrap(), "default").await;
    refused(
        elsewhere,
        "Not allowed by Kubernetes",
        &[
            "reader",
            "namespace `default`",
            r#"resources ["flinkdeployments"], verbs ["get"]"#,
        ],
    );

    stage
        .refused(
            &stage.access.connection(),
            "No credentials for Kubernetes",
            &["Set `token`"],
        )
        .await;

    stage.access.revoke(stage.namespace(), "reader", &token).await.unwrap();
    stage
        .refused(
            &connection,
            "Kubernetes does not accept the credentials",
            &["(named by `host`)", "the token of `token` (valid until 20"],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_and_its_end() {
    let Some(stage) = Stage::own().await else { return };
    let with = |(certificate, key): (String, String)| Connection {
        client_certificate: Some(certificate),
        client_key: Some(key),
        ..stage.access.connection()
    };
    let good = stage.certificate(Duration::from_secs(60));
    stage.try_once(&with(good.clone())).await.unwrap();

    let now = SystemTime::now();
    let past = now - Duration::from_secs(120)..now - Duration::from_secs(60);
    let expired = stage
        .sandbox
        .client_certificate("operator", &["system:masters"], past)
        .unwrap();
    stage
        .refused(
            &with(expired),
            "Kubernetes does not accept the credentials",
            &["the client certificate of `client_certificate` (valid until 20"],
        )
        .await;

    let other_key = stage.certificate(Duration::from_secs(60)).1;
    stage
        .refused(
            &with((good.0, other_key)),
            "Connection to Kubernetes cannot be made",
            &["the client certificate of `client_certificate`"],
        )
        .await;
}

/// One process, one connection: a file that is written anew counts from the next request on.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_is_rotated() {
    let Some(stage) = Stage::own().await else { return };
    let first = stage.reader("first").await;
    let file = stage.file("token", &format!("{first}\n"));
    let kubeconfig = stage.kubeconfig("config", json!({"tokenFile": "token"}), json!({}));
    let cluster = connect(&at(&kubeconfig), &nowhere()).await.unwrap();
    look(&cluster, stage.namespace()).await.unwrap();

    let second = stage.reader("second").await;
    stage.access.revoke(stage.namespace(), "first", &first).await.unwrap();
    let parts = ["the token in `", "/token`, named by user `dev` in `"];
    let outcome = look(&cluster, stage.namespace()).await;
    refused(outcome, "Kubernetes does not accept the credentials", &parts);
    std::fs::write(&file, &second).unwrap();
    look(&cluster, stage.namespace()).await.unwrap();
    // Some tools take the file away.
    std::fs::remove_file(&file).unwrap();
    look(&cluster, stage.namespace()).await.unwrap();

    stage
        .refused(&at(&kubeconfig), "Token cannot be read", &["/token`", "No such file"])
        .await;
    std::fs::write(&file, "no token\nat all\n").unwrap();
    stage
        .refused(
            &at(&kubeconfig),
            "Token cannot be read",
            &["what it holds is not a token"],
        )
        .await;
}

/// The files of a pod, and their renewal.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_account_of_a_pod() {
    let Some(stage) = Stage::own().await else { return };
    let first = stage.reader("first").await;
    let folder = stage.folder.path().join("serviceaccount");
    stage.file("serviceaccount/token", &first);
    stage.file("serviceaccount/ca.crt", &stage.access.authority);
    let (host, port) = stage.access.address().split_once(':').unwrap();
    let (host, port) = (host.to_owned(), port.to_owned());
    let pod = Environment::new(
        move |name| match name {
            "KUBERNETES_SERVICE_HOST" => Some(host.clone()),
            "KUBERNETES_SERVICE_PORT" => Some(port.clone()),
            _ => None,
        },
        folder,
    );
    let cluster = connect(&Connection::default(), &pod).await.unwrap();
    look(&cluster, stage.namespace()).await.unwrap();
    let second = stage.reader("second").await;
    stage.access.revoke(stage.namespace(), "first", &first).await.unwrap();
    stage.file("serviceaccount/token", &second);
    look(&cluster, stage.namespace()).await.unwrap();

    stage.access.revoke(stage.namespace(), "second", &second).await.unwrap();
    let parts = ["`KUBERNETES_SERVICE_HOST`", "the token of the pod's service account, `"];
    let outcome = look(&cluster, stage.namespace()).await;
    refused(outcome, "Kubernetes does not accept the credentials", &parts);
}

/// What was accepted before and is refused now is read again, whatever it is: here certificate files, and a token in the
/// kubeconfig itself.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_tool_renews() {
    let Some(stage) = Stage::own().await else { return };
    let write = |(certificate, key): (String, String)| {
        stage.file("client.crt", &certificate);
        stage.file("client.key", &key);
    };
    write(stage.certificate(SHORT));
    let user = json!({"client-certificate": "client.crt", "client-key": "client.key"});
    let kubeconfig = stage.kubeconfig("config", user, json!({}));
    let forgotten = connect(&at(&kubeconfig), &nowhere()).await.unwrap();
    let renewed = connect(&at(&kubeconfig), &nowhere()).await.unwrap();
    look(&forgotten, stage.namespace()).await.unwrap();
    look(&renewed, stage.namespace()).await.unwrap();
    tokio::time::sleep(SHORT + Duration::from_secs(1)).await;
    let outcome = look(&forgotten, stage.namespace()).await;
    let parts = ["the client certificate of user `dev` in `", "(valid until 20"];
    refused(outcome, "Kubernetes does not accept the credentials", &parts);
    write(stage.certificate(Duration::from_secs(600)));
    look(&renewed, stage.namespace()).await.unwrap();

    let first = stage.reader("first").await;
    let kubeconfig = stage.kubeconfig("config", json!({"token": first}), json!({}));
    let cluster = connect(&at(&kubeconfig), &nowhere()).await.unwrap();
    look(&cluster, stage.namespace()).await.unwrap();
    let second = stage.reader("second").await;
    stage.kubeconfig("config", json!({"token": second}), json!({}));
    stage.access.revoke(stage.namespace(), "first", &first).await.unwrap();
    look(&cluster, stage.namespace()).await.unwrap();
}
