//! The ingress to the Flink web UI and REST interface.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use terraform_schema::Schema;

use super::checks;

/// Ingress to the Flink web UI and REST interface.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    /// Host and path of the ingress, for example `{{name}}.{{namespace}}.flink.example.com` or
    /// `/{{namespace}}/{{name}}(/|$)(.*)`. `{{name}}` and `{{namespace}}` stand for those of the
    /// deployment.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(class = Restart, check = checks::ingress_template)]
    pub template: String,

    /// Ingress class that serves it, for example `nginx`. Without it, the cluster's default class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub class_name: Option<String>,

    /// Annotations of the ingress object, for example
    /// `{ "nginx.ingress.kubernetes.io/rewrite-target" = "/$2" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub annotations: Option<BTreeMap<String, String>>,

    /// Labels of the ingress object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub labels: Option<BTreeMap<String, String>>,

    /// Certificates the ingress serves, one block per secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(class = Restart)]
    pub tls: Vec<IngressTls>,
}

/// A certificate of an ingress.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// Host names the certificate is for, for example `["orders.flink.example.com"]`. Without it, all
    /// hosts of the ingress.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub hosts: Option<Vec<String>>,

    /// Name of the secret that holds the certificate and its key, in the namespace of the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub secret_name: Option<String>,
}
