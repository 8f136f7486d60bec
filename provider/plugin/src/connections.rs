//! The connections that are open, and the moment nobody is left.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use crate::listener::{self, Listener};

/// Longest TLS handshake. Terraform needs milliseconds.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Handshakes at the same time. Terraform opens one connection.
const HANDSHAKES: usize = 32;

/// Rest after a failed accept: out of descriptors, mostly.
const PAUSE: Duration = Duration::from_millis(100);

/// Counts open connections. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: watch::Sender<usize>,
}

impl Connections {
    /// Counts one more until the returned value is dropped.
    fn enter(&self) -> Open {
        self.open.send_modify(|open| *open += 1);
        Open(self.open.clone())
    }

    /// Waits until the client is lost: it never came within `first`, or the last connection has
    /// been closed for `grace`.
    ///
    /// Nobody tells a plugin that Terraform was killed, so this is the only way to notice.
    pub(crate) async fn lost(&self, first: Duration, grace: Duration) {
        let mut open = self.open.subscribe();
        let mut patience = first;
        // The sender lives in `self`: waiting cannot fail, only time out.
        while tokio::time::timeout(patience, open.wait_for(|open| *open > 0))
            .await
            .is_ok()
        {
            let _ = open.wait_for(|open| *open == 0).await;
            patience = grace;
        }
    }
}

/// One open connection in the count.
#[derive(Debug)]
struct Open(watch::Sender<usize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// Accepts connections, and with TLS only those that hold the pinned certificate's key.
///
/// Strangers are logged and never counted: they keep nothing alive.
pub(crate) fn incoming(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    connections: Connections,
) -> impl Stream<Item = io::Result<Connection>> {
    stream::unfold(listener, |listener| async { Some((listener.accept().await, listener)) })
        .map(move |accepted| {
            let (tls, connections) = (tls.clone(), connections.clone());
            async move {
                let stream = match accepted {
                    Ok(stream) => Box::into_pin(stream),
                    Err(error) => {
                        tracing::warn!(%error, "no connection accepted");
                        tokio::time::sleep(PAUSE).await;
                        return None;
                    }
                };
                let stream = match tls {
                    Some(tls) => secured(stream, tls).await?,
                    None => stream,
                };
                Some(Ok(Connection {
                    stream,
                    _open: connections.enter(),
                }))
            }
        })
        .buffer_unordered(HANDSHAKES)
        .filter_map(async |connection| connection)
}

/// The TLS handshake; nothing if it fails.
async fn secured(stream: BoxStream, tls: TlsAcceptor) -> Option<BoxStream> {
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::pin(stream)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "refused a client that is not the one who started this plugin");
            None
        }
        Err(_) => {
            tracing::warn!("refused a client that did not finish its TLS handshake");
            None
        }
    }
}

type BoxStream = Pin<Box<dyn listener::Stream>>;

/// A connection tonic can serve, counted while it lives.
pub(crate) struct Connection {
    stream: BoxStream,
    _open: Open,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{sleep, timeout};

    /// Longer than any test.
    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn a_client_that_never_comes_is_lost() {
        let lost = Connections::default();
        timeout(LONG / 60, lost.lost(SHORT, LONG)).await.expect("lost");
    }

    #[tokio::test]
    async fn a_client_is_lost_with_its_last_connection() {
        let connections = Connections::default();
        let watched = connections.clone();
        let lost = tokio::spawn(async move { watched.lost(LONG, SHORT).await });
        let first = connections.enter();
        let second = connections.enter();
        drop(first);
        sleep(SHORT * 2).await;
        assert!(!lost.is_finished(), "one is still open");
        drop(second);
        timeout(LONG / 60, lost).await.expect("lost").expect("no panic");
    }

    #[tokio::test]
    async fn a_client_that_comes_back_in_time_is_not_lost() {
        let connections = Connections::default();
        let watched = connections.clone();
        let lost = tokio::spawn(async move { watched.lost(LONG, SHORT * 5).await });
        drop(connections.enter());
        sleep(SHORT).await;
        let back = connections.enter();
        sleep(SHORT * 6).await;
        assert!(!lost.is_finished(), "it is back");
        drop(back);
        timeout(LONG / 60, lost).await.expect("lost").expect("no panic");
    }
}
