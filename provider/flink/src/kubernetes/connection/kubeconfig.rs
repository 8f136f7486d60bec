//! Kubeconfig files: read, merged, and asked for a context.

use std::io;

use kube::config::{AuthInfo, ExecAuthCluster};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

use self::file::{Cluster, Kubeconfig, Unread};
use super::places::{Files, trusted};
use super::settings::{Setting, Settings, proxy_uri, token_of, without_login};
use super::{ConnectionError, Peer, Target};
use crate::kubernetes::client;

mod file;

/// Whose signatures count where nothing names an authority.
pub(super) const MACHINE: &str = "an authority that this machine trusts";

/// So many names are listed where one was not found.
const LISTED: usize = 12;

/// The name under which a cluster's entry holds what its exec plugins want to know.
const FOR_PLUGINS: &str = "client.authentication.k8s.io/exec";

/// Reads and merges the files and takes the connection of the chosen context from them.
pub(super) fn load(files: &Files, settings: &Settings) -> Result<Target, ConnectionError> {
    let mut merged = Kubeconfig::default();
    for path in &files.paths {
        merged.merge(read(path, files.setting)?);
    }
    let chosen = choose(&merged, files, settings)?;
    let cluster = chosen.cluster;
    let server = cluster.server.as_deref();
    let server = server.ok_or_else(|| unusable(files, "its cluster has no `server`".to_owned()))?;
    let server = server
        .parse()
        .map_err(|error| unusable(files, format!("`server` of its cluster is not a URL: {error}")))?;
    let mut config = kube::Config::new(server);
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
    config.tls_server_name = cluster.tls_server_name.clone();
    let authority = client::material(
        "certificate-authority",
        cluster.certificate_authority_data.as_deref(),
        cluster.certificate_authority.as_deref(),
    )
    .map_err(|error| unusable(files, error.to_string()))?;
    config.root_cert = authority.as_deref().map(|pem| certificates(pem, files)).transpose()?;
    let cluster_name = format!("cluster `{}` in {files}", chosen.cluster_name);
    let proxy = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty());
    config.proxy_url = proxy
        .map(|proxy| proxy_uri(proxy, Setting::kubeconfig("proxy_url")))
        .transpose()?;
    config.auth_info = chosen
        .user
        .as_deref()
        .and_then(|user| merged.user(user))
        .unwrap_or_default();
    let user = user_of(&mut config.auth_info, chosen.user.as_deref(), files)?;
    if let Some(exec) = &mut config.auth_info.exec {
        exec.cluster = exec
            .provide_cluster_info
            .then(|| for_plugins(cluster, authority.clone()));
    }
    let peer = Peer {
        proxy: proxy.map(|proxy| format!("proxy `{}` of {cluster_name}", without_login(proxy))),
        authority: trusted(authority.is_some().then(|| cluster_name.clone())),
        named_by: cluster_name,
        credentials: user,
        ..Peer::default()
    };
    Ok(Target { config, peer })
}

fn certificates(pem: &[u8], files: &Files) -> Result<Vec<Vec<u8>>, ConnectionError> {
    let found: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| {
        let reason = "`certificate-authority` of its cluster holds no certificate in PEM form";
        unusable(files, reason.to_owned())
    })
}

/// What a plugin with `provideClusterInfo` is told about the cluster.
fn for_plugins(cluster: &Cluster, authority: Option<Vec<u8>>) -> ExecAuthCluster {
    let extensions = cluster.extensions.iter().flatten();
    ExecAuthCluster {
        server: cluster.server.clone(),
        insecure_skip_tls_verify: cluster.insecure_skip_tls_verify,
        certificate_authority_data: authority,
        proxy_url: cluster.proxy_url.clone(),
        tls_server_name: cluster.tls_server_name.clone(),
        config: extensions
            .filter(|extension| extension.name == FOR_PLUGINS)
            .map(|extension| extension.extension.clone())
            .next(),
    }
}

fn read(path: &str, setting: Setting) -> Result<Kubeconfig, ConnectionError> {
    Kubeconfig::read(path).map_err(|unread| {
        let path = path.to_owned();
        match unread {
            Unread::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {
                ConnectionError::FileMissing { setting, path }
            }
            Unread::Unreadable(error) => ConnectionError::FileUnreadable {
                setting,
                path,
                reason: error.to_string(),
            },
            Unread::Invalid(reason) => ConnectionError::FileInvalid { setting, path, reason },
        }
    })
}

/// Context, cluster and user that a connection is made from.
struct Chosen<'k> {
    cluster_name: String,
    cluster: &'k Cluster,
    user: Option<String>,
}

