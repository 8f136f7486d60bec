//! The jars of session jobs, as far as they are on the web.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::session_job::Host;
use super::simulation::session_jobs::not_fetched;
use super::status::{Failure, RECONCILIATION};
use super::validation::{host, host_of};

/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the host of a jar is, by its name or address.
pub async fn look_up(uri: &str) -> Host {
    let Some(name) = host_of(uri) else { return Host::Unknown };
    let addresses = tokio::net::lookup_host((name, 0)).await;
    let addresses: Vec<IpAddr> = addresses.into_iter().flatten().map(|address| address.ip()).collect();
    host(&addresses)
}

/// Fetches a jar over plain HTTP. The error is what the operator says of it.
pub async fn fetch(uri: &str) -> Result<Bytes, Failure> {
    let wrong = |class: &str, message: String| {
        let mut failure = Failure::new(RECONCILIATION, format!("{class}: {message}"));
        failure.causes = vec![(class.to_owned(), message)];
        failure
    };
    if !uri.starts_with("http://") {
        let message = format!("the sandbox fetches jars over http:// only, not {uri}");
        return Err(wrong("java.net.MalformedURLException", message));
    }
    match tokio::time::timeout(PATIENCE, get(uri)).await {
        Err(_) => Err(wrong("java.net.SocketTimeoutException", "Read timed out".to_owned())),
        Ok(Err(error)) => Err(wrong("java.net.ConnectException", format!("{uri}: {error:#}"))),
        Ok(Ok((StatusCode::OK, content))) => Ok(content),
        Ok(Ok((StatusCode::NOT_FOUND, _))) => Err(not_fetched(uri)),
        Ok(Ok((status, _))) => {
            let message = format!("Server returned HTTP response code: {} for URL: {uri}", status.as_u16());
            Err(wrong("java.io.IOException", message))
        }
    }
}

async fn get(uri: &str) -> anyhow::Result<(StatusCode, Bytes)> {
    let uri: Uri = uri.parse()?;
    let host = uri.host().unwrap_or_default();
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself once the answer is read and the sender is dropped.
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path)
        .header("host", authority)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}
