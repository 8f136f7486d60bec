//! Kubeconfig files: read, merged, and asked for a context.

use std::io;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::ConnectionError;
use super::settings::{Files, Setting, Settings};

/// Reads and merges the files and takes the connection of the chosen context from them.
pub(super) async fn load(files: &Files, settings: &Settings) -> Result<kube::Config, ConnectionError> {
    let mut merged = Kubeconfig::default();
    for path in &files.paths {
        let next = read(path, files.setting)?;
        merged = merged.merge(next).map_err(|error| unusable(files, &error))?;
    }
    let options = choose(&merged, files, settings)?;
    let mut config = kube::Config::from_custom_kubeconfig(merged.clone(), &options)
        .await
        .map_err(|error| unusable(files, &error))?;
    // kube mixes in HTTPS_PROXY, which may be meant for something else: only the kubeconfig counts.
    config.proxy_url = proxy(&merged, &options, files)?;
    Ok(config)
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
    let (name, setting) = match (&settings.context, &merged.current_context) {
        (Some((name, setting)), _) => (name.clone(), *setting),
        (None, Some(current)) if !current.is_empty() => (current.clone(), Setting::kubeconfig("config_context")),
        (None, _) => {
            return Err(ConnectionError::NoContext {
                files: listed(&files.paths),
                known: names("context", merged.contexts.iter().map(|context| context.name.as_str())),
            });
        }
    };
    let missing = |what: &'static str, name: &str, setting: Setting, known: String| ConnectionError::NotInKubeconfig {
        setting,
        what,
        name: name.to_owned(),
        files: listed(&files.paths),
        known,
    };
    let context = merged
        .contexts
        .iter()
        .find(|context| context.name == name)
        .and_then(|named| named.context.as_ref());
    let Some(context) = context else {
        let known = names("context", merged.contexts.iter().map(|context| context.name.as_str()));
        return Err(missing("context", &name, setting, known));
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
        let known = names("cluster", merged.clusters.iter().map(|cluster| cluster.name.as_str()));
        return Err(missing("cluster", &cluster, setting, known));
    }
    if let Some((user, setting)) = &settings.user
        && !merged.auth_infos.iter().any(|known| known.name == *user)
    {
        let known = names("user", merged.auth_infos.iter().map(|user| user.name.as_str()));
        return Err(missing("user", user, *setting, known));
    }
    Ok(KubeConfigOptions {
        context: Some(name),
        cluster: Some(cluster),
        user: settings.user.as_ref().map(|(user, _)| user.clone()),
    })
}

/// The proxy the chosen cluster names for itself.
fn proxy(
    merged: &Kubeconfig,
    options: &KubeConfigOptions,
    files: &Files,
) -> Result<Option<http::Uri>, ConnectionError> {
    let cluster = merged
        .clusters
        .iter()
        .find(|known| Some(&known.name) == options.cluster.as_ref());
    let proxy = cluster
        .and_then(|named| named.cluster.as_ref())
        .and_then(|cluster| cluster.proxy_url.as_deref())
        .filter(|proxy| !proxy.is_empty());
    proxy
        .map(|proxy| {
            proxy
                .parse()
                .map_err(|error| unusable(files, &KubeconfigError::ParseProxyUrl(error)))
        })
        .transpose()
}

fn unusable(files: &Files, error: &KubeconfigError) -> ConnectionError {
    ConnectionError::Kubeconfig {
        setting: files.setting,
        files: listed(&files.paths),
        reason: error.to_string(),
    }
}

fn listed(paths: &[String]) -> String {
    paths
        .iter()
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn names<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        format!("no {what}")
    } else {
        names.join(", ")
    }
}
