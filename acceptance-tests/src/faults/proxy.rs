//! The proxy between the provider and the API server, in which things go wrong.
//!
//! The provider speaks plain HTTP with it, so that requests can be told apart; it speaks TLS with the API server. It is the
//! JobManager at a URL, too, and of lanes without the operator's snapshots the one behind the API server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Error, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::job_manager::{JOB, JobManager};
use super::point::{self, Fault, Length, Mode, Phase, Stage, What};
use answers::{closed, half, refusal, slowly};

mod answers;
mod meddling;

type Answer = Response<UnsyncBoxBody<Bytes, Error>>;

/// How late a late answer is.
const DELAY: Duration = Duration::from_millis(1500);

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    client: Client,
    lanes: Mutex<BTreeMap<String, Traffic>>,
    stage: Mutex<Stage>,
    /// How long a lasting fault lasts.
    lasting: Duration,
    /// Whether anybody listens. Connections end when it becomes false.
    up: watch::Sender<bool>,
    /// Counts requests that are held until something is done to a process.
    held: watch::Sender<usize>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What went through of one lane in the present step.
#[derive(Debug, Default)]
struct Traffic {
    seen: Vec<point::Request>,
    armed: Option<Armed>,
    job_manager: JobManager,
    /// The kind that the cluster does not know.
    without: Option<&'static str>,
}

/// A fault that waits for its request.
#[derive(Clone, Copy, Debug)]
struct Armed {
    stage: Stage,
    request: usize,
    fault: Fault,
    since: Option<Instant>,
}

