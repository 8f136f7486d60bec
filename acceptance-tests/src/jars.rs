//! A small web server on loopback with the example jars of a Flink: where session jobs of tests have theirs from.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::flink::Installation;

/// A running server. It ends when dropped.
#[derive(Debug)]
pub struct JarServer {
    port: u16,
    _running: DropGuard,
}

impl JarServer {
    /// Serves the example jars that are sent to streaming clusters.
    pub async fn start(installation: &Installation) -> Result<Self> {
        Self::of(&installation.home().join("examples/streaming")).await
    }

    /// Serves the files of a folder, those of folders in it left out.
    pub async fn of(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("listen on loopback")?;
        let port = listener.local_addr().context("read the port")?.port();
        let running = CancellationToken::new();
        let serving = accept(listener, Arc::new(folder.to_owned()), running.clone());
        tokio::spawn(running.clone().run_until_cancelled_owned(serving));
        Ok(Self {
            port,
            _running: running.drop_guard(),
        })
    }

    /// Where a jar is, for example `http://127.0.0.1:40123/TopSpeedWindowing.jar`. Whether it is there is not looked at.
    pub fn uri(&self, jar: &str) -> String {
        format!("http://127.0.0.1:{}/{jar}", self.port)
    }
}

async fn accept(listener: TcpListener, folder: Arc<PathBuf>, running: CancellationToken) {
    // An error concerns one connection that was given up before it was accepted.
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let folder = Arc::clone(&folder);
        let service = service_fn(move |request| answer(Arc::clone(&folder), request));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(running.clone().run_until_cancelled_owned(connection));
    }
}

async fn answer(folder: Arc<PathBuf>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let name = request.uri().path().trim_start_matches('/').to_owned();
    let content = match name.contains('/') || name.contains("..") {
        true => None,
        false => tokio::fs::read(folder.join(name)).await.ok(),
    };
    let mut response = Response::new(Full::from(content.clone().unwrap_or_default()));
    if content.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
