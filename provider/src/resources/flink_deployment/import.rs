//! Which deployment is meant: by identity, or by the text of `terraform import`.

use terraform_schema::{Diagnostic, Diagnostics};

use super::model::{Deployment, Identity};
use crate::provider::DefaultNamespace;
use crate::resources::names::is_dns_label;

/// The identity of a deployment.
pub fn identity(model: &Deployment) -> Identity {
    Identity {
        namespace: Some(model.namespace().to_owned()),
        name: model.name.clone(),
    }
}

/// Reads `namespace/name`, or `name` in the provider's namespace.
pub fn parse(id: &str, default: &DefaultNamespace) -> Result<Identity, Diagnostics> {
    let (namespace, name) = match id.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, id),
    };
    if ![namespace.unwrap_or("default"), name].into_iter().all(is_dns_label) {
        return Err(Diagnostic::error("Not the id of a deployment")
            .detail(format!(
                "`{id}` is not of the form `namespace/name`, such as `flink/orders`. (With `name` alone, the namespace of the \
                 provider block is used.)"
            ))
            .into());
    }
    let identity = Identity {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    Ok(Identity {
        namespace: Some(namespace_of(&identity, default)?),
        ..identity
    })
}

/// The namespace that an identity means.
pub fn namespace_of(identity: &Identity, default: &DefaultNamespace) -> Result<String, Diagnostics> {
    match (&identity.namespace, default) {
        (Some(namespace), _) => Ok(namespace.clone()),
        (None, DefaultNamespace::Known(namespace)) => Ok(namespace.clone()),
        (None, DefaultNamespace::Unknown) => Err(Diagnostic::error("Namespace not known yet")
            .detail(format!(
                "The deployment `{}` is to be imported without a namespace, and that of the provider block is not known yet. \
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
        let default = DefaultNamespace::Known("team".to_owned());
        let parsed = |id: &str| parse(id, &default).map(|identity| (identity.namespace.unwrap(), identity.name));
        assert_eq!(parsed("flink/orders"), Ok(("flink".to_owned(), "orders".to_owned())));
        assert_eq!(parsed("orders"), Ok(("team".to_owned(), "orders".to_owned())));
        for bad in ["", "/", "a/", "/a", "a/b/c", "Flink/orders", "a b"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
        assert!(parse("orders", &DefaultNamespace::Unknown).is_err());
        assert!(parse("flink/orders", &DefaultNamespace::Unknown).is_ok());
    }
}
