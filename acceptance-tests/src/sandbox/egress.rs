//! The proxy through which the API server reaches "pods".
//!
//! The API server sends what it would send to a pod network (service proxy, webhooks) as HTTP
//! CONNECT over a UNIX socket. Addresses that [`Routes`] knows lead to a port on 127.0.0.1; nothing
//! else is reachable.

use std::convert::Infallible;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixListener};
use tracing::{debug, warn};

use super::Routes;

/// The egress configuration for kube-apiserver that leads to the proxy at `socket`. Nothing is said
/// about etcd: even `Direct` would make the API server dial etcd's UNIX socket as if it were TCP.
pub fn configuration(socket: &Path) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            { "name": "cluster", "connection": {
                "proxyProtocol": "HTTPConnect",
                "transport": { "uds": { "udsName": socket } },
            } },
        ],
    })
}

/// Listens at `socket`, replacing what an earlier, killed proxy left there.
pub fn bind(socket: &Path) -> Result<UnixListener> {
    let _ = fs::remove_file(socket);
    UnixListener::bind(socket).with_context(|| format!("listen at {}", socket.display()))
}

/// Serves the proxy until it is dropped.
pub async fn serve(listener: UnixListener, routes: Routes) {
    loop {
        let connection = match listener.accept().await {
            Ok((connection, _)) => connection,
            Err(error) => {
                warn!("egress proxy: accept failed: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let routes = routes.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let routes = routes.clone();
                async move { Ok::<_, Infallible>(connect(request, &routes).await) }
            });
            let served = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
            if let Err(error) = served.with_upgrades().await {
                debug!("egress proxy: {error}");
            }
        });
    }
}

async fn connect(request: Request<Incoming>, routes: &Routes) -> Response<Empty<Bytes>> {
    if request.method() != Method::CONNECT {
        return answer(StatusCode::METHOD_NOT_ALLOWED);
    }
    let target = request
        .uri()
        .authority()
        .and_then(|target| target.as_str().parse::<SocketAddrV4>().ok());
    let Some(local_port) = target.and_then(|target| routes.local_port(target)) else {
        debug!("egress proxy: no route to {}", request.uri());
        return answer(StatusCode::BAD_GATEWAY);
    };
    let mut pod = match TcpStream::connect((Ipv4Addr::LOCALHOST, local_port)).await {
        Ok(pod) => pod,
        Err(error) => {
            debug!(
                "egress proxy: {} is not served on port {local_port}: {error}",
                request.uri()
            );
            return answer(StatusCode::BAD_GATEWAY);
        }
    };
    tokio::spawn(async move {
        // The tunnel begins when the answer below has been sent.
        if let Ok(tunnel) = hyper::upgrade::on(request).await {
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(tunnel), &mut pod).await;
        }
    });
    answer(StatusCode::OK)
}

fn answer(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, UnixStream};

    use super::*;

    async fn ask(socket: &Path, request: &str) -> (UnixStream, String) {
        let mut stream = UnixStream::connect(socket).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        (stream, String::from_utf8(head).unwrap())
    }

    #[tokio::test]
    async fn connects_known_pods_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("egress.sock");
        let routes = Routes::default();
        let proxy = tokio::spawn(serve(bind(&socket).unwrap(), routes.clone()));

        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ip = routes.next_pod_ip();
        routes.insert(ip, 8081, server.local_addr().unwrap().port());
        let echo = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        });

        let (mut tunnel, head) = ask(
            &socket,
            &format!("CONNECT {ip}:8081 HTTP/1.1\r\nHost: {ip}:8081\r\n\r\n"),
        )
        .await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        tunnel.write_all(b"through").await.unwrap();
        tunnel.shutdown().await.unwrap();
        let mut text = String::new();
        tunnel.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "through");
        echo.await.unwrap();

        // Not even loopback itself: only what has a route.
        for (request, status) in [
            (format!("CONNECT {ip}:9999 HTTP/1.1\r\nHost: {ip}:9999\r\n\r\n"), "502"),
            (
                "CONNECT 127.0.0.1:8081 HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n\r\n".to_owned(),
                "502",
            ),
            (
                "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n".to_owned(),
                "502",
            ),
            (
                format!("GET http://{ip}:8081/ HTTP/1.1\r\nHost: {ip}:8081\r\n\r\n"),
                "405",
            ),
        ] {
            let (_, head) = ask(&socket, &request).await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {head}");
        }
        proxy.abort();
    }
}
