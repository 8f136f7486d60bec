//! Which snapshot is meant: by identity, or by the text of `terraform import`.

use terraform_schema::{Diagnostic, Diagnostics};

use super::model::{Identity, Snapshot};
use crate::resources::names::{is_dns_label, is_dns_subdomain};

/// The identity of a snapshot.
pub fn identity(snapshot: &Snapshot) -> Identity {
    if snapshot.job_manager_url.is_some() {
        return Identity {
            namespace: None,
            name: snapshot.id.as_ref().cloned().unwrap_or_default(),
        };
    }
    Identity {
        namespace: Some(snapshot.namespace().to_owned()),
        name: snapshot.name().to_owned(),
    }
}

/// Reads `namespace/name`.
pub fn parse(id: &str) -> Result<Identity, Diagnostics> {
    match id.split_once('/') {
        Some((namespace, name)) if is_dns_label(namespace) && is_dns_subdomain(name) => Ok(Identity {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        }),
        Some(_) | None => Err(Diagnostic::error("Not the id of a snapshot")
            .detail(format!(
                "`{id}` is not of the form `namespace/name`, such as `flink/orders-savepoint-1`. Only `FlinkStateSnapshot` \
                 objects can be imported; a savepoint without one is taken up with `already_exists` and `path`."
            ))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let parsed = |id: &str| parse(id).map(|identity| (identity.namespace.unwrap(), identity.name));
        assert_eq!(
            parsed("flink/orders-1"),
            Ok(("flink".to_owned(), "orders-1".to_owned()))
        );
        for bad in ["", "orders", "/", "a/", "/a", "a/b/c", "Flink/orders", "a b"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_object_is_told_by_its_name_and_an_operation_by_its_id() {
        let at_url = Snapshot {
            job_manager_url: Some("https://flink.example.com".to_owned()),
            id: "00ff".to_owned().into(),
            ..Snapshot::default()
        };
        let identity = identity(&at_url);
        assert_eq!((identity.namespace, identity.name.as_str()), (None, "00ff"));
    }
}
