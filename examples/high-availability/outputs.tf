output "lifecycle_state" {
  description = "`STABLE`, or `ROLLED_BACK` after an upgrade that the operator took back."
  value       = flink_deployment.payments.lifecycle_state
}
