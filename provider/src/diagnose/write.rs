//! What can come of creating, writing and deleting an object.

use flink_client::kubernetes::{CreateError, DeleteError, WriteError};
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{kubernetes, place, sentences};

/// A write that did not take place, or may not have. `block` is the schema of the object.
pub fn write(error: &WriteError, block: &Block) -> Diagnostics {
    let text = error.to_string();
    let (summary, next) = match error {
        WriteError::Kubernetes(error) => return kubernetes(error, block),
        WriteError::Gone { .. } => (
            "Object is gone",
            "It was deleted since it was planned. Plan again: Terraform will create it.",
        ),
        WriteError::Replaced { .. } => (
            "Object was created anew",
            "Somebody deleted it and created another one of the same name since it was planned. Nothing was written. Plan \
             again to see what is there now.",
        ),
        WriteError::BeingDeleted { .. } => (
            "Object is being deleted",
            "Nothing was written. Wait until it is gone and plan again.",
        ),
        WriteError::Conflict { conflicts, .. } => {
            return conflicts
                .iter()
                .map(|conflict| {
                    Diagnostic::error("Field belongs to another manager")
                        .detail(format!(
                            "{}. Its value is not the one that the plan showed, so nothing was written. Plan again to see it. \
                             Remove the attribute to leave the field to that manager, or set `force_conflicts = true` to take \
                             it over.",
                            sentences(&conflict.to_string(), "").trim_end_matches('.')
                        ))
                        .at(place(block, &conflict.field))
                })
                .collect();
        }
        WriteError::UnknownFields { kind, fields } => {
            return fields
                .iter()
                .map(|field| {
                    let since = match field.since {
                        Some(version) => format!("Operator {version} is the first one that has it: install that or a newer one"),
                        None => "The installed operator is older or newer than what this provider knows".to_owned(),
                    };
                    Diagnostic::error("Installed operator does not know a field")
                        .detail(format!(
                            "The custom resource definition of {kind} in this cluster has no field `{}`. {since} (Helm does not \
                             update definitions by itself), or remove the attribute. Nothing was written.",
                            field.field
                        ))
                        .at(place(block, &field.field))
                })
                .collect();
        }
        WriteError::Contended { .. } => (
            "Object keeps changing",
            "Somebody else writes it all the time. Find out who (`kubectl get -o yaml --show-managed-fields`) and run \
             Terraform again.",
        ),
        WriteError::Unsettled { source, .. } => {
            return Diagnostic::error("Outcome of a write is not known")
                .detail(format!(
                    "{} The last attempt: {source}. Run Terraform again: it looks at what is there before it changes anything.",
                    sentences(&text, "")
                ))
                .into();
        }
    };
    Diagnostic::error(summary).detail(sentences(&text, next)).into()
}

/// A change that the API server refused when a plan tried it. `block` is the schema of the object.
pub fn dry_run(error: &WriteError, block: &Block) -> Diagnostics {
    const TRIED: &str = "The API server said so to a dry run of this plan; nothing was changed.";
    if let WriteError::Conflict { conflicts, .. } = error {
        return conflicts
            .iter()
            .map(|conflict| {
                Diagnostic::error("Field belongs to another manager")
                    .detail(format!(
                        "{}, and has another value than the one that is configured. {TRIED} Remove the attribute to leave the \
                         field to that manager, or set `force_conflicts = true` to take it over.",
                        sentences(&conflict.to_string(), "").trim_end_matches('.')
                    ))
                    .at(place(block, &conflict.field))
            })
            .collect();
    }
    write(error, block)
        .into_iter()
        .map(|problem| Diagnostic {
            detail: format!("{} {TRIED}", problem.detail.trim_end_matches(" Nothing was written.")),
            ..problem
        })
        .collect()
}

/// A creation that did not take place, or may not have. `address` is the type of the resource.
pub fn create(error: &CreateError, block: &Block, resource_type: &str) -> Diagnostics {
    match error {
        CreateError::Exists {
            namespace, name, ours, ..
        } => Diagnostic::error("Object exists already")
            .detail(format!(
                "{} Terraform did not create it and leaves it alone. To take it over, import it:\n\n  import {{\n    to = \
                 {resource_type}.{}\n    id = \"{namespace}/{name}\"\n  }}\n\nOr choose another name.{}",
                sentences(&error.to_string(), ""),
                label(name),
                if *ours {
                    " If it is the one that this apply is to replace: two objects cannot have one name, so that \
                     `create_before_destroy` cannot be used."
                } else {
                    ""
                }
            ))
            .at(place(block, "metadata.name"))
            .into(),
        CreateError::BeingDeleted { .. } => Diagnostic::error("Former object is still being deleted")
            .detail(sentences(
                &error.to_string(),
                "Wait until it is gone and run Terraform again. If it never goes, look at its finalizers and at the log of the \
                 operator.",
            ))
            .into(),
        CreateError::Write(error) => write(error, block),
    }
}

/// A deletion that did not take place.
pub fn delete(error: &DeleteError, block: &Block) -> Diagnostics {
    match error {
        DeleteError::Kubernetes(error) => kubernetes(error, block),
        DeleteError::Replaced { .. } => Diagnostic::error("Object was created anew")
            .detail(sentences(
                &error.to_string(),
                "Somebody deleted it and created another one of the same name. Nothing was deleted. Take it out of state with \
                 `terraform state rm` if it is not Terraform's any more.",
            ))
            .into(),
        DeleteError::Changed { .. } => Diagnostic::error("Object changed while it was being deleted")
            .detail(sentences(&error.to_string(), "Nothing was deleted. Run Terraform again."))
            .into(),
    }
}

/// A name as a Terraform label.
fn label(name: &str) -> String {
    name.replace('-', "_")
}
