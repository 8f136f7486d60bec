//! The sandbox itself: what it starts, what it serves, and what it leaves behind.
//!
//! Each test has a sandbox of its own in a temporary directory, except where sharing is the point.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say by a panic what is wrong")]

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use acceptance_tests::objects::objects;
use acceptance_tests::sandbox::{self, ControlPlane, Options, Record, Routes, Sandbox};
use anyhow::Result;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Namespace, Pod, Service, ServiceAccount};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

/// Something that the cluster does in the background has to happen within this time.
const SOON: Duration = Duration::from_secs(60);

async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !done().await {
        assert!(Instant::now() < deadline, "{what}: not within {} s", SOON.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn deployments(client: &Client, namespace: &str) -> Api<DynamicObject> {
    objects(client, namespace, "FlinkDeployment")
}

/// A suspended job: nothing has to start for it.
fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": { "name": name },
        "spec": {
            "image": "flink:1.20",
            "flinkVersion": "v1_20",
            "serviceAccount": "flink",
            "jobManager": { "resource": { "cpu": 0.5, "memory": "1024m" } },
            "taskManager": { "resource": { "cpu": 0.5, "memory": "1024m" } },
            "job": { "jarURI": "local:///opt/flink/job.jar", "parallelism": 1, "state": "suspended", "upgradeMode": "stateless" },
        },
    })
}

async fn apply(client: &Client, namespace: &str, object: &Value) -> kube::Result<DynamicObject> {
    let name = object["metadata"]["name"].as_str().unwrap();
    let params = PatchParams {
        field_validation: Some(kube::api::ValidationDirective::Strict),
        ..PatchParams::apply("test")
    };
    deployments(client, namespace)
        .patch(name, &params, &Patch::Apply(object))
        .await
}

/// The `sandbox` program on a directory of its own; whatever the test did, nothing is left running.
struct Program<'a> {
    state: &'a Path,
}

