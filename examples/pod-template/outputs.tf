output "job_state" {
  description = "State of the job."
  value       = flink_deployment.orders.job_state
}
