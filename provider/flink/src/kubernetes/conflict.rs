//! Conflicts of server-side apply: another manager has set a field to another value.

use kube::core::Status;
use serde_json::Value;

use super::field_path;

/// A field that we want to set and another manager has set differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// The field as the API server names it: `spec.job.parallelism`.
    pub field: String,
    /// The members that lead to it, where it is a field we send.
    pub path: Vec<String>,
    /// The manager that owns it: `kubectl-edit`, `HorizontalPodAutoscaler`, ...
    pub manager: String,
}

impl std::fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is managed by `{}`", self.field, self.manager)
    }
}

/// The conflicts of a 409 answer to an apply, or `None` where it is another kind of 409.
pub(super) fn conflicts(status: &Status, sent: &Value) -> Option<Vec<FieldConflict>> {
    let causes = &status.details.as_ref()?.causes;
    let conflicts: Vec<FieldConflict> = causes
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| FieldConflict {
            field: cause.field.trim_start_matches('.').to_owned(),
            path: field_path::resolve(&cause.field, sent).unwrap_or_default(),
            manager: manager(&cause.message),
        })
        .collect();
    (!conflicts.is_empty()).then_some(conflicts)
}

/// The name in `conflict with "kubectl-edit" using flink.apache.org/v1beta1`.
fn manager(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_fields_and_managers() {
        let status: Status = serde_json::from_value(json!({
            "kind": "Status", "status": "Failure", "reason": "Conflict", "code": 409,
            "message": "Apply failed with 2 conflicts",
            "details": {"causes": [
                {"reason": "FieldManagerConflict", "field": ".spec.flinkConfiguration.a.b",
                 "message": "conflict with \"kubectl-edit\" using flink.apache.org/v1beta1"},
                {"reason": "FieldManagerConflict", "field": ".spec.taskManager.replicas",
                 "message": "conflict with \"autoscaler\" with subresource \"scale\" using flink.apache.org/v1beta1"},
            ]},
        }))
        .unwrap();
        let sent = json!({"spec": {"flinkConfiguration": {"a.b": "1"}, "taskManager": {"replicas": 2}}});
        let conflicts = conflicts(&status, &sent).unwrap();
        assert_eq!(
            conflicts[0].to_string(),
            "`spec.flinkConfiguration.a.b` is managed by `kubectl-edit`"
        );
        assert_eq!(conflicts[0].path, ["spec", "flinkConfiguration", "a.b"]);
        assert_eq!(conflicts[1].manager, "autoscaler");
    }

    #[test]
    fn another_409_is_no_conflict_of_fields() {
        let status: Status =
            serde_json::from_value(json!({"code": 409, "reason": "Conflict", "message": "modified"})).unwrap();
        assert_eq!(conflicts(&status, &json!({})), None);
    }
}
