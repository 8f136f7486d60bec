//! What servers answer, and the file that says where they are.

use std::cell::RefCell;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use flink_client::kubernetes::{Cluster, Connection, Environment, Limits, Objects};
use flink_client::operator::{FlinkDeployment, FlinkStateSnapshot};
use flink_client::rest::JobManager;
use http::{Response, StatusCode};
use kube::client::Body;
use terraform_provider_flink::diagnose;
use terraform_schema::Block;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
    );
}

/// Statuses worth trying; the first byte of an input chooses.
pub const STATUSES: [u16; 12] = [200, 201, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503];

/// A cluster whose every answer is the rest of the input.
fn answering(input: &[u8]) -> Option<Cluster> {
    let (status, body) = input.split_first()?;
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let body = body.to_vec();
    let server = tower::service_fn(move |_: http::Request<Body>| {
        let mut answer = Response::new(Body::from(body.clone()));
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
        async move { Ok::<_, Infallible>(answer) }
    });
    let client = kube::Client::new(server, "team");
    let cluster = Cluster::new(client, "https://cluster.example.com", CancellationToken::new());
    Some(cluster.with_limits(Limits {
        request: Duration::from_secs(5),
        attempts: 1,
        pause: Duration::ZERO,
    }))
}

/// The API server: an object, a list, the event of a watch, or an error.
pub fn kubernetes(input: &[u8]) {
    run(async {
        let Some(cluster) = answering(input) else { return };
        let deployments: Objects<FlinkDeployment> = Objects::new(cluster.clone(), "team");
        if let Err(error) = deployments.find("orders").await {
            diagnose::kubernetes(&error, &Block::default());
        }
        // A list that names its own continuation goes on for as long as the server says so: here, for ever.
        if !input.windows(8).any(|part| part == b"continue") {
            let _ = deployments.list(&Default::default()).await;
        }
        if let Ok(mut watching) = deployments.watch("orders", "1").await {
            while let Some(seen) = futures::StreamExt::next(&mut watching).await {
                if seen.is_err() {
                    break;
                }
            }
        }
        let snapshots: Objects<FlinkStateSnapshot> = Objects::new(cluster.clone(), "team");
        let _ = snapshots.find("orders").await;
        let _ = cluster.namespace_uid("team").await;
        let _ = cluster.events_about("team", "FlinkDeployment", "orders").await;
        let _ = flink_client::operator::definitions(&cluster).await;
    });
}

/// A JobManager.
pub fn rest(input: &[u8]) {
    run(async {
        let Some(cluster) = answering(input) else { return };
        let job_manager = JobManager::new(cluster, "team", "orders-rest", 8081).with_patience(Duration::ZERO);
        if let Err(error) = job_manager.overview().await {
            diagnose::rest(&error);
        }
        let _ = job_manager.web_configuration().await;
        let _ = job_manager.configuration().await;
        let _ = job_manager.task_managers().await;
        let _ = job_manager.jobs().await;
        let _ = job_manager.checkpoint_configuration("a").await;
        let _ = job_manager.checkpoint("a", 1).await;
        if let Ok(job) = job_manager.job("a").await {
            job.parallelism();
        }
        if let Ok(exceptions) = job_manager.exceptions("a").await {
            for exception in exceptions.newest_first() {
                exception.root_cause();
                exception.message();
            }
        }
        if let Ok(checkpoints) = job_manager.checkpoints("a").await {
            let _ = (checkpoints.completed(), checkpoints.savepoint(), checkpoints.restored());
        }
    });
}

/// A kubeconfig. Only its own text is at stake: files that it names are somebody else's.
pub fn kubeconfig(input: &[u8]) {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder").keep();
        folder.join("kubeconfig")
    });
    // A mutation may name a device that never ends.
    if input.windows(5).any(|part| part == b"/dev/" || part == b"/proc") {
        return;
    }
    std::fs::write(&*FILE, input).expect("a file");
    let connection = Connection {
        config_path: Some(FILE.display().to_string()),
        ..Connection::default()
    };
    let environment = Environment::new(|_| None, "/nonexistent");
    if let Err(error) = connection.config(&environment) {
        let said = diagnose::connection(&error);
        assert!(!said.summary.is_empty());
    }
}

fn run(work: impl Future<Output = ()>) {
    RUNTIME.with(|runtime| runtime.borrow_mut().block_on(work));
}
