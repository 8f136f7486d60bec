//! What is read of a kubeconfig file, and how files become one.
//!
//! kube reads them too, but keeps all that it does not know, which takes twenty times the code. The format:
//! <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>.

use std::collections::HashMap;
use std::io;
use std::path::{MAIN_SEPARATOR, Path};

use kube::config::{AuthInfo, AuthProviderConfig, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;

/// One kubeconfig file, or several merged.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Kubeconfig {
    pub current_context: Option<String>,
    contexts: Option<Vec<NamedContext>>,
    clusters: Option<Vec<NamedCluster>>,
    users: Option<Vec<NamedUser>>,
}

#[derive(Clone, Deserialize)]
struct NamedContext {
    name: String,
    context: Option<Context>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Context {
    #[serde(default)]
    pub cluster: String,
    pub user: Option<String>,
}

#[derive(Clone, Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Option<Cluster>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cluster {
    pub server: Option<String>,
    pub insecure_skip_tls_verify: Option<bool>,
    pub certificate_authority: Option<String>,
    pub certificate_authority_data: Option<String>,
    pub proxy_url: Option<String>,
    pub tls_server_name: Option<String>,
    pub extensions: Option<Vec<Extension>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Extension {
    pub name: String,
    pub extension: serde_json::Value,
}

#[derive(Clone, Deserialize)]
struct NamedUser {
    name: String,
    user: Option<User>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    username: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<Secret>,
    r#as: Option<String>,
    as_uid: Option<String>,
    as_groups: Option<Vec<String>>,
    as_user_extra: Option<HashMap<String, Vec<String>>>,
    auth_provider: Option<Provider>,
    exec: Option<Exec>,
}

/// A text that leaves no copy of itself behind.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
struct Secret(SecretString);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

#[derive(Clone, Deserialize)]
struct Provider {
    name: String,
    config: Option<HashMap<String, String>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exec {
    api_version: Option<String>,
    command: Option<String>,
    args: Option<Vec<String>>,
    env: Option<Vec<Variable>>,
    install_hint: Option<String>,
    interactive_mode: Option<InteractiveMode>,
    provide_cluster_info: Option<bool>,
}

#[derive(Clone, Deserialize)]
struct Variable {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Clone, Copy, Deserialize)]
enum InteractiveMode {
    Never,
    IfAvailable,
    Always,
}

/// Why a file gives no kubeconfig.
pub(super) enum Unread {
    Unreadable(io::Error),
    /// What a parser says, its first line: the others show the place, and there may be a token.
    Invalid(String),
}

impl Kubeconfig {
    /// Reads a file. Paths in it are relative to its folder.
    pub fn read(path: &str) -> Result<Self, Unread> {
        let bytes = std::fs::read(path).map_err(Unread::Unreadable)?;
        let text = text(&bytes).ok_or_else(|| Unread::Invalid("it is not a text in UTF-8 or UTF-16".to_owned()))?;
        let documents: Vec<Self> = serde_saphyr::from_multiple(&text)
            .map_err(|error| Unread::Invalid(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        let mut merged = Self::default();
        for mut document in documents {
            document.resolve(folder);
            merged.merge(document);
        }
        Ok(merged)
    }

    fn resolve(&mut self, folder: &Path) {
        let resolve = |path: &mut Option<String>| {
            if let Some(path) = path
                && Path::new(path.as_str()).is_relative()
            {
                *path = folder.join(path.as_str()).to_string_lossy().into_owned();
            }
        };
        for named in self.clusters.iter_mut().flatten() {
            if let Some(cluster) = &mut named.cluster {
                resolve(&mut cluster.certificate_authority);
            }
        }
        for named in self.users.iter_mut().flatten() {
            let Some(user) = &mut named.user else { continue };
            resolve(&mut user.client_certificate);
            resolve(&mut user.client_key);
            resolve(&mut user.token_file);
            // A command without a separator is looked for in PATH.
            if let Some(exec) = &mut user.exec
                && exec
                    .command
                    .as_ref()
                    .is_some_and(|command| command.contains(MAIN_SEPARATOR))
            {
                resolve(&mut exec.command);
            }
        }
    }

    /// Adds what another file has: of two things with one name, the first counts.
    pub fn merge(&mut self, next: Self) {
        self.current_context = self.current_context.take().or(next.current_context);
        append(&mut self.contexts, next.contexts, |named| &named.name);
        append(&mut self.clusters, next.clusters, |named| &named.name);
        append(&mut self.users, next.users, |named| &named.name);
    }

    pub fn context(&self, name: &str) -> Option<&Context> {
        let named = self.contexts.iter().flatten().find(|named| named.name == name)?;
        named.context.as_ref()
    }

    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        let named = self.clusters.iter().flatten().find(|named| named.name == name)?;
        named.cluster.as_ref()
    }

    /// The credentials of a user, in the shape that clients take them. A user without any is one, too.
    pub fn user(&self, name: &str) -> Option<AuthInfo> {
        let named = self.users.iter().flatten().find(|named| named.name == name)?;
        Some(named.user.clone().unwrap_or_default().into())
    }

    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.contexts.iter().flatten().map(|named| named.name.as_str())
    }

    pub fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.iter().flatten().map(|named| named.name.as_str())
    }

    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.iter().flatten().map(|named| named.name.as_str())
    }
}

fn append<T>(known: &mut Option<Vec<T>>, next: Option<Vec<T>>, name: impl Fn(&T) -> &String) {
    let known = known.get_or_insert_default();
    for one in next.into_iter().flatten() {
        if !known.iter().any(|other| name(other) == name(&one)) {
            known.push(one);
        }
    }
}

/// The text of a file. Windows' editors write UTF-16, or begin with a byte order mark.
fn text(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => String::from_utf8(rest.to_vec()).ok(),
    }
}

impl From<User> for AuthInfo {
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            password: user.password.map(|secret| secret.0),
            token: user.token.map(|secret| secret.0),
            token_file: user.token_file,
            client_certificate: user.client_certificate,
            client_certificate_data: user.client_certificate_data,
            client_key: user.client_key,
            client_key_data: user.client_key_data.map(|secret| secret.0),
            impersonate: user.r#as,
            impersonate_uid: user.as_uid,
            impersonate_groups: user.as_groups,
            impersonate_user_extra: user.as_user_extra,
            auth_provider: user.auth_provider.map(|provider| AuthProviderConfig {
                name: provider.name,
                config: provider.config.unwrap_or_default(),
                ..AuthProviderConfig::default()
            }),
            exec: user.exec.map(ExecConfig::from),
            ..Self::default()
        }
    }
}

impl From<Exec> for ExecConfig {
    fn from(exec: Exec) -> Self {
        let pair =
            |variable: Variable| [("name".to_owned(), variable.name), ("value".to_owned(), variable.value)].into();
        Self {
            api_version: exec.api_version,
            command: exec.command,
            args: exec.args,
            env: exec.env.map(|env| env.into_iter().map(pair).collect()),
            install_hint: exec.install_hint,
            interactive_mode: exec.interactive_mode.map(|mode| match mode {
                InteractiveMode::Never => ExecInteractiveMode::Never,
                InteractiveMode::IfAvailable => ExecInteractiveMode::IfAvailable,
                InteractiveMode::Always => ExecInteractiveMode::Always,
            }),
            provide_cluster_info: exec.provide_cluster_info.unwrap_or_default(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
