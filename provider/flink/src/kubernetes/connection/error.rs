//! What can be wrong with the settings of a connection.

use super::exec::ExecProblem;
use super::settings::Setting;

/// A connection that cannot be made from the settings. Nothing here has asked the network yet, and
/// nothing here holds a token or a key.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No setting says which cluster is meant.
    #[error(
        "no cluster is configured: set `config_path` or `host` in the provider block, or the environment variable \
         `KUBECONFIG`, `KUBE_CONFIG_PATH` or `KUBE_HOST`, or run inside a pod with a service account"
    )]
    NothingConfigured,
    /// A file that is not there.
    #[error("the file `{path}`, named by {setting}, does not exist")]
    FileMissing {
        /// Who names the file.
        setting: Setting,
        /// The file, with `~` resolved.
        path: String,
    },
    /// A file that cannot be read.
    #[error("the file `{path}`, named by {setting}, cannot be read: {reason}")]
    FileUnreadable {
        /// Who names the file.
        setting: Setting,
        /// The file, with `~` resolved.
        path: String,
        /// What the operating system says.
        reason: String,
    },
    /// A file that is no kubeconfig.
    #[error("the file `{path}`, named by {setting}, is not a kubeconfig: {reason}")]
    FileInvalid {
        /// Who names the file.
        setting: Setting,
        /// The file, with `~` resolved.
        path: String,
        /// What the parser says, with line and column.
        reason: String,
    },
    /// A context, cluster or user that is not in the kubeconfig.
    #[error("there is no {what} `{name}`, named by {setting}, in {files}: it has {known}")]
    NotInKubeconfig {
        /// Who names it.
        setting: Setting,
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// The name that was looked for.
        name: String,
        /// The kubeconfig files that were read.
        files: String,
        /// The names there are.
        known: String,
    },
    /// A kubeconfig without a current context, and none was named.
    #[error("{files} has no current context and `config_context` is not set: it has {known}")]
    NoContext {
        /// The kubeconfig files that were read.
        files: String,
        /// The contexts there are.
        known: String,
    },
    /// A kubeconfig that is complete, but does not make a connection.
    #[error("{files}, named by {setting}, cannot be used: {reason}")]
    Kubeconfig {
        /// Who names the files.
        setting: Setting,
        /// The kubeconfig files that were read.
        files: String,
        /// What is wrong.
        reason: String,
    },
    /// A host that is not a URL with a scheme.
    #[error(
        "{setting} is `{host}`, which is not a URL of an API server: write it with its scheme, such as `https://{example}`"
    )]
    Host {
        /// Who names the host.
        setting: Setting,
        /// What was written.
        host: String,
        /// What was written, without what is wrong with it, as far as possible.
        example: String,
    },
    /// A certificate or key that is not PEM.
    #[error("{setting} does not hold {expected} in PEM form, which begins with `-----BEGIN`")]
    NotPem {
        /// Which setting.
        setting: Setting,
        /// What belongs there: `a certificate`, `a private key`.
        expected: &'static str,
    },
    /// A token that cannot be sent as one.
    #[error("{setting} holds no bearer token: it is empty, or has spaces or line breaks inside")]
    NotToken {
        /// Which setting.
        setting: Setting,
    },
    /// A file that holds no token.
    #[error("{credentials} cannot be read: {reason}")]
    TokenFile {
        /// What the token is called; the file is in it.
        credentials: String,
        /// What the operating system says, or that there is no token in it.
        reason: String,
    },
    /// An exec plugin that hands out no credentials.
    #[error("{credentials} cannot be had: it {problem}")]
    Exec {
        /// What the credentials are called; the plugin's arguments are not in it, for they may hold
        /// secrets.
        credentials: String,
        /// What went wrong.
        problem: ExecProblem,
    },
    /// A proxy of a kind that cannot be used.
    #[error("the proxy `{proxy}`, named by {setting}, cannot be used: {reason}")]
    Proxy {
        /// Who names the proxy.
        setting: Setting,
        /// Its URL without user and password.
        proxy: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What should be the name in a certificate.
    #[error("{setting} is `{name}`, which is neither a host name nor an IP address")]
    ServerName {
        /// Which setting.
        setting: Setting,
        /// What was written.
        name: String,
    },
    /// A client certificate without its key, or the other way round.
    #[error("{given} is set, but `{missing}` is not: a client certificate needs both")]
    Unpaired {
        /// The setting that is there.
        given: Setting,
        /// The attribute that is missing.
        missing: &'static str,
    },
    /// A switch that is neither `true` nor `false`.
    #[error("{setting} is `{value}`, not `true` or `false`")]
    NotBoolean {
        /// Which setting.
        setting: Setting,
        /// What was written.
        value: String,
    },
    /// A pod without the files of a service account.
    #[error("this process runs inside a cluster, but its service account cannot be used: {reason}")]
    InCluster {
        /// What is wrong.
        reason: String,
    },
    /// Settings that are each fine, but do not make a client.
    #[error("no connection to the API server at {server} can be made with {credentials}: {reason}")]
    Client {
        /// URL of the API server.
        server: String,
        /// What would be shown to it.
        credentials: String,
        /// What is wrong.
        reason: String,
    },
}

impl ConnectionError {
    /// The attribute of the provider block at fault, where it is one.
    pub fn attribute(&self) -> Option<&'static str> {
        match self {
            Self::FileMissing { setting, .. }
            | Self::FileUnreadable { setting, .. }
            | Self::FileInvalid { setting, .. }
            | Self::NotInKubeconfig { setting, .. }
            | Self::Kubeconfig { setting, .. }
            | Self::Host { setting, .. }
            | Self::NotPem { setting, .. }
            | Self::NotToken { setting }
            | Self::Proxy { setting, .. }
            | Self::ServerName { setting, .. }
            | Self::Unpaired { given: setting, .. }
            | Self::NotBoolean { setting, .. } => setting.attribute(),
            Self::NothingConfigured
            | Self::NoContext { .. }
            | Self::Exec { .. }
            | Self::TokenFile { .. }
            | Self::InCluster { .. }
            | Self::Client { .. } => None,
        }
    }

    /// Whether the same may well work later, without anybody changing a setting: a plugin that asks
    /// somebody else, or a file that is being written.
    pub(crate) fn may_heal(&self) -> bool {
        matches!(self, Self::Exec { .. } | Self::TokenFile { .. })
    }
}
