//! The door to a JobManager's REST API: the same port however often the JobManager restarts, and
//! the paths that containers would see instead of those of this machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Volumes;

/// A running gateway. It ends when dropped.
#[derive(Debug)]
pub struct Gateway {
    port: u16,
    target: Arc<AtomicU16>,
    _running: DropGuard,
}

impl Gateway {
    /// Listens on a free port of 127.0.0.1. Until [`Gateway::lead_to`] every request gets a 502.
    pub async fn start(volumes: Volumes) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("listen on loopback")?;
        let port = listener.local_addr().context("read the port")?.port();
        let target = Arc::new(AtomicU16::new(0));
        let running = CancellationToken::new();
        let door = Arc::new(Door {
            volumes,
            target: Arc::clone(&target),
        });
        tokio::spawn(
            running
                .clone()
                .run_until_cancelled_owned(accept(listener, door, running.clone())),
        );
        Ok(Self {
            port,
            target,
            _running: running.drop_guard(),
        })
    }

    /// The port that clients use.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes requests on to `127.0.0.1:port` from now on.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::Relaxed);
    }
}

struct Door {
    volumes: Volumes,
    target: Arc<AtomicU16>,
}

async fn accept(listener: TcpListener, door: Arc<Door>, running: CancellationToken) {
    // An error concerns one connection that was given up before it was accepted.
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let door = Arc::clone(&door);
        let service = service_fn(move |request| answer(Arc::clone(&door), request));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(running.clone().run_until_cancelled_owned(connection));
    }
}

async fn answer(door: Arc<Door>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(forward(&door, request).await.unwrap_or_else(|error| {
        let body = json!({ "errors": [format!("The JobManager does not answer: {error}")] }).to_string();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }))
}

async fn forward(door: &Door, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let port = door.target.load(Ordering::Relaxed);
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself once the answer is read and the sender is dropped.
    tokio::spawn(connection);

    let (mut parts, body) = request.into_parts();
    let mut body = body.collect().await?.to_bytes();
    if is_json(&parts.headers)
        && let Ok(mut value) = serde_json::from_slice(&body)
    {
        outward(&mut value, &door.volumes);
        body = Bytes::from(value.to_string());
    }
    parts.headers.remove(TRANSFER_ENCODING);
    parts.headers.remove(CONNECTION);
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    parts
        .headers
        .insert(HOST, HeaderValue::try_from(format!("127.0.0.1:{port}"))?);
    let response = sender.send_request(Request::from_parts(parts, Full::new(body))).await?;

    let (mut parts, body) = response.into_parts();
    let mut body = body.collect().await?.to_bytes();
    if is_json(&parts.headers)
        && let Ok(text) = std::str::from_utf8(&body)
    {
        body = Bytes::from(door.volumes.inward(text));
    }
    parts.headers.remove(TRANSFER_ENCODING);
    parts.headers.remove(CONNECTION);
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Ok(Response::from_parts(parts, Full::new(body)))
}

fn is_json(headers: &hyper::HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.starts_with("application/json"))
}

fn outward(value: &mut Value, volumes: &Volumes) {
    match value {
        Value::String(text) => *text = volumes.outward(text),
        Value::Array(items) => items.iter_mut().for_each(|item| outward(item, volumes)),
        Value::Object(fields) => fields.values_mut().for_each(|field| outward(field, volumes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::flink::Rest;

    use super::*;

    /// A JobManager that answers with the location it was asked for.
    async fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(async |request: Request<Incoming>| {
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let body = json!({
                        "request-id": "1",
                        "status": { "id": "COMPLETED" },
                        "operation": { "location": "file:/v/flink-data/savepoint-1" },
                        "saw": asked,
                    });
                    let response = Response::builder().header(CONTENT_TYPE, "application/json; charset=UTF-8");
                    Ok::<_, Infallible>(response.body(Full::<Bytes>::from(body.to_string())).unwrap())
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
        port
    }

    #[tokio::test]
    async fn paths_are_those_inside_the_containers() {
        let gateway = Gateway::start(Volumes::new(Path::new("/v"))).await.unwrap();
        assert!(
            Rest::new(gateway.port())
                .config()
                .await
                .unwrap_err()
                .to_string()
                .contains("502")
        );
        gateway.lead_to(echo().await);
        let location = Rest::new(gateway.port())
            .stop("1", "file:///flink-data", false, "CANONICAL")
            .await
            .unwrap();
        assert_eq!(location, "file:/flink-data/savepoint-1");
        let answer = Rest::new(gateway.port()).config().await.unwrap();
        assert_eq!(answer["operation"]["location"], "file:/flink-data/savepoint-1");
    }

    #[test]
    fn every_location_in_a_request_is_mapped() {
        let mut body = json!({ "targetDirectory": "file:///a", "more": ["file:/b", 1, null] });
        outward(&mut body, &Volumes::new(Path::new("/v")));
        assert_eq!(
            body,
            json!({ "targetDirectory": "file:///v/a", "more": ["file:///v/b", 1, null] })
        );
    }
}
