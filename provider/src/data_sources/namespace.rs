//! In which namespace something is looked for.

use terraform_schema::{Computed, Diagnostic, Diagnostics};

use crate::provider::DefaultNamespace;

/// The namespace that a configuration says, else that of the provider block.
///
/// # Errors
/// The provider block does not know it yet.
pub fn chosen(set: Option<&Computed<String>>, default: &DefaultNamespace) -> Result<String, Diagnostics> {
    match (set.and_then(Computed::as_ref), default) {
        (Some(namespace), _) | (None, DefaultNamespace::Known(namespace)) => Ok(namespace.clone()),
        (None, DefaultNamespace::Unknown) => Err(Diagnostic::error("Namespace not known yet")
            .detail(
                "The namespace of the provider block comes from something that does not exist yet. Set `namespace` here, \
                 or let the data source wait with `depends_on`.",
            )
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_then_the_provider_blocks() {
        let known = DefaultNamespace::Known("team".to_owned());
        let set = Computed::from("jobs".to_owned());
        assert_eq!(chosen(Some(&set), &known).as_deref(), Ok("jobs"));
        assert_eq!(chosen(Some(&set), &DefaultNamespace::Unknown).as_deref(), Ok("jobs"));
        assert_eq!(chosen(Some(&Computed(None)), &known).as_deref(), Ok("team"));
        assert_eq!(chosen(None, &known).as_deref(), Ok("team"));
        assert!(chosen(None, &DefaultNamespace::Unknown).is_err());
    }
}
