//! Kubeconfig files: read, merged, and asked for a context.

use std::io;

use kube::config::{AuthInfo, Cluster, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use secrecy::{ExposeSecret, SecretString};

use super::places::{Files, trusted};
use super::settings::{Setting, Settings, proxy_uri, token_of, without_login};
use super::{ConnectionError, Peer, Target};

/// Whose signatures count where nothing names an authority.
pub(super) const MACHINE: &str = "an authority that this machine trusts";

/// So many names are listed where one was not found.
const LISTED: usize = 12;

/// Reads and merges the files and takes the connection of the chosen context from them.
pub(super) async fn load(files: &Files, settings: &Settings) -> Result<Target, ConnectionError> {
    let mut merged = Kubeconfig::default();
    for path in &files.paths {
        let next = read(path, files.setting)?;
        merged = merged.merge(next).map_err(|error| unusable(files, reason(&error)))?;
    }
    let options = choose(&merged, files, settings)?;
    let cluster = merged
        .clusters
        .iter()
        .find(|known| Some(&known.name) == options.cluster.as_ref());
    let cluster = cluster.and_then(|named| named.cluster.clone()).unwrap_or_default();
    let mut config = kube::Config::from_custom_kubeconfig(merged, &options)
        .await
        .map_err(|error| unusable(files, reason(&error)))?;
    let cluster_name = format!("cluster `{}` in {files}", options.cluster.unwrap_or_default());
    // kube mixes in HTTPS_PROXY, which may be meant for something else: only the kubeconfig counts.
    let proxy = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty());
    config.proxy_url = proxy
        .map(|proxy| proxy_uri(proxy, Setting::kubeconfig("proxy_url")))
        .transpose()?;
    let user = user_of(&mut config.auth_info, options.user.as_deref(), files)?;
    let peer = Peer {
        proxy: proxy.map(|proxy| format!("proxy `{}` of {cluster_name}", without_login(proxy))),
        authority: trusted(has_authority(&cluster).then(|| cluster_name.clone())),
        named_by: cluster_name,
        credentials: user,
        ..Peer::default()
    };
    Ok(Target { config, peer })
}

fn has_authority(cluster: &Cluster) -> bool {
    cluster.certificate_authority.is_some() || cluster.certificate_authority_data.is_some()
}

fn read(path: &str, setting: Setting) -> Result<Kubeconfig, ConnectionError> {
    let path = path.to_owned();
    Kubeconfig::read_from(&path).map_err(|error| {
        if let KubeconfigError::ReadConfig(error, _) = &error {
            return if error.kind() == io::ErrorKind::NotFound {
                ConnectionError::FileMissing { setting, path }
            } else {
                ConnectionError::FileUnreadable {
                    setting,
                    path,
                    reason: error.to_string(),
                }
            };
        }
        // A parser shows the lines around the place: they may hold a token. Its first line is enough.
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        ConnectionError::FileInvalid { setting, path, reason }
    })
}

/// Finds context, cluster and user, or says which there are.
fn choose(merged: &Kubeconfig, files: &Files, settings: &Settings) -> Result<KubeConfigOptions, ConnectionError> {
    let contexts = || merged.contexts.iter().map(|context| context.name.as_str());
    let (name, setting) = match (&settings.context, &merged.current_context) {
        (Some((name, setting)), _) => (name.clone(), *setting),
        (None, Some(current)) if !current.is_empty() => (current.clone(), Setting::kubeconfig("config_context")),
        (None, _) => {
            return Err(ConnectionError::NoContext {
                files: files.to_string(),
                known: names("context", "", contexts()),
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
    let context = merged
        .contexts
        .iter()
        .find(|context| context.name == name)
        .and_then(|named| named.context.as_ref());
    let Some(context) = context else {
        return Err(missing("context", &name, setting, names("context", &name, contexts())));
    };
    let (cluster, setting) = match &settings.cluster {
        Some((cluster, setting)) => (cluster.clone(), *setting),
        None => (context.cluster.clone(), Setting::kubeconfig("config_context_cluster")),
    };
    if !merged
        .clusters
        .iter()
        .any(|known| known.name == cluster && known.cluster.is_some())
    {
        let all = merged.clusters.iter().map(|cluster| cluster.name.as_str());
        return Err(missing("cluster", &cluster, setting, names("cluster", &cluster, all)));
    }
    let user = match (&settings.user, context.user.as_deref()) {
        (Some((user, setting)), _) => Some((user.clone(), *setting)),
        (None, Some(user)) if !user.is_empty() => {
            Some((user.to_owned(), Setting::kubeconfig("config_context_auth_info")))
        }
        (None, _) => None,
    };
    // kube would go on without credentials, and Kubernetes would refuse somebody called `system:anonymous`.
    if let Some((user, setting)) = &user
        && !merged.auth_infos.iter().any(|known| known.name == *user)
    {
        let all = merged.auth_infos.iter().map(|user| user.name.as_str());
        return Err(missing("user", user, *setting, names("user", user, all)));
    }
    Ok(KubeConfigOptions {
        context: Some(name),
        cluster: Some(cluster),
        user: user.map(|(user, _)| user),
    })
}

/// Looks through a user's credentials and says, for messages, what they are. In the order in which
/// kube takes them.
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

/// What is wrong with a kubeconfig, with the names that a kubeconfig has for things.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named here says enough itself"
)]
pub(super) fn reason(error: &KubeconfigError) -> String {
    let (what, error) = match error {
        KubeconfigError::LoadCertificateAuthority(error) => ("certificate-authority", error),
        KubeconfigError::LoadClientCertificate(error) => ("client-certificate", error),
        KubeconfigError::LoadClientKey(error) => ("client-key", error),
        KubeconfigError::MissingClusterUrl => return "its cluster has no `server`".to_owned(),
        KubeconfigError::ParseClusterUrl(error) => return format!("`server` of its cluster is not a URL: {error}"),
        KubeconfigError::ParseCertificates(_) => {
            return "`certificate-authority-data` of its cluster holds no certificate in PEM form".to_owned();
        }
        other => return other.to_string(),
    };
    match error {
        LoadDataError::DecodeBase64(_) => format!("`{what}-data` is not base64"),
        LoadDataError::ReadFile(error, path) => {
            format!("the file `{}` of `{what}` cannot be read: {error}", path.display())
        }
        LoadDataError::NoBase64DataOrFile => format!("`{what}` is missing"),
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
