data "flink_operator" "installed" {}

check "operator_is_installed" {
  assert {
    condition     = data.flink_operator.installed.installed
    error_message = "The cluster has no Flink Kubernetes Operator."
  }
}

output "state_snapshots" {
  value = data.flink_operator.installed.state_snapshots
}
