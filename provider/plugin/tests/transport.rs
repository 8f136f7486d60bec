//! A provider process through its real socket, driven by friends and strangers.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use terraform_plugin::client::{Credentials, Identity, Launch, Plugin, StartError};
use terraform_plugin::generated::plugin::grpc_broker_client::GrpcBrokerClient;
use terraform_plugin::generated::plugin::grpc_stdio_client::GrpcStdioClient;
use terraform_plugin::generated::tfplugin5::provider_client::ProviderClient;
use terraform_plugin::generated::tfplugin5::{
    DynamicValue, configure, get_provider_schema, list_resource, read_data_source,
};
use tokio::time::timeout;

/// The binary of `tests/sample/provider.rs`.
const SAMPLE: &str = env!("CARGO_BIN_EXE_terraform-provider-sample");

/// Nothing here takes that long on a machine that is only busy.
const PATIENCE: Duration = Duration::from_secs(30);

async fn started() -> Plugin {
    Plugin::start(SAMPLE).await.expect("the sample starts")
}

/// Reads the data source of that name.
async fn read(plugin: &Plugin, name: &str) -> read_data_source::Response {
    let request = read_data_source::Request {
        type_name: name.to_owned(),
        ..Default::default()
    };
    plugin
        .provider()
        .read_data_source(request)
        .await
        .expect("an answer")
        .into_inner()
}

fn signal(plugin: &Plugin, signal: Signal) {
    let id = i32::try_from(plugin.pid().expect("it runs")).expect("a process id");
    kill_process(Pid::from_raw(id).expect("a process id"), signal).expect("it gets the signal");
}

/// Waits for a line of the log and returns it.
async fn logged(plugin: &Plugin, words: &str) -> String {
    let line = timeout(PATIENCE, plugin.stderr_line(|line| line.contains(words))).await;
    let line = line.ok().flatten();
    assert!(line.is_some(), "no line with `{words}` in {:#?}", plugin.stderr());
    line.unwrap_or_default()
}

/// Waits for the process, which must end well, and says how long it took.
async fn ends_well(plugin: &mut Plugin) -> Duration {
    let start = Instant::now();
    let status = timeout(PATIENCE, plugin.wait())
        .await
        .expect("it ends")
        .expect("it is ours");
    assert_eq!(status.code(), Some(0), "{:#?}", plugin.stderr());
    start.elapsed()
}

fn socket(plugin: &Plugin) -> PathBuf {
    PathBuf::from(plugin.location())
}

fn assert_nothing_left(socket: &Path) {
    assert!(!socket.exists(), "the socket is left: {}", socket.display());
    assert!(
        !socket.parent().expect("a folder").exists(),
        "the socket's folder is left"
    );
}

#[tokio::test]
async fn the_client_that_started_it_is_served() {
    let plugin = started().await;
    let schema = plugin
        .provider()
        .get_schema(get_provider_schema::Request {})
        .await
        .expect("a schema")
        .into_inner();
    assert!(schema.resource_schemas.contains_key("sample_note"));

    let mut health = tonic_health::pb::health_client::HealthClient::new(plugin.channel());
    let request = tonic_health::pb::HealthCheckRequest {
        service: "plugin".into(),
    };
    let health = health.check(request).await.expect("a health").into_inner();
    assert_eq!(
        health.status(),
        tonic_health::pb::health_check_response::ServingStatus::Serving
    );
}

