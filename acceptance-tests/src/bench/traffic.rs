//! What goes between a provider and the API server: a proxy that counts.
//!
//! The provider speaks plain HTTP with it, so that requests and bytes can be told apart; it speaks TLS with the API
//! server. Bytes are those of HTTP/1.1, heads included; TLS would add about 30 to each message. Nothing is timed here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::io::{InspectReader, InspectWriter};

/// What went through since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many requests of each kind: `get flinkdeployments`.
    pub requests: BTreeMap<String, usize>,
    /// Bytes to the API server.
    pub sent: u64,
    /// Bytes from the API server.
    pub received: u64,
}

impl Traffic {
    /// All requests.
    pub fn total(&self) -> usize {
        self.requests.values().sum()
    }
}

type Shared = Arc<Mutex<Traffic>>;

fn note(shared: &Shared, change: impl FnOnce(&mut Traffic)) {
    change(&mut shared.lock().unwrap_or_else(PoisonError::into_inner));
}

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Counter {
    address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl Counter {
    /// Starts a proxy on loopback that hands requests on to the cluster of `client`, with its rights.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(client: Client) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen")?;
        let address = listener.local_addr()?;
        let shared = Shared::default();
        let server = tokio::spawn(serve(listener, client, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Writes a kubeconfig that leads here.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<()> {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: counter\nclusters:\n- name: counter\n  cluster:\n    server: \
             http://{}\nusers:\n- name: counter\n  user: {{}}\ncontexts:\n- name: counter\n  context:\n    cluster: \
             counter\n    user: counter\n",
            self.address
        );
        std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
    }

    /// What went through since the last call.
    pub fn take(&self) -> Traffic {
        let mut taken = Traffic::default();
        note(&self.shared, |traffic| taken = std::mem::take(traffic));
        taken
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, client: Client, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, client.clone(), Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, client: Client, shared: Shared) {
    let (reader, writer) = stream.into_split();
    let (sent, received) = (Arc::clone(&shared), Arc::clone(&shared));
    let counted = tokio::io::join(
        InspectReader::new(reader, move |bytes| {
            note(&sent, |traffic| traffic.sent += bytes.len() as u64)
        }),
        InspectWriter::new(writer, move |bytes| {
            note(&received, |traffic| traffic.received += bytes.len() as u64);
        }),
    );
    let service = service_fn(move |request: Request<Incoming>| {
        let kind = kind(request.method(), request.uri().path(), request.uri().query());
        note(&shared, |traffic| *traffic.requests.entry(kind).or_default() += 1);
        let client = client.clone();
        async move { hand_on(client, request).await }
    });
    // A connection that breaks is the provider's business.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(counted), service)
        .await;
}

async fn hand_on(client: Client, request: Request<Incoming>) -> Result<Response<Body>, anyhow::Error> {
    let (mut parts, body) = request.into_parts();
    // The client names the host that it talks to.
    parts.headers.remove(header::HOST);
    let body = body.collect().await?.to_bytes();
    let answered = client.send(Request::from_parts(parts, Body::from(body.to_vec()))).await;
    Ok(answered.unwrap_or_else(|error| {
        let mut answer = Response::new(Body::from(error.to_string().into_bytes()));
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    }))
}

/// What a request asks for, in the API server's words: `list pods`.
fn kind(method: &Method, path: &str, query: Option<&str>) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // After `api/v1` or `apis/GROUP/VERSION`, and the namespace where there is one.
    let below = match segments.as_slice() {
        ["api", _, below @ ..] | ["apis", _, _, below @ ..] => below,
        _ => return format!("{} {path}", method.as_str().to_lowercase()),
    };
    let below = match below {
        ["namespaces", _, below @ ..] if !below.is_empty() => below,
        below => below,
    };
    let watches = query.is_some_and(|query| {
        query
            .split('&')
            .any(|pair| matches!(pair, "watch" | "watch=true" | "watch=1"))
    });
    let verb = match (method.as_str(), below) {
        ("GET", _) if watches => "watch",
        // The list of what a group serves.
        ("GET", []) => "discover",
        ("GET", [_]) => "list",
        ("GET", _) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        (other, _) => other,
    };
    let resource = below.first().copied().unwrap_or(path);
    match below.get(2) {
        Some(sub) => format!("{verb} {resource}/{sub}"),
        None => format!("{verb} {resource}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_as_the_api_server_names_them() {
        let flink = "/apis/flink.apache.org/v1beta1";
        let cases = [
            (
                "GET",
                format!("{flink}/namespaces/a/flinkdeployments/orders"),
                "get flinkdeployments",
            ),
            (
                "PATCH",
                format!("{flink}/namespaces/a/flinkdeployments/orders?force=true"),
                "patch flinkdeployments",
            ),
            (
                "GET",
                format!("{flink}/namespaces/a/flinkdeployments?watch=true&x=y"),
                "watch flinkdeployments",
            ),
            (
                "GET",
                format!("{flink}/flinkdeployments?limit=500"),
                "list flinkdeployments",
            ),
            (
                "POST",
                format!("{flink}/namespaces/a/flinkdeployments"),
                "create flinkdeployments",
            ),
            (
                "PUT",
                format!("{flink}/namespaces/a/flinkdeployments/b/status"),
                "update flinkdeployments/status",
            ),
            ("GET", flink.to_owned(), "discover /apis/flink.apache.org/v1beta1"),
            ("GET", "/api/v1/namespaces/a".to_owned(), "get namespaces"),
            ("GET", "/api/v1/namespaces/a/pods".to_owned(), "list pods"),
            ("DELETE", "/api/v1/namespaces/a/pods/b".to_owned(), "delete pods"),
            ("GET", "/openapi/v3".to_owned(), "get /openapi/v3"),
        ];
        for (method, uri, wanted) in cases {
            let (path, query) = match uri.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (uri.as_str(), None),
            };
            let method: Method = method.parse().unwrap();
            assert_eq!(kind(&method, path, query), wanted, "{method} {uri}");
        }
    }
}