impl Program<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let (command, rest) = arguments.split_first().unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_sandbox"));
        program
            .arg(command)
            .arg("--state")
            .arg(self.state)
            .args(rest)
            .output()
            .unwrap()
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sandbox {}: {error}", arguments.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    fn up(&self) -> Record {
        let told = self.succeed(&["up"]);
        let kubeconfig = self.state.canonicalize().unwrap().join("kubeconfig");
        assert_eq!(told, format!("export KUBECONFIG={}\n", kubeconfig.display()));
        sandbox::status(self.state).unwrap().record.unwrap()
    }

    /// Kills one of the sandbox's processes as the system would when memory runs out, and waits
    /// until the others are gone, too.
    async fn kill(&self, name: &str) {
        let before = sandbox::status(self.state).unwrap();
        let pids: Vec<_> = before.processes.iter().map(|process| process.pid.unwrap()).collect();
        let victim = before.processes.iter().find(|process| process.name == name).unwrap();
        let killed = Command::new("kill")
            .args(["-KILL", &victim.pid.unwrap().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        eventually("all processes end", async || {
            sandbox::status(self.state)
                .unwrap()
                .processes
                .iter()
                .all(|process| process.pid.is_none())
        })
        .await;
        for pid in pids {
            let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let gone = state
                .rsplit_once(')')
                .is_none_or(|(_, fields)| fields.trim_start().starts_with('Z'));
            assert!(gone, "process {pid} outlived {name}: {state}");
        }
        assert_eq!(self.run(&["status"]).status.code(), Some(3));
    }

    async fn client(&self) -> Client {
        sandbox::client(&self.state.join("kubeconfig")).await.unwrap()
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        let _ = sandbox::down(self.state, true);
    }
}

#[tokio::test]
async fn keeps_its_state_and_leaves_nothing_running() {
    let directory = tempfile::tempdir().unwrap();
    // Longer than the path of a UNIX socket may be.
    let state = directory.path().join("a-directory-with-a-very-long-name-".repeat(4));
    let program = Program { state: &state };
    assert_eq!(program.run(&["status"]).status.code(), Some(3), "there is none yet");

    let first = program.up();
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(program.succeed(&["status"]).contains(&first.server));
    let client = program.client().await;
    let ready = client
        .request_text(Request::get("/readyz").body(Vec::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(ready, "ok");
    let version = client.apiserver_version().await.unwrap();
    assert!(
        version.git_version.starts_with("v1.") && version.minor.parse::<u32>().is_ok(),
        "{version:?}"
    );
    apply(&client, "default", &deployment("kept")).await.unwrap();
    let uid = deployments(&client, "default").get("kept").await.unwrap().uid();

    assert_eq!(program.up(), first, "a second start finds the first");

    for victim in ["sandbox", "etcd", "kube-apiserver", "kube-controller-manager"] {
        program.kill(victim).await;
        let next = program.up();
        assert_ne!(next.pid, first.pid);
        let kept = deployments(&program.client().await, "default")
            .get("kept")
            .await
            .unwrap();
        assert_eq!(kept.uid(), uid, "after the end of {victim}");
    }

    program.succeed(&["down"]);
    assert_eq!(program.run(&["status"]).status.code(), Some(3));
    assert!(state.join("etcd").is_dir(), "down alone keeps the state");
    program.succeed(&["down", "--wipe"]);
    assert!(!state.exists());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    assert!(program.succeed(&["down"]).starts_with("no sandbox runs"));
}

#[tokio::test]
async fn tests_share_one_that_is_a_real_cluster_and_ends_after_them() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        state: directory.path().join("shared"),
        stop_when_unused: Some(Duration::from_secs(2)),
        ..Options::acceptance("acceptance").unwrap()
    };
    let (one, other) = tokio::join!(Sandbox::start(options.clone()), Sandbox::start(options.clone()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.kubeconfig(), other.kubeconfig());
    if !one.is_own() {
        return;
    }
    drop(other);

    let elsewhere = Options {
        time_factor: 0.5,
        ..options.clone()
    };
    let refused = Sandbox::start(elsewhere).await.unwrap_err().to_string();
    assert!(refused.contains("tests are using this sandbox"), "{refused}");

    let namespace = one.namespace("sandbox").await.unwrap();
    let client = one.client().await.unwrap();
    serves_the_operators_kinds(&client, namespace.name()).await;
    collects_owned_objects(&client, namespace.name()).await;
    knows_roles(&client, namespace.name()).await;

    let name = namespace.name().to_owned();
    drop(namespace);
    let namespaces: Api<Namespace> = Api::all(client);
    eventually("the namespace is deleted", async || {
        namespaces.get_opt(&name).await.unwrap().is_none()
    })
    .await;

    // The test took longer than a sandbox waits for users; it had one.
    assert!(sandbox::status(&options.state).unwrap().record.is_some());
    drop(one);
    eventually("it ends without users", async || {
        let status = sandbox::status(&options.state).unwrap();
        status.processes.iter().all(|process| process.pid.is_none())
    })
    .await;
}

async fn serves_the_operators_kinds(client: &Client, namespace: &str) {
    let kinds = client
        .list_api_group_resources("flink.apache.org/v1beta1")
        .await
        .unwrap();
    let names: Vec<_> = kinds.resources.iter().map(|kind| kind.name.as_str()).collect();
    for name in [
        "flinkdeployments",
        "flinkdeployments/status",
        "flinksessionjobs",
        "flinkstatesnapshots",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    apply(client, namespace, &deployment("accepted")).await.unwrap();

    let mut misspelt = deployment("refused");
    misspelt["spec"]["job"]["upgradMode"] = json!("stateless");
    let error = apply(client, namespace, &misspelt).await.unwrap_err().to_string();
    assert!(error.contains("upgradMode"), "{error}");

    let mut impossible = deployment("refused");
    impossible["spec"]["job"]["upgradeMode"] = json!("hopeful");
    let error = apply(client, namespace, &impossible).await.unwrap_err().to_string();
    assert!(error.contains("hopeful"), "{error}");
}

async fn collects_owned_objects(client: &Client, namespace: &str) {
    let owner = apply(client, namespace, &deployment("owner")).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let owned = json!({
        "metadata": { "name": "owned", "ownerReferences": [{
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "owner",
            "uid": owner.uid().unwrap(), "controller": true, "blockOwnerDeletion": true,
        }] },
    });
    maps.create(&PostParams::default(), &serde_json::from_value(owned).unwrap())
        .await
        .unwrap();
    deployments(client, namespace)
        .delete("owner", &DeleteParams::foreground())
        .await
        .unwrap();
    eventually("the owned object is collected", async || {
        maps.get_opt("owned").await.unwrap().is_none()
    })
    .await;
    eventually("the foreground deletion ends", async || {
        deployments(client, namespace).get_opt("owner").await.unwrap().is_none()
    })
    .await;
}

async fn knows_roles(client: &Client, namespace: &str) {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    accounts.get("flink").await.expect("the account for jobs");
    let review = json!({ "spec": {
        "user": format!("system:serviceaccount:{namespace}:flink"),
        "resourceAttributes": { "namespace": namespace, "verb": "list", "resource": "secrets" },
    } });
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let review = reviews
        .create(&PostParams::default(), &serde_json::from_value(review).unwrap())
        .await
        .unwrap();
    assert!(!review.status.unwrap().allowed, "who has no role may do nothing");
}

#[tokio::test]
async fn a_control_plane_in_this_process_serves_our_own_crds_and_the_service_proxy() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().canonicalize().unwrap();
    let binary = tokio::task::spawn_blocking(|| sandbox::build(&Options::personal()?))
        .await
        .unwrap()
        .unwrap();
    let routes = Routes::default();
    let (plane, client) = ControlPlane::start(&state, &binary, "derived", routes.clone())
        .await
        .unwrap();

    serves_the_operators_kinds(&client, "default").await;

    let (ip, port) = (routes.next_pod_ip(), serve_greetings().await.unwrap());
    publish(&client, ip).await;
    let url = "/api/v1/namespaces/default/services/job-rest:8081/proxy/overview?verbose=true";
    let ask = async || client.request_text(Request::get(url).body(Vec::new()).unwrap()).await;

    let error = ask().await.expect_err("there is no route yet").to_string();
    assert!(
        error.contains("502") || error.to_lowercase().contains("bad gateway"),
        "{error}"
    );
    routes.insert(ip, 8081, port);
    assert_eq!(ask().await.unwrap(), "GET /overview?verbose=true");
    routes.remove(ip);

    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    maps.list(&ListParams::default())
        .await
        .expect("the API server is none the worse for it");
    plane.stop();
}

/// An HTTP server that answers with method and path.
async fn serve_greetings() -> Result<u16> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(async |request: Request<hyper::body::Incoming>| {
                let text = format!("{} {}", request.method(), request.uri());
                Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(text))))
            });
            let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(served);
        }
    });
    Ok(port)
}