/// Finds context, cluster and user, or says which there are.
fn choose<'k>(merged: &'k Kubeconfig, files: &Files, settings: &Settings) -> Result<Chosen<'k>, ConnectionError> {
    let (name, setting) = match (&settings.context, &merged.current_context) {
        (Some((name, setting)), _) => (name.clone(), *setting),
        (None, Some(current)) if !current.is_empty() => (current.clone(), Setting::kubeconfig("config_context")),
        (None, _) => {
            return Err(ConnectionError::NoContext {
                files: files.to_string(),
                known: names("context", "", merged.contexts()),
            });
        }
    };
    let missing = |what: &'static str, name: &str, setting: Setting, known: String| ConnectionError::NotInKubeconfig {
        setting,
        what,
        name: name.to_owned(),
        files: files.to_string(),
        known,
    };
    let Some(context) = merged.context(&name) else {
        let known = names("context", &name, merged.contexts());
        return Err(missing("context", &name, setting, known));
    };
    let (cluster_name, setting) = match &settings.cluster {
        Some((cluster, setting)) => (cluster.clone(), *setting),
        None => (context.cluster.clone(), Setting::kubeconfig("config_context_cluster")),
    };
    let Some(cluster) = merged.cluster(&cluster_name) else {
        let known = names("cluster", &cluster_name, merged.clusters());
        return Err(missing("cluster", &cluster_name, setting, known));
    };
    let user = match (&settings.user, context.user.as_deref()) {
        (Some((user, setting)), _) => Some((user.clone(), *setting)),
        (None, Some(user)) if !user.is_empty() => {
            Some((user.to_owned(), Setting::kubeconfig("config_context_auth_info")))
        }
        (None, _) => None,
    };
    // Without credentials, Kubernetes would refuse somebody called `system:anonymous`.
    if let Some((user, setting)) = &user
        && !merged.users().any(|known| known == user)
    {
        return Err(missing("user", user, *setting, names("user", user, merged.users())));
    }
    Ok(Chosen {
        cluster_name,
        cluster,
        user: user.map(|(user, _)| user),
    })
}

/// Looks through a user's credentials and says, for messages, what they are. In the order in which
/// they are taken.
fn user_of(user: &mut AuthInfo, name: Option<&str>, files: &Files) -> Result<String, ConnectionError> {
    let Some(name) = name else {
        return Ok(format!(
            "a request without credentials (the context in {files} has no user)"
        ));
    };
    let of = format!("user `{name}` in {files}");
    if let Some(provider) = &user.auth_provider
        && provider.name != "oidc"
    {
        let reason = format!(
            "its user `{name}` logs in by `auth-provider: {}`, which Kubernetes no longer has. Use an exec plugin",
            provider.name
        );
        return Err(unusable(files, reason));
    }
    if let Some(token) = &user.token {
        let token = token_of(token.expose_secret(), Setting::kubeconfig("token"))?;
        user.token = Some(SecretString::from(token));
    }
    let certificate = user.client_certificate.is_some() || user.client_certificate_data.is_some();
    let key = user.client_key.is_some() || user.client_key_data.is_some();
    if certificate != key {
        let (given, missing) = match certificate {
            true => ("client-certificate", "client-key"),
            false => ("client-key", "client-certificate"),
        };
        return Err(unusable(
            files,
            format!("its user `{name}` has a `{given}` and no `{missing}`"),
        ));
    }
    Ok(if user.auth_provider.is_some() {
        format!("the token of `auth-provider` of {of}")
    } else if user.username.is_some() && user.password.is_some() {
        format!("the user name and password of {of}")
    } else if user.token.is_some() {
        format!("the token of {of}")
    } else if let Some(file) = &user.token_file {
        format!("the token in `{file}`, named by {of}")
    } else if let Some(exec) = &user.exec {
        let command = exec.command.as_deref().unwrap_or_default();
        format!("the credentials of the exec plugin `{command}` of {of}")
    } else if certificate {
        format!("the client certificate of {of}")
    } else {
        format!("a request without credentials ({of} has none)")
    })
}

fn unusable(files: &Files, reason: String) -> ConnectionError {
    ConnectionError::Kubeconfig {
        setting: files.setting,
        files: files.to_string(),
        reason,
    }
}

/// Names there are, those most like the wanted one first.
fn names<'a>(what: &str, wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase());
    let mut names: Vec<&str> = names.collect();
    names.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => format!("no {what}"),
        all if all > LISTED => format!("{} and {} more", shown.join(", "), all - LISTED),
        _ => shown.join(", "),
    }
}
