//! `ValidateResourceTypeConfig`.

use terraform_schema::{Diagnostic, Diagnostics, Value, View, validate};

use super::Server;
use super::values::write_only_set;
use crate::provider::Provider;
use crate::secrets::hide_marked;

impl<P: Provider> Server<P> {
    /// Checks the configuration of a resource: by its schema, then by the resource itself. Unknown values pass; Terraform
    /// asks again when they are known. `write_only_allowed` is what this Terraform can do.
    pub(crate) fn validate(
        &self,
        type_name: &str,
        config: &Value,
        write_only_allowed: bool,
    ) -> Result<Diagnostics, Diagnostics> {
        let resource = self.resource(type_name)?;
        let block = &resource.schema().block;
        hide_marked(block, config);
        let mut problems = validate::validate(block, config);
        problems.extend(resource.validate(View::of(config)));
        if !write_only_allowed {
            problems.extend(write_only_set(block, config).into_iter().map(|path| {
                Diagnostic::error("Write-only arguments need Terraform 1.11")
                    .detail(format!(
                        "`{path}` is never stored, which this version of Terraform cannot promise: it would write the \
                         value into its state. Use Terraform 1.11 or OpenTofu 1.11, or newer."
                    ))
                    .at(path)
            }));
        }
        Ok(problems)
    }
}
