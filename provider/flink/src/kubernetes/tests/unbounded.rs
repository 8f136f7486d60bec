//! Servers that send without end: memory and time are bounded all the same, and the error says what happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::super::body::LARGEST;
use super::*;
use crate::operator::{FlinkDeployment, resource::Resource};
use crate::rest::{Endpoint, RestError};
use crate::wait::{Progress, Wait, WaitError, until};

const MEGABYTE: usize = 1024 * 1024;

/// What fits into the buffers of both ends of a connection, at most.
const BUFFERS: usize = 16 * MEGABYTE;

/// What a server sends after the head of its answer.
#[derive(Clone, Copy)]
enum Sends {
    /// So many bytes, as one JSON text.
    Body(usize),
    /// Bytes without an end, and without an end of a line.
    OneLine,
    /// Events about something else, without end.
    Events,
    /// Arrays in arrays, so many.
    Nested(usize),
    /// One byte every 100 ms.
    Drops,
}

/// A server, and how much of all answers it could send.
struct Server {
    port: u16,
    sent: Arc<AtomicUsize>,
}

impl Server {
    /// Answers looks at objects with `looks`, and watches with `watches`.
    async fn start(looks: Sends, watches: Sends) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(AtomicUsize::new(0));
        let count = sent.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                // Whoever asks goes away in the middle.
                tokio::spawn(async move { answer(stream, looks, watches, &count).await });
            }
        });
        Self { port, sent }
    }

    async fn objects(&self) -> Objects<FlinkDeployment> {
        loopback::objects(self.port).await
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, looks: Sends, watches: Sends, count: &AtomicUsize) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let sends = if String::from_utf8_lossy(&request).contains("watch=true") {
        watches
    } else {
        looks
    };
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        .await?;
    let mut send = async |bytes: &[u8]| {
        stream.write_all(bytes).await?;
        count.fetch_add(bytes.len(), Ordering::SeqCst);
        Ok::<_, std::io::Error>(())
    };
    match sends {
        Sends::Body(length) => {
            send(b"{\"kind\":\"").await?;
            let piece = vec![b'x'; MEGABYTE];
            for _ in 0..length / MEGABYTE {
                send(&piece).await?;
            }
            send(b"\"}").await
        }
        Sends::OneLine => {
            let piece = vec![b'x'; MEGABYTE];
            loop {
                send(&piece).await?;
            }
        }
        Sends::Events => {
            let event = json!({"type": "BOOKMARK", "object": {"kind": "FlinkDeployment", "apiVersion": "v1",
                               "metadata": {"resourceVersion": "1"}}});
            let line = format!("{event}\n").repeat(1000);
            loop {
                send(line.as_bytes()).await?;
            }
        }
        Sends::Nested(depth) => {
            send("[".repeat(depth).as_bytes()).await?;
            send("]".repeat(depth).as_bytes()).await
        }
        Sends::Drops => loop {
            send(b" ").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        },
    }
}

#[tokio::test]
async fn a_body_of_100_mb_is_not_read_to_its_end() {
    let server = Server::start(Sends::Body(100 * MEGABYTE), Sends::OneLine).await;
    let error = server.objects().await.find("orders").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get flinkdeployments team/orders: the answer cannot be read: it is larger than 32 MB"
    );
    assert!(server.sent() < LARGEST + BUFFERS, "{} bytes", server.sent());
}

#[tokio::test]
async fn nor_is_that_of_a_job_manager() {
    let server = Server::start(Sends::Body(100 * MEGABYTE), Sends::OneLine).await;
    let endpoint = Endpoint {
        url: format!("http://127.0.0.1:{}", server.port),
        ..Endpoint::default()
    };
    let job_manager = endpoint.connect(CancellationToken::new()).unwrap();
    let error = job_manager.jobs().await.unwrap_err();
    assert!(matches!(error, RestError::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("larger than 32 MB"), "{error}");
    assert!(server.sent() < LARGEST + BUFFERS, "{} bytes", server.sent());
}

#[tokio::test]
async fn an_event_without_end_ends_the_watch() {
    let server = Server::start(Sends::Drops, Sends::OneLine).await;
    let mut watching = server.objects().await.watch("orders", "1").await.unwrap();
    let error = watching.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("larger than 32 MB"), "{error}");
    assert!(watching.next().await.is_none(), "nothing follows");
    assert!(server.sent() < LARGEST + BUFFERS, "{} bytes", server.sent());
}

#[tokio::test]
async fn events_without_end_do_not_outlast_the_wait() {
    let server = Server::start(Sends::Drops, Sends::Events).await;
    let mut watching = server.objects().await.watch("orders", "1").await.unwrap();
    let begun = Instant::now();
    let following = async { while watching.next().await.is_some() {} };
    let ended = tokio::time::timeout(Duration::from_secs(1), following).await;
    assert!(ended.is_err(), "the events go on");
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "and did not keep the time limit from being looked at"
    );
    assert!(server.sent() > MEGABYTE, "{} bytes", server.sent());
}

#[tokio::test]
async fn what_is_nested_too_deeply_is_an_error() {
    let server = Server::start(Sends::Nested(2_000_000), Sends::OneLine).await;
    let error = server.objects().await.find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("recursion limit"), "{error}");
}

#[tokio::test]
async fn an_answer_in_drops_is_given_up() {
    let server = Server::start(Sends::Drops, Sends::OneLine).await;
    let objects = server.objects().await;
    let limits = Limits {
        request: Duration::from_millis(500),
        attempts: 1,
        pause: Duration::from_millis(10),
    };
    let objects: Objects<FlinkDeployment> = Objects::new(objects.cluster().clone().with_limits(limits), "team");
    let error = objects.find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::TimedOut { .. }), "{error}");
    let wait = Wait {
        poll: Duration::from_millis(50),
        ..Wait::new("orders", Duration::from_secs(2))
    };
    let waited = until(&objects, wait, |_| Progress::Ready).await;
    let error = waited.unwrap_err();
    assert!(matches!(error, WaitError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains(FlinkDeployment::PLURAL), "{error}");
}
