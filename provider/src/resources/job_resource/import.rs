//! Which object is meant: by identity, or by the text of `terraform import`.

use terraform_schema::{Diagnostic, Diagnostics};

use super::{Identity, JobModel};
use crate::provider::DefaultNamespace;
use crate::resources::names::is_dns_label;

/// The identity of an object.
pub fn identity<M: JobModel>(model: &M) -> Identity {
    Identity {
        namespace: Some(model.namespace().to_owned()),
        name: model.name().to_owned(),
    }
}

/// Reads `namespace/name`. `what` is the kind of thing, `is_name` says which names there are.
pub fn parse(id: &str, what: &str, is_name: fn(&str) -> bool) -> Result<Identity, Diagnostics> {
    match id.split_once('/') {
        Some((namespace, name)) if is_dns_label(namespace) && is_name(name) => Ok(Identity {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        }),
        Some(_) | None => Err(Diagnostic::error(format!("Not the id of a {what}"))
            .detail(format!(
                "`{id}` is not of the form `namespace/name`, such as `flink/orders`."
            ))
            .into()),
    }
}

/// The namespace that an identity means.
pub fn namespace_of(identity: &Identity, what: &str, default: &DefaultNamespace) -> Result<String, Diagnostics> {
    match (&identity.namespace, default) {
        (Some(namespace), _) => Ok(namespace.clone()),
        (None, DefaultNamespace::Known(namespace)) => Ok(namespace.clone()),
        (None, DefaultNamespace::Unknown) => Err(Diagnostic::error("Namespace not known yet")
            .detail(format!(
                "The {what} `{}` is to be imported without a namespace, and that of the provider block is not known yet. \
                 Name it: `namespace/{}`.",
                identity.name, identity.name
            ))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let parsed = |id: &str| {
            parse(id, "deployment", is_dns_label).map(|identity| (identity.namespace.unwrap(), identity.name))
        };
        assert_eq!(parsed("flink/orders"), Ok(("flink".to_owned(), "orders".to_owned())));
        for bad in ["", "orders", "/", "a/", "/a", "a/b/c", "Flink/orders", "a b"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_identity_without_namespace_means_the_provider_s() {
        let identity = |namespace: Option<&str>| Identity {
            namespace: namespace.map(str::to_owned),
            name: "orders".to_owned(),
        };
        let default = DefaultNamespace::Known("team".to_owned());
        assert_eq!(
            namespace_of(&identity(None), "deployment", &default).as_deref(),
            Ok("team")
        );
        assert_eq!(
            namespace_of(&identity(Some("flink")), "deployment", &default).as_deref(),
            Ok("flink")
        );
        assert_eq!(
            namespace_of(&identity(Some("flink")), "deployment", &DefaultNamespace::Unknown).as_deref(),
            Ok("flink")
        );
        assert!(namespace_of(&identity(None), "deployment", &DefaultNamespace::Unknown).is_err());
    }
}
