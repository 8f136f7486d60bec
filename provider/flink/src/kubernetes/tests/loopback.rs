//! The same rules over real sockets: what the transport reports must be told apart rightly.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::operator::FlinkDeployment;

/// The objects of the API server at that port.
pub(super) async fn objects(port: u16) -> Objects<FlinkDeployment> {
    let connection = Connection {
        host: Some(format!("http://127.0.0.1:{port}")),
        ..Connection::default()
    };
    let environment = Environment::new(|_| None, "/nonexistent");
    let cluster = connection
        .connect(&environment, CancellationToken::new())
        .await
        .unwrap();
    let limits = Limits {
        request: Duration::from_secs(5),
        attempts: 3,
        pause: Duration::from_millis(10),
    };
    Objects::new(cluster.with_limits(limits), "team")
}

/// Reads one request up to the end of its body and returns its first line.
async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return text;
            }
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .and_then(|length| length.parse().ok())
            })
            .unwrap_or(0);
        if body.len() >= length || count == 0 {
            return head.lines().next().unwrap_or_default().to_owned();
        }
    }
}

async fn answer(stream: &mut TcpStream, code: u16, body: &Value) {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_port_nobody_listens_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = objects(port).await.find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let mut lines = Vec::new();
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            lines.push(read(&mut stream).await);
        }
        lines
    });
    let error = objects(port).await.find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::Cut { .. }), "{error}");
    // Whoever only looks, looks again.
    let line = "GET /apis/flink.apache.org/v1beta1/namespaces/team/flinkdeployments/orders HTTP/1.1";
    assert_eq!(server.await.unwrap(), [line; 3]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_half_an_object() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"metadata\"")
                .await
                .unwrap();
        }
    });
    let error = objects(port).await.find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::Cut { .. }), "{error}");
}

#[tokio::test]
async fn a_creation_over_the_wire_with_a_lost_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let mut lines = Vec::new();
        let missing = json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
                             "details": {"name": "orders", "kind": "flinkdeployments"}});
        let replies = [Some((404, missing)), None, Some((200, written("1")))];
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            lines.push(read(&mut stream).await);
            if let Some((code, body)) = reply {
                answer(&mut stream, code, &body).await;
            }
        }
        lines
    });
    let created = objects(port).await.create(&manifest()).await.unwrap();
    assert!(created.adopted);
    let lines = server.await.unwrap();
    assert!(
        lines[1].starts_with("PATCH ") && lines[2].starts_with("GET "),
        "{lines:?}"
    );
}
