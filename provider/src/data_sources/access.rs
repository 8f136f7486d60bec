//! Which JobManager a data source asks: that of a deployment, through the Kubernetes API server, or one at a URL.

use std::collections::BTreeMap;

use flink_client::kubernetes::Objects;
use flink_client::operator::FlinkDeployment;
use flink_client::rest::{Endpoint, JobManager};
use flink_client::secret::Mask;
use terraform_plugin::Context;
use terraform_schema::{AttributePath, Block, Computed, Diagnostic, Diagnostics, Schema, View};

use super::namespace;
use crate::diagnose;
use crate::job_manager::Reached;
use crate::provider::ProviderData;
use crate::resources::names;

/// The arguments that name a JobManager.
#[derive(Clone, Default, Schema)]
pub struct Access {
    /// Namespace of the deployment. Without it, the `namespace` of the provider block, else `default`. Not together with
    /// `job_manager_url`.
    #[schema(check = names::namespace)]
    pub namespace: Option<Computed<String>>,

    /// Name of the `FlinkDeployment` whose JobManager is asked, through the service proxy of the Kubernetes API server: the
    /// credentials need `get` on `flinkdeployments` and on `services/proxy` in its namespace. Set this or
    /// `job_manager_url`.
    pub deployment_name: Option<String>,

    /// URL of a JobManager that is asked directly, such as `https://flink.example.com`: behind an ingress, or of a cluster
    /// without the operator. Kubernetes is not needed for it. Set this or `deployment_name`.
    pub job_manager_url: Option<String>,

    /// Certificates of the authorities that sign the certificate of `job_manager_url`, in PEM. Without it, those that the
    /// system trusts.
    pub ca_certificate: Option<String>,

    /// Client certificate for `job_manager_url`, in PEM; with `client_key`.
    pub client_certificate: Option<String>,

    /// Key of the client certificate, in PEM.
    #[schema(sensitive)]
    pub client_key: Option<String>,

    /// Whether the certificate of `job_manager_url` is not verified. Only for tests.
    pub insecure: Option<bool>,

    /// Headers of every request to `job_manager_url`, such as `Authorization`.
    #[schema(sensitive)]
    pub headers: Option<BTreeMap<String, String>>,
}

/// Arguments that mean something only together with a URL.
const WITH_URL: [&str; 5] = [
    "ca_certificate",
    "client_certificate",
    "client_key",
    "insecure",
    "headers",
];

/// Checks which arguments stand together.
pub fn validate(config: &View<'_>) -> Diagnostics {
    let (name, url) = (config.at("deployment_name"), config.at("job_manager_url"));
    let mut problems = Diagnostics::new();
    if name.is_null() && url.is_null() {
        problems.push(Diagnostic::error("No JobManager is named").detail(
            "Set `deployment_name` to the name of a `FlinkDeployment`, or `job_manager_url` to the address of a JobManager.",
        ));
    }
    let is_set = |view: &View<'_>| !view.is_null() && !view.is_unknown();
    if is_set(&name) && is_set(&url) {
        problems.push(
            Diagnostic::error("Two JobManagers")
                .detail("`deployment_name` and `job_manager_url` are both set. Set one of them.")
                .at(url.path()),
        );
    }
    if is_set(&url) && is_set(&config.at("namespace")) {
        problems.push(
            Diagnostic::error("Namespace without deployment")
                .detail("A JobManager at a URL has no namespace. Remove `namespace`.")
                .at(config.at("namespace").path()),
        );
    }
    if is_set(&name) && url.is_null() {
        let useless = WITH_URL.iter().map(|argument| config.at(argument)).filter(is_set);
        problems.extend(useless.map(|argument| {
            Diagnostic::error("Argument without URL")
                .detail(format!(
                    "`{}` is for `job_manager_url`. The JobManager of a deployment is asked through Kubernetes, with what \
                     the provider block says.",
                    argument.path()
                ))
                .at(argument.path())
        }));
    }
    problems
}