/// The pod, the service and the endpoints that the API server looks at before it connects.
async fn publish(client: &Client, ip: Ipv4Addr) {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let pod = json!({
        "metadata": { "name": "job" },
        "spec": { "containers": [{ "name": "flink-main-container", "image": "flink:1.20" }] },
    });
    let pod = pods
        .create(&PostParams::default(), &serde_json::from_value(pod).unwrap())
        .await
        .unwrap();
    let status = json!({ "status": {
        "phase": "Running", "podIP": ip, "podIPs": [{ "ip": ip }],
        "conditions": [{ "type": "Ready", "status": "True" }],
    } });
    pods.patch_status("job", &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();

    let service = json!({ "metadata": { "name": "job-rest" }, "spec": { "ports": [{ "port": 8081 }] } });
    let services: Api<Service> = Api::namespaced(client.clone(), "default");
    services
        .create(&PostParams::default(), &serde_json::from_value(service).unwrap())
        .await
        .unwrap();
    let endpoints = json!({
        "metadata": { "name": "job-rest" },
        "subsets": [{
            "addresses": [{ "ip": ip, "targetRef": {
                "kind": "Pod", "name": "job", "namespace": "default", "uid": pod.uid().unwrap(),
            } }],
            "ports": [{ "port": 8081 }],
        }],
    });
    let api: Api<Endpoints> = Api::namespaced(client.clone(), "default");
    api.create(&PostParams::default(), &serde_json::from_value(endpoints).unwrap())
        .await
        .unwrap();
}
