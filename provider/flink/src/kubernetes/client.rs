//! The HTTP client of a cluster or of a JobManager.
//!
//! kube can make one from its configuration, too. That one runs login plugins by itself, carries a whole HTTP client for each
//! kind of proxy, and with all that makes a tenth of the provider's binary. So the layers are put together here: TCP, the
//! proxy if there is one, TLS, time limits, HTTP, and the headers that say who asks.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName, InvalidHeaderValue};
use http::{Request, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::AuthInfo;
use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

mod tls;

/// A connection to the server or to its proxy, through whatever leads there.
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Connector = BoxCloneSyncService<Uri, Stream, Box<dyn Error + Send + Sync>>;

/// Why no client can be made from a configuration. Fragments that fit after a colon; none holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// What a kubeconfig holds in place of a file.
    #[error("`{0}-data` is not base64")]
    NotBase64(&'static str),
    /// A file that a kubeconfig names.
    #[error("the file `{path}` of `{what}` cannot be read: {error}")]
    Unreadable {
        what: &'static str,
        path: String,
        error: std::io::Error,
    },
    /// Text that should be PEM.
    #[error("`{0}` holds no {1} in PEM form")]
    NotPem(&'static str, &'static str),
    /// A certificate that is none, or a key that does not go with its certificate.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("`{0}` is not a server name")]
    ServerName(String),
    #[error("`auth-provider: oidc` has no `id-token`")]
    NoIdToken,
    /// A credential or a name with characters that no header can carry.
    #[error("a header cannot carry {0}")]
    Header(&'static str),
}

impl From<InvalidHeaderValue> for ClientError {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Header("the credentials or the user to impersonate")
    }
}

impl From<InvalidHeaderName> for ClientError {
    fn from(_: InvalidHeaderName) -> Self {
        Self::Header("the name of an extra of the user to impersonate")
    }
}

/// A client for a configuration whose login is done: exec plugins and token files are not looked at.
///
/// # Errors
/// Certificates, keys or headers of the configuration cannot be used.
pub(crate) fn connect(config: &kube::Config) -> Result<kube::Client, ClientError> {
    let tls = tls::config(config)?;
    let mut connectors = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone()).map_err(|_| ClientError::ServerName(name.clone()))?;
        connectors = connectors.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let way = way(config.proxy_url.as_ref(), tls);
    let mut connector = TimeoutConnector::new(connectors.enable_http1().wrap_connector(way));
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_write_timeout(config.write_timeout);
    let client: Client<_, Body> = Builder::new(TokioExecutor::new()).build(connector);
    let headers = headers(config)?;
    let service = ServiceBuilder::new()
        .map_request(move |mut request: Request<Body>| {
            for (name, value) in &headers {
                request.headers_mut().append(name, value.clone());
            }
            request
        })
        .layer(config.base_uri_layer())
        .service(client);
    Ok(ClientBuilder::new(service, config.default_namespace.clone()).build())
}

/// What leads to the server: TCP, or a proxy.
fn way(proxy: Option<&Uri>, tls: rustls::ClientConfig) -> Connector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let plain = |tcp: HttpConnector| Connector::new(tcp.map_response(MaybeHttpsStream::Http).map_err(Into::into));
    let Some(proxy) = proxy else { return plain(tcp) };
    let to_proxy = match proxy.scheme_str() {
        Some("socks5") => return Connector::new(SocksV5::new(proxy.clone(), plain(tcp)).map_err(Into::into)),
        Some("https") => {
            let connectors = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
            Connector::new(connectors.enable_http1().wrap_connector(tcp))
        }
        _ => plain(tcp),
    };
    let mut tunnel = Tunnel::new(proxy.clone(), to_proxy);
    let login = proxy
        .authority()
        .and_then(|authority| authority.as_str().rsplit_once('@'));
    if let Some((login, _)) = login
        && let Ok(value) = basic(&percent_decode_str(login).collect::<Vec<u8>>())
    {
        tunnel = tunnel.with_auth(value);
    }
    Connector::new(tunnel.map_err(Into::into))
}

/// The headers of every request: who asks, and for whom.
fn headers(config: &kube::Config) -> Result<HeaderMap, ClientError> {
    let mut headers: HeaderMap = config.headers.iter().cloned().collect();
    let auth = &config.auth_info;
    if let Some(value) = authorization(auth)? {
        headers.insert(AUTHORIZATION, value);
    }
    let single = [
        ("impersonate-user", &auth.impersonate),
        ("impersonate-uid", &auth.impersonate_uid),
    ];
    for (name, value) in single {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
    }
    for group in auth.impersonate_groups.iter().flatten() {
        headers.append("impersonate-group", HeaderValue::from_str(group)?);
    }
    for (name, values) in auth.impersonate_user_extra.iter().flatten() {
        // Escaped, because extras are often named by URLs.
        let name = super::request::segment(name).to_lowercase();
        let name = HeaderName::from_bytes(format!("impersonate-extra-{name}").as_bytes())?;
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value)?);
        }
    }
    Ok(headers)
}

/// Who asks. With more than one credential, the order is that of kubectl.
fn authorization(auth: &AuthInfo) -> Result<Option<HeaderValue>, ClientError> {
    if let Some(provider) = &auth.auth_provider {
        let token = provider.config.get("id-token").ok_or(ClientError::NoIdToken)?;
        return Ok(Some(bearer(token)?));
    }
    if let (Some(user), Some(password)) = (&auth.username, &auth.password) {
        let login = SecretString::from(format!("{user}:{}", password.expose_secret()));
        return Ok(Some(basic(login.expose_secret().as_bytes())?));
    }
    let token = auth.token.as_ref().map(ExposeSecret::expose_secret);
    Ok(token.map(bearer).transpose()?)
}

fn bearer(token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    sensitive(&format!("Bearer {token}"))
}

fn basic(login: &[u8]) -> Result<HeaderValue, InvalidHeaderValue> {
    sensitive(&format!("Basic {}", STANDARD.encode(login)))
}

fn sensitive(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a kubeconfig holds as base64, or else in a file: an authority, a client certificate or its key.
///
/// # Errors
/// The text is no base64, or the file cannot be read.
pub(crate) fn material(
    what: &'static str,
    data: Option<&str>,
    file: Option<&str>,
) -> Result<Option<Vec<u8>>, ClientError> {
    match (data, file) {
        (Some(data), _) => STANDARD
            .decode(data.trim())
            .map(Some)
            .map_err(|_| ClientError::NotBase64(what)),
        (None, Some(path)) => std::fs::read(path).map(Some).map_err(|error| ClientError::Unreadable {
            what,
            path: path.to_owned(),
            error,
        }),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
