output "job_id" {
  description = "Id of the job: it stays the same while the job is scaled in place."
  value       = flink_deployment.clickstream.job_id
}
