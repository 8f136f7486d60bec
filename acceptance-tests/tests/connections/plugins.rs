//! Exec plugins: run when they are needed, as often as they are needed, and no more.

use flink_client::kubernetes::Exec;
use tokio_util::sync::CancellationToken;

use super::*;

const V1: &str = "client.authentication.k8s.io/v1";

/// A plugin that hands out what a file holds, and counts its calls.
struct Plugin<'s> {
    stage: &'s Stage,
    path: PathBuf,
}

impl<'s> Plugin<'s> {
    fn new(stage: &'s Stage) -> Self {
        let script = "#!/bin/sh\nhere=$(dirname \"$0\")\necho call >> \"$here/calls\"\n\
                      test -z \"$ASK_FOR\" || echo \"$ASK_FOR\" >> \"$here/asked\"\n\
                      printf '%s' \"$KUBERNETES_EXEC_INFO\" > \"$here/info\"\ncat \"$here/credential\"\n";
        let path = stage.file("bin/login", script);
        executable(&path);
        Self { stage, path }
    }

    fn hands_out(&self, status: Value) {
        let credential = json!({"apiVersion": V1, "kind": "ExecCredential", "status": status});
        self.stage.file("bin/credential", &credential.to_string());
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path.with_file_name(name)).unwrap_or_default()
    }

    fn calls(&self) -> usize {
        self.read("calls").lines().count()
    }

    fn connection(&self) -> Connection {
        Connection {
            exec: Some(Exec {
                api_version: V1.to_owned(),
                command: self.path.display().to_string(),
                ..Exec::default()
            }),
            ..self.stage.access.connection()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_used_until_it_is_refused() {
    let Some(stage) = Stage::own().await else { return };
    let plugin = Plugin::new(&stage);
    let first = stage.reader("first").await;
    plugin.hands_out(json!({"token": first}));
    let cluster = connect(&plugin.connection(), &nowhere()).await.unwrap();
    assert_eq!(plugin.calls(), 0, "to connect is not to ask");
    let together = (0..8).map(|_| look(&cluster, stage.namespace()));
    for outcome in futures::future::join_all(together).await {
        outcome.unwrap();
    }
    look(&cluster, stage.namespace()).await.unwrap();
    assert_eq!(plugin.calls(), 1);

    let second = stage.reader("second").await;
    plugin.hands_out(json!({"token": second}));
    stage.access.revoke(stage.namespace(), "first", &first).await.unwrap();
    let together = (0..8).map(|_| look(&cluster, stage.namespace()));
    for outcome in futures::future::join_all(together).await {
        outcome.unwrap();
    }
    assert_eq!(plugin.calls(), 2, "all of them wait for one login");

    // What is refused although it is fresh is not asked for again.
    plugin.hands_out(json!({"token": "not-a-token-of-this-cluster"}));
    stage.access.revoke(stage.namespace(), "second", &second).await.unwrap();
    for _ in 0..3 {
        let outcome = look(&cluster, stage.namespace()).await;
        let part = format!(
            "the credentials of the exec plugin `{}` of `exec`",
            plugin.path.display()
        );
        refused(outcome, "Kubernetes does not accept the credentials", &[&part]);
    }
    assert_eq!(plugin.calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_renewed_before_it_is_used() {
    let Some(stage) = Stage::own().await else { return };
    let plugin = Plugin::new(&stage);
    let token = stage.reader("reader").await;
    plugin.hands_out(json!({"token": token, "expirationTimestamp": "2020-01-01T00:00:00Z"}));
    let cluster = connect(&plugin.connection(), &nowhere()).await.unwrap();
    for calls in 1..=3 {
        look(&cluster, stage.namespace()).await.unwrap();
        assert_eq!(plugin.calls(), calls);
    }
    plugin.hands_out(json!({"token": token, "expirationTimestamp": "2100-01-01T00:00:00Z"}));
    for _ in 0..3 {
        look(&cluster, stage.namespace()).await.unwrap();
    }
    assert_eq!(plugin.calls(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates_are_renewed_too() {
    let Some(stage) = Stage::own().await else { return };
    let plugin = Plugin::new(&stage);
    let hand_out = |valid_for| {
        let (certificate, key) = stage.certificate(valid_for);
        plugin.hands_out(json!({"clientCertificateData": certificate, "clientKeyData": key}));
    };
    hand_out(SHORT);
    let cluster = connect(&plugin.connection(), &nowhere()).await.unwrap();
    look(&cluster, stage.namespace()).await.unwrap();
    hand_out(Duration::from_secs(600));
    tokio::time::sleep(SHORT + Duration::from_secs(1)).await;
    look(&cluster, stage.namespace()).await.unwrap();
    assert_eq!(plugin.calls(), 2);
}

/// `exec` of a kubeconfig: beside the file, with its environment, told about the cluster; and the file that `aws`, `gcloud`
/// and `az` write.
#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_of_a_kubeconfig() {
    let Some(stage) = Stage::own().await else { return };
    let plugin = Plugin::new(&stage);
    let token = stage.reader("reader").await;
    plugin.hands_out(json!({"token": token}));
    let exec = |command: &str, more: Value| {
        let mut exec = json!({
            "apiVersion": V1, "command": command, "interactiveMode": "IfAvailable", "provideClusterInfo": true,
            "env": [{"name": "ASK_FOR", "value": "a-role"}], "installHint": "Install example-login first.",
        });
        for (key, value) in more.as_object().unwrap() {
            exec[key] = value.clone();
        }
        stage.kubeconfig("config", json!({"exec": exec}), json!({}))
    };
    stage.try_once(&at(&exec("./bin/login", json!({})))).await.unwrap();
    assert_eq!(plugin.calls(), 1);
    assert_eq!(plugin.read("asked"), "a-role\n");
    let told: Value = serde_json::from_str(&plugin.read("info")).unwrap();
    assert_eq!(told["spec"]["cluster"]["server"], json!(stage.access.server));
    assert_eq!(told["spec"]["interactive"], json!(false));

    let headline = "Exec plugin handed out no credentials";
    let who = "of user `dev` in `";
    let missing = at(&exec("example-login", json!({})));
    stage
        .refused(
            &missing,
            headline,
            &[who, "it cannot be found: Install example-login first."],
        )
        .await;
    let asking = at(&exec("./bin/login", json!({"interactiveMode": "Always"})));
    stage
        .refused(&asking, headline, &[who, "Log in with the tool itself first"])
        .await;
    let old = at(&exec(
        "./bin/login",
        json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}),
    ));
    stage
        .refused(&old, headline, &[who, "v1alpha1", "aws eks update-kubeconfig"])
        .await;
    let other = at(&exec(
        "./bin/login",
        json!({"apiVersion": "client.authentication.k8s.io/v1beta1"}),
    ));
    stage
        .refused(
            &other,
            headline,
            &[who, "answered in `client.authentication.k8s.io/v1`"],
        )
        .await;

    // Credentials of the block take the place of all that the kubeconfig has.
    let calls = plugin.calls();
    let overridden = Connection {
        token: Some(token.clone()),
        ..at(&exec("./bin/login", json!({})))
    };
    stage.try_once(&overridden).await.unwrap();
    assert_eq!(plugin.calls(), calls);
}

/// A plugin that fails is not run again for every resource.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_is_asked_once() {
    let Some(stage) = Stage::own().await else { return };
    let script = "#!/bin/sh\necho call >> \"$(dirname \"$0\")/calls\"\necho 'session has expired' >&2\nexit 255\n";
    let path = stage.file("bin/login", script);
    executable(&path);
    let plugin = Plugin { stage: &stage, path };
    let cluster = connect(&plugin.connection(), &nowhere()).await.unwrap();
    for _ in 0..5 {
        let outcome = look(&cluster, stage.namespace()).await;
        let parts = [
            "it failed (exit status: 255), and said: session has expired",
            "Run the command by hand",
        ];
        refused(outcome, "Exec plugin handed out no credentials", &parts);
    }
    assert_eq!(plugin.calls(), 1);
}

/// Ctrl-C does not wait for somebody to log in, and leaves no plugin behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_plugin() {
    let Some(stage) = Stage::own().await else { return };
    let script = "#!/bin/sh\necho $$ > \"$(dirname \"$0\")/unfinished\"\nmv \"$(dirname \"$0\")/unfinished\" \
                  \"$(dirname \"$0\")/pid\"\nexec sleep 600\n";
    let path = stage.file("bin/login", script);
    executable(&path);
    let plugin = Plugin { stage: &stage, path };
    let stop = CancellationToken::new();
    let cluster = plugin.connection().connect(&nowhere(), stop.clone()).await.unwrap();
    let stopping = async {
        while plugin.read("pid").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(look(&cluster, stage.namespace()), stopping);
    refused(outcome, "Stopped on request", &[]);
    let process = PathBuf::from("/proc").join(plugin.read("pid").trim()).join("cmdline");
    // What is killed stays as a process without a command line until it is waited for.
    while std::fs::read(&process).is_ok_and(|line| !line.is_empty()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