#[tokio::test]
async fn strangers_are_refused() {
    let ours = Arc::new(Identity::generate().expect("an identity"));
    let other = Arc::new(Identity::generate().expect("an identity"));
    let impostor = Arc::new(ours.with_key_of(&other));
    let plugin = Launch::new(SAMPLE)
        .identity(ours.clone())
        .start()
        .await
        .expect("it starts");

    let strangers = [
        ("plaintext", Credentials::Plaintext),
        ("no certificate", Credentials::Anonymous),
        ("another certificate", Credentials::Holder(other)),
        ("our certificate, another key", Credentials::Holder(impostor)),
    ];
    for (number, (name, credentials)) in strangers.into_iter().enumerate() {
        let answer = async {
            let channel = plugin.connect(credentials).await.map_err(|error| error.to_string())?;
            let mut provider = ProviderClient::new(channel);
            let answer = provider.get_schema(get_provider_schema::Request {}).await;
            answer.map(|_| ()).map_err(|status| status.to_string())
        };
        let answer = timeout(PATIENCE, answer).await.expect("an end");
        assert!(answer.is_err(), "{name} was served");
        let refusals = || {
            let lines = plugin.stderr();
            lines.iter().filter(|line| line.contains("refused a client")).count()
        };
        let start = Instant::now();
        while refusals() <= number {
            assert!(
                start.elapsed() < PATIENCE,
                "{name} left no line in {:#?}",
                plugin.stderr()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    // The same identity may come twice, and nobody disturbed the first connection.
    let again = plugin.connect(Credentials::Holder(ours)).await.expect("a connection");
    let mut provider = ProviderClient::new(again);
    provider
        .get_schema(get_provider_schema::Request {})
        .await
        .expect("served");
    read(&plugin, "sample_note").await;
}

/// Nobody but who started it, and root, comes as far as the socket. Where the tests run as root, another user tries.
#[tokio::test]
async fn other_users_do_not_reach_the_socket() {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

    let plugin = started().await;
    let socket = socket(&plugin);
    let folder = socket.parent().expect("a folder").metadata().expect("a folder");
    assert_eq!(
        folder.permissions().mode() & 0o777,
        0o700,
        "nobody else enters the folder"
    );
    assert!(socket.metadata().expect("a socket").file_type().is_socket());
    let ourselves = rustix::process::geteuid().as_raw();
    assert_eq!(folder.uid(), ourselves);

    // `cat` opens no socket; by whose words it fails shows how far it came.
    let tried_by = |user: u32| {
        let mut cat = std::process::Command::new("cat");
        cat.arg(&socket).current_dir("/").env("LC_ALL", "C");
        if user != ourselves {
            std::os::unix::process::CommandExt::uid(&mut cat, user);
        }
        String::from_utf8(cat.output().expect("it runs").stderr).expect("text")
    };
    let by_us = tried_by(ourselves);
    assert!(
        by_us.contains("No such device or address"),
        "we come as far as the socket: {by_us}"
    );
    if ourselves == 0 {
        let by_others = tried_by(65534);
        assert!(by_others.contains("Permission denied"), "{by_others}");
    }
}

#[tokio::test]
async fn without_a_certificate_it_speaks_plaintext() {
    let plugin = Launch::new(SAMPLE).plaintext().start().await.expect("it starts");
    read(&plugin, "sample_note").await;
    let identity = Arc::new(Identity::generate().expect("an identity"));
    let error = plugin.connect(Credentials::Holder(identity)).await.expect_err("no TLS");
    assert!(error.to_string().contains("has no TLS"), "{error}");
}

#[tokio::test]
async fn a_broken_certificate_ends_the_start() {
    let broken = Launch::new(SAMPLE).plaintext().env("PLUGIN_CLIENT_CERT", "garbage");
    let Err(StartError::Line { line, .. }) = broken.start().await else {
        panic!("it started")
    };
    assert!(line.contains("read the certificate in PLUGIN_CLIENT_CERT"), "{line}");
}

#[tokio::test]
async fn a_human_is_told_what_this_is() {
    let output = tokio::process::Command::new(SAMPLE)
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(
        text.starts_with("terraform-provider-sample: this is a plugin"),
        "{text}"
    );
    assert!(text.contains("terraform init") && text.contains("--debug"), "{text}");
}

#[tokio::test]
async fn a_client_of_protocol_6_only_is_told_so() {
    let start = Launch::new(SAMPLE).env("PLUGIN_PROTOCOL_VERSIONS", "6").start().await;
    let Err(StartError::Line { line, stderr }) = start else {
        panic!("it started")
    };
    for text in [&line, &stderr] {
        assert!(text.contains("speaks version 5") && text.contains("only 6;"), "{text}");
    }
    assert!(!line.contains('|'), "no client takes it for a handshake: {line}");
}

#[tokio::test]
async fn the_socket_folder_of_the_client_is_honoured() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::new(SAMPLE).env("PLUGIN_UNIX_SOCKET_DIR", folder.path());
    let plugin = launch.start().await.expect("it starts");
    assert!(socket(&plugin).starts_with(folder.path()), "{}", plugin.location());

    let missing = folder.path().join("missing");
    let start = Launch::new(SAMPLE)
        .env("PLUGIN_UNIX_SOCKET_DIR", &missing)
        .start()
        .await;
    let Err(StartError::Line { line, .. }) = start else {
        panic!("it started")
    };
    assert!(line.contains("make a folder for the socket in"), "{line}");
}

#[tokio::test]
async fn shutdown_ends_it_at_once_and_leaves_nothing() {
    let plugin = started().await;
    let socket = socket(&plugin);
    // Terraform keeps both of these open.
    let _stdio = GrpcStdioClient::new(plugin.channel())
        .stream_stdio(())
        .await
        .expect("a stream");
    let _broker = GrpcBrokerClient::new(plugin.channel())
        .start_stream(futures::stream::pending())
        .await
        .expect("a stream");
    assert!(socket.exists());
    let start = Instant::now();
    let status = timeout(PATIENCE, plugin.shutdown())
        .await
        .expect("it ends")
        .expect("it is ours");
    assert_eq!(status.code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_millis(1400),
        "it was forced: {:?}",
        start.elapsed()
    );
    assert_nothing_left(&socket);
}

#[tokio::test]
async fn a_call_that_never_ends_does_not_keep_it() {
    let mut plugin = started().await;
    let socket = socket(&plugin);
    let request = list_resource::Request::default();
    let _endless = plugin.provider().list_resource(request).await.expect("a stream");
    signal(&plugin, Signal::TERM);
    let took = ends_well(&mut plugin).await;
    assert!(took > Duration::from_secs(1), "nothing was open: {took:?}");
    logged(&plugin, "connections are still open").await;
    assert_nothing_left(&socket);
}

#[tokio::test]
async fn terminating_it_lets_handlers_wind_down_and_leaves_nothing() {
    for stop in [Signal::TERM, Signal::HUP] {
        let mut plugin = started().await;
        let socket = socket(&plugin);
        let request = read_data_source::Request {
            type_name: "sample_wait".into(),
            ..Default::default()
        };
        let mut provider = plugin.provider();
        let waiting = tokio::spawn(async move { provider.read_data_source(request).await });
        logged(&plugin, "waiting").await;
        signal(&plugin, stop);
        ends_well(&mut plugin).await;
        logged(&plugin, "wound down").await;
        waiting.await.expect("a task").expect("the answer still came");
        assert_nothing_left(&socket);
    }
}

#[tokio::test]
async fn interrupts_are_the_clients_business() {
    let plugin = started().await;
    for _ in 0..3 {
        signal(&plugin, Signal::INT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    read(&plugin, "sample_note").await;
}

#[tokio::test]
async fn a_lost_client_ends_it() {
    let mut plugin = started().await;
    let socket = socket(&plugin);
    let request = read_data_source::Request {
        type_name: "sample_wait".into(),
        ..Default::default()
    };
    let mut provider = plugin.provider();
    let waiting = tokio::spawn(async move { provider.read_data_source(request).await });
    logged(&plugin, "waiting").await;
    waiting.abort();
    plugin.disconnect();
    let took = ends_well(&mut plugin).await;
    assert!((2.5..8.0).contains(&took.as_secs_f64()), "{took:?}");
    logged(&plugin, "the client is gone").await;
    logged(&plugin, "wound down").await;
    assert_nothing_left(&socket);
}

#[tokio::test]
async fn stdout_stays_clean() {
    let plugin = started().await;
    read(&plugin, "sample_print").await;
    logged(&plugin, "a library complains").await;
    logged(&plugin, "a library prints").await;
    assert_eq!(plugin.stdout(), Vec::<String>::new());
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let plugin = started().await;
    let answer = read(&plugin, "sample_panic").await;
    let [diagnostic] = answer.diagnostics.as_slice() else {
        panic!("{answer:?}")
    };
    let detail = &diagnostic.detail;
    assert!(
        detail.starts_with("ReadDataSource panicked: no jar\nfor sample_panic"),
        "{detail}"
    );
    assert!(detail.contains("tests/sample/provider.rs:"), "{detail}");

    let line: Value = serde_json::from_str(&logged(&plugin, "no jar").await).expect("JSON");
    assert_eq!(line["@level"], "error");
    assert!(
        line["location"]
            .as_str()
            .is_some_and(|place| place.contains("provider.rs:"))
    );
    for line in plugin.stderr() {
        assert!(line.starts_with('{'), "one line of JSON each: {line}");
    }
    read(&plugin, "sample_note").await;
}

#[tokio::test]
async fn every_log_line_is_one_terraform_reads() {
    let launch = Launch::new(SAMPLE)
        .env("TF_LOG", "error")
        .env("TF_LOG_PROVIDER_SAMPLE", "trace");
    let mut plugin = launch.start().await.expect("it starts");
    let request = configure::Request {
        terraform_version: "1.11.4".into(),
        ..Default::default()
    };
    plugin.provider().configure(request).await.expect("an answer");
    read(&plugin, "sample_wait_not").await;
    signal(&plugin, Signal::INT);
    logged(&plugin, "interrupt ignored").await;
    signal(&plugin, Signal::TERM);
    plugin.disconnect();
    ends_well(&mut plugin).await;
    let lines = plugin.stderr();
    assert!(lines.len() >= 3, "{lines:#?}");
    for line in &lines {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
    assert!(
        lines.iter().any(|line| line.contains(r#""terraform":"1.11.4""#)),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn the_level_asked_for_is_kept() {
    let plugin = Launch::new(SAMPLE)
        .env("TF_LOG", "error")
        .start()
        .await
        .expect("it starts");
    read(&plugin, "sample_print").await;
    read(&plugin, "sample_panic").await;
    logged(&plugin, "no jar").await;
    for line in plugin.stderr().iter().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["@level"], "error", "{line}");
    }
}

#[tokio::test]
async fn a_line_says_which_call_it_belongs_to() {
    let plugin = started().await;
    read(&plugin, "sample_print").await;
    let line: Value = serde_json::from_str(&logged(&plugin, r"two\nlines").await).expect("JSON");
    assert_eq!(line["tf_rpc"], "ReadDataSource");
    assert_eq!(line["attempt"], 1);
}

#[tokio::test]
async fn large_values_pass_both_ways() {
    let plugin = started().await;
    let config = DynamicValue {
        msgpack: vec![0xa5; 32 << 20],
        json: vec![],
    };
    let request = read_data_source::Request {
        type_name: "sample_note".into(),
        config: Some(config.clone()),
        ..Default::default()
    };
    let answer = plugin
        .provider()
        .read_data_source(request)
        .await
        .expect("an answer")
        .into_inner();
    assert!(answer.state == Some(config), "it came back changed");
}

#[tokio::test]
async fn a_debugged_provider_outlives_its_clients_and_ends_with_ctrl_c() {
    let mut plugin = Launch::new(SAMPLE).debug().start().await.expect("it starts");
    let socket = socket(&plugin);
    for _ in 0..2 {
        let channel = plugin.connect(Credentials::Plaintext).await.expect("a connection");
        let mut provider = ProviderClient::new(channel);
        provider
            .configure(configure::Request::default())
            .await
            .expect("an answer");
    }
    plugin.disconnect();
    // Longer than a lost client is waited for.
    let ended = timeout(Duration::from_secs(5), plugin.wait()).await;
    assert!(ended.is_err(), "it ended with its client");
    assert_eq!(plugin.stdout(), Vec::<String>::new());
    signal(&plugin, Signal::INT);
    ends_well(&mut plugin).await;
    assert_nothing_left(&socket);
}