impl Proxy {
    /// Starts a proxy on loopback that hands requests on to the cluster of `client`, with its rights.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(client: Client, lasting: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            client,
            lanes: Mutex::default(),
            stage: Mutex::new(Stage::Plan),
            lasting,
            up: watch::Sender::new(true),
            held: watch::Sender::new(0),
        });
        let server = tokio::spawn(serve(listener, address, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a kubeconfig that leads here.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<()> {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: faults\nclusters:\n- name: faults\n  cluster:\n    server: \
             {}\nusers:\n- name: faults\n  user:\n    token: accepted\ncontexts:\n- name: faults\n  context:\n    cluster: \
             faults\n    user: faults\n",
            self.url()
        );
        std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
    }

    /// Lets a namespace be on a cluster that does not know a kind, such as `flinkstatesnapshots`; `None`: knows all again.
    pub fn without(&self, namespace: &str, kind: Option<&'static str>) {
        self.shared.lane(namespace, |lane| lane.without = kind);
    }

    /// Begins a step of a lane, with a fault or without.
    pub fn begin(&self, namespace: &str, fault: Option<(Stage, usize, Fault)>) {
        *lock(&self.shared.stage) = Stage::Plan;
        self.shared.held.send_replace(0);
        self.shared.lane(namespace, |lane| {
            lane.seen.clear();
            lane.armed = fault.map(|(stage, request, fault)| Armed {
                stage,
                request,
                fault,
                since: None,
            });
        });
    }

    /// From now on, what was planned is done.
    pub fn applies(&self) {
        *lock(&self.shared.stage) = Stage::Apply;
    }

    /// Takes away the fault of a lane, and says whether it happened.
    pub fn disarm(&self, namespace: &str) -> bool {
        self.shared.lane(namespace, |lane| {
            lane.armed.take().is_some_and(|armed| armed.since.is_some())
        })
    }

    /// What a lane asked for in the present step.
    pub fn seen(&self, namespace: &str) -> Vec<point::Request> {
        self.shared.lane(namespace, |lane| lane.seen.clone())
    }

    /// How many savepoints the lane's JobManager has taken, and of how many the files are deleted.
    pub fn savepoints(&self, namespace: &str) -> (usize, usize) {
        self.shared.lane(namespace, |lane| lane.job_manager.savepoints())
    }

    /// Waits until so many requests are held, or until no more have come for `patience` after the first.
    pub async fn held(&self, all: usize, patience: Duration) {
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as this.
        let _ = held.wait_for(|held| *held > 0).await;
        let _ = tokio::time::timeout(patience, held.wait_for(|held| *held >= all)).await;
    }

    /// Ends all connections, and listens again after `away`.
    pub async fn restart(&self, away: Duration) {
        self.away_until(tokio::time::sleep(away)).await;
    }

    /// Ends all connections, and listens again when something has happened.
    pub async fn away_until<T>(&self, back: impl Future<Output = T>) -> T {
        self.shared.up.send_replace(false);
        let happened = back.await;
        self.shared.up.send_replace(true);
        happened
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.up.send_replace(false);
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn lane<T>(&self, namespace: &str, look: impl FnOnce(&mut Traffic) -> T) -> T {
        look(lock(&self.lanes).entry(namespace.to_owned()).or_default())
    }

    /// Notes a request, and says what goes wrong with it.
    fn note(&self, namespace: &str, request: point::Request) -> Option<Fault> {
        let lasting = self.lasting;
        self.lane(namespace, |lane| {
            let number = lane.seen.iter().filter(|seen| seen.stage == request.stage).count();
            let stage = request.stage;
            lane.seen.push(request);
            let armed = lane.armed.as_mut()?;
            let meant = armed.stage == stage && armed.request == number;
            if meant && armed.since.is_none() {
                armed.since = Some(Instant::now());
                return Some(armed.fault);
            }
            let lasts =
                armed.fault.length == Length::Lasting && armed.since.is_some_and(|since| since.elapsed() < lasting);
            lasts.then_some(armed.fault)
        })
    }
}

async fn serve(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut up = shared.up.subscribe();
    let mut listener = Some(listener);
    loop {
        let Some(listening) = &listener else {
            if up.wait_for(|up| *up).await.is_err() {
                return;
            }
            // The port is ours: nobody else can have taken it but for a moment.
            match TcpListener::bind(address).await {
                Ok(again) => listener = Some(again),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            continue;
        };
        tokio::select! {
            changed = up.wait_for(|up| !*up) => {
                if changed.is_err() {
                    return;
                }
                drop(changed);
                listener = None;
            }
            accepted = listening.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection(stream, Arc::clone(&shared)));
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let mut up = shared.up.subscribe();
    let service = service_fn(move |request| handle(Arc::clone(&shared), request));
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that breaks is the provider's business.
        _ = served => {}
        _ = up.wait_for(|up| !*up) => {}
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Answer> {
    let (mut parts, body) = request.into_parts();
    // The client names the host that it talks to, and who it is.
    parts.headers.remove(header::HOST);
    parts.headers.remove(header::AUTHORIZATION);
    let body = body.collect().await?.to_bytes();
    let path = parts.uri.path().to_owned();
    let Some((namespace, rest)) = place(&path) else {
        return shared.forward(parts, body).await;
    };
    let query = parts.uri.query().unwrap_or_default();
    let noted = point::Request {
        stage: *lock(&shared.stage),
        line: format!("{} {rest}", parts.method),
        watch: query.split('&').any(|pair| pair == "watch=true"),
    };
    let watch = noted.watch;
    let Some(Fault { what, phase, length: _ }) = shared.note(namespace, noted) else {
        return shared.answer(namespace, rest, parts, body).await;
    };
    let answer = match phase {
        Phase::Before => None,
        Phase::After => Some(shared.answer(namespace, rest, parts.clone(), body.clone()).await?),
    };
    match what {
        What::Reset => Err(Error::msg("reset")),
        What::Cut => half(shared.taken(answer, namespace, rest, parts, body).await?).await,
        What::Slow => slowly(shared.taken(answer, namespace, rest, parts, body).await?).await,
        What::Delay => {
            tokio::time::sleep(DELAY).await;
            shared.taken(answer, namespace, rest, parts, body).await
        }
        What::Status(code) => refusal(code, watch),
        What::WatchClosed => Ok(closed()),
        What::Deleted | What::Changed => {
            meddling::meddle(&shared.client, namespace, what).await?;
            shared.taken(answer, namespace, rest, parts, body).await
        }
        What::KillProvider | What::KillTerraform | What::Restart => {
            debug_assert_ne!(what.mode(), Mode::Request);
            shared.held.send_modify(|held| *held += 1);
            // Until whoever waits for the answer is dead, or the connection is ended.
            std::future::pending().await
        }
    }
}

/// The namespace in a path, and what comes after it.
fn place(path: &str) -> Option<(&str, &str)> {
    let at_url = path.strip_prefix("/jobmanager/");
    let rest = at_url.or_else(|| path.split_once("/namespaces/").map(|(_, rest)| rest))?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

impl Shared {
    /// The answer that was given already, or the one that is given now.
    async fn taken(
        &self,
        answer: Option<Answer>,
        namespace: &str,
        rest: &str,
        parts: http::request::Parts,
        body: Bytes,
    ) -> Result<Answer> {
        match answer {
            Some(answer) => Ok(answer),
            None => self.answer(namespace, rest, parts, body).await,
        }
    }

    /// Carries a request out.
    async fn answer(&self, namespace: &str, rest: &str, parts: http::request::Parts, body: Bytes) -> Result<Answer> {
        if parts.uri.path().starts_with("/jobmanager/") {
            let answer = |lane: &mut Traffic| lane.job_manager.answer(&parts.method, rest, &body, JOB);
            return answers::json(self.lane(namespace, answer));
        }
        if let Some(kind) = self.lane(namespace, |lane| lane.without) {
            if rest.split('/').next() == Some(kind) {
                return answers::text(StatusCode::NOT_FOUND, "404 page not found\n");
            }
            if let Some(path) = rest.strip_prefix("services/orders-rest:8081/proxy/") {
                let job = self.job_of(namespace).await?;
                let answer = |lane: &mut Traffic| lane.job_manager.answer(&parts.method, path, &body, &job);
                return answers::json(self.lane(namespace, answer));
            }
        }
        self.forward(parts, body).await
    }

    /// The id of the job that the operator runs in a namespace.
    async fn job_of(&self, namespace: &str) -> Result<String> {
        let path = format!("/apis/flink.apache.org/v1beta1/namespaces/{namespace}/flinkdeployments/orders");
        let found: Value = self.client.request(Request::get(path).body(Vec::new())?).await?;
        let id = found["status"]["jobStatus"]["jobId"].as_str();
        Ok(id.unwrap_or_default().to_owned())
    }

    async fn forward(&self, parts: http::request::Parts, body: Bytes) -> Result<Answer> {
        let request = Request::from_parts(parts, Body::from(body.to_vec()));
        match self.client.send(request).await {
            Ok(answer) => Ok(answer.map(|body| body.map_err(Error::new).boxed_unsync())),
            Err(error) => {
                let text = Full::from(error.to_string()).map_err(Error::new).boxed_unsync();
                let mut answer = Response::new(text);
                *answer.status_mut() = StatusCode::BAD_GATEWAY;
                Ok(answer)
            }
        }
    }
}
