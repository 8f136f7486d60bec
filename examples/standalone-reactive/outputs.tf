output "job_id" {
  description = "Id of the job: it stays the same while the job is rescaled."
  value       = flink_deployment.enrichment.job_id
}
