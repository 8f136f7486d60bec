//! Where a cluster is looked for: kubeconfig files, and the service account of the pod.

use std::path::Path;

use super::kubeconfig::MACHINE;
use super::settings::{Setting, Settings, certificates_of};
use super::{ConnectionError, Environment, Peer, Target};

/// Kubeconfig files and who names them.
pub(super) struct Files {
    pub paths: Vec<String>,
    pub setting: Setting,
}

impl Files {
    /// The files that a setting names, if one does.
    pub fn named(settings: &Settings, environment: &Environment) -> Option<Self> {
        let (paths, setting) = match (&settings.config_paths, &settings.config_path) {
            (Some((paths, setting)), _) => (paths.clone(), *setting),
            (None, Some((path, setting))) => (vec![path.clone()], *setting),
            (None, None) => return None,
        };
        let paths = paths.into_iter().map(|path| expand_home(path, environment)).collect();
        Some(Self { paths, setting })
    }

    /// The files that `KUBECONFIG` names. As with kubectl, those that do not exist are passed over as
    /// long as one does.
    pub fn of_variable(environment: &Environment) -> Option<Self> {
        let value = environment.variable("KUBECONFIG")?;
        let all = split_paths(&value);
        let existing: Vec<String> = all
            .iter()
            .filter(|path| Path::new(path.as_str()).exists())
            .cloned()
            .collect();
        let paths = if existing.is_empty() { all } else { existing };
        Some(Self {
            paths,
            setting: Setting::variable("config_path", "KUBECONFIG"),
        })
    }
}

impl std::fmt::Display for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let paths: Vec<String> = self.paths.iter().map(|path| format!("`{path}`")).collect();
        f.write_str(&paths.join(", "))
    }
}

/// The connection of a pod through its service account, where this process runs in one.
pub(super) fn in_cluster(environment: &Environment) -> Result<Option<Target>, ConnectionError> {
    let Some(host) = environment.variable("KUBERNETES_SERVICE_HOST") else {
        return Ok(None);
    };
    let port = environment
        .variable("KUBERNETES_SERVICE_PORT")
        .unwrap_or_else(|| "443".to_owned());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let uri = format!("https://{host}:{port}")
        .parse()
        .map_err(|_| ConnectionError::InCluster {
            reason: format!("`{host}:{port}` is not an address"),
        })?;
    let file = |name: &str| environment.service_account.join(name);
    let certificates = std::fs::read_to_string(file("ca.crt")).map_err(|error| ConnectionError::InCluster {
        reason: format!("{}: {error}", file("ca.crt").display()),
    })?;
    let mut config = kube::Config::new(uri);
    config.root_cert = Some(
        certificates_of(&certificates, Setting::kubeconfig("ca.crt")).map_err(|_| ConnectionError::InCluster {
            reason: format!("{} holds no certificate", file("ca.crt").display()),
        })?,
    );
    // The session looks at the file again: authorities are renewed, too.
    config.root_cert_file = Some(file("ca.crt"));
    if !file("token").exists() {
        return Err(ConnectionError::InCluster {
            reason: format!("{} does not exist", file("token").display()),
        });
    }
    config.auth_info.token_file = Some(file("token").display().to_string());
    let peer = Peer {
        named_by: "the environment variable `KUBERNETES_SERVICE_HOST`".to_owned(),
        credentials: format!("the token of the pod's service account, `{}`", file("token").display()),
        authority: format!("`{}`", file("ca.crt").display()),
        ..Peer::default()
    };
    Ok(Some(Target { config, peer }))
}

/// The authorities that are trusted where no setting names others.
pub(super) fn trusted(named: Option<String>) -> String {
    named.unwrap_or_else(|| MACHINE.to_owned())
}

pub(super) fn split_paths(value: &str) -> Vec<String> {
    std::env::split_paths(value)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

pub(super) fn expand_home(path: String, environment: &Environment) -> String {
    match (path.strip_prefix('~'), environment.variable("HOME")) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => path,
    }
}