impl Access {
    /// The JobManager. Fills in the namespace that was meant.
    ///
    /// # Errors
    /// There is no such deployment, or the arguments make no connection.
    pub async fn reach(&mut self, cx: &Context<'_, ProviderData>) -> Result<Reached, Diagnostics> {
        match (&self.deployment_name, &self.job_manager_url) {
            (Some(name), None) => {
                let namespace = namespace::chosen(self.namespace.as_ref(), &cx.data.namespace)?;
                let reached = of_deployment(&namespace, name, cx).await?;
                self.namespace = Some(namespace.into());
                Ok(reached)
            }
            (None, Some(url)) => {
                let endpoint = Endpoint {
                    url: url.clone(),
                    ca_certificate: self.ca_certificate.clone(),
                    client_certificate: self.client_certificate.clone(),
                    client_key: self.client_key.clone(),
                    insecure: self.insecure == Some(true),
                    headers: self.headers.clone().unwrap_or_default(),
                };
                Reached::at_url(&endpoint, cx)
            }
            // Values that were unknown while it was checked.
            (None, None) | (Some(_), Some(_)) => Err(Diagnostic::error("Not one JobManager")
                .detail("Set one of `deployment_name` and `job_manager_url`.")
                .into()),
        }
    }
}

async fn of_deployment(namespace: &str, name: &str, cx: &Context<'_, ProviderData>) -> Result<Reached, Diagnostics> {
    let cluster = cx.data.cluster(&cx.stop).await?;
    let objects: Objects<FlinkDeployment> = Objects::new(cluster.clone(), namespace);
    let found = objects
        .find_surely(name, None)
        .await
        .map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
    let Some(live) = found else {
        return Err(no_deployment(namespace, name, "deployment_name").into());
    };
    let configuration = live.spec.flink_configuration.as_ref();
    Ok(Reached {
        job_manager: JobManager::new(cluster, namespace, live.rest_service(), live.rest_port()),
        mask: configuration.map_or_else(Mask::default, |configuration| Mask::of(configuration)),
    })
}

/// There is no such deployment.
pub fn no_deployment(namespace: &str, name: &str, attribute: &str) -> Diagnostic {
    Diagnostic::error("No such deployment")
        .detail(format!(
            "There is no FlinkDeployment `{namespace}/{name}`. Check its name and namespace; if the same configuration \
             creates it, let the data source refer to its attributes or wait for it with `depends_on`."
        ))
        .at(AttributePath::of([attribute]))
}

#[cfg(test)]
mod tests {
    use terraform_schema::{Model, Value};

    use super::*;

    fn said(set: &[(&str, Value)]) -> Vec<String> {
        let mut config = Access::block().empty_value();
        if let Value::Map(members) = &mut config {
            members.extend(set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        }
        let problems = validate(&View::of(&config));
        problems
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.summary))
            .collect()
    }

    #[test]
    fn one_jobmanager_and_what_belongs_to_it() {
        let name = || ("deployment_name", Value::from("orders"));
        let url = || ("job_manager_url", Value::from("https://flink.example.com"));
        assert_eq!(said(&[]), [": No JobManager is named"]);
        assert_eq!(said(&[name(), url()]), ["job_manager_url: Two JobManagers"]);
        assert_eq!(
            said(&[url(), ("namespace", "team".into())]),
            ["namespace: Namespace without deployment"]
        );
        assert_eq!(
            said(&[name(), ("insecure", Value::Bool(true))]),
            ["insecure: Argument without URL"]
        );
        assert_eq!(said(&[name(), ("namespace", "team".into())]), Vec::<String>::new());
        assert_eq!(said(&[url(), ("insecure", Value::Bool(true))]), Vec::<String>::new());
        assert_eq!(
            said(&[("deployment_name", Value::Unknown), url()]),
            Vec::<String>::new()
        );
        assert_eq!(said(&[("job_manager_url", Value::Unknown)]), Vec::<String>::new());
    }
}
