output "jobs" {
  description = "Every job with its id and state, as the operator sees them."
  value = {
    for job in concat(
      [flink_deployment.customer_analytics, flink_deployment.ml_inference],
      values(flink_deployment.ingestion),
      ) : job.name => {
      job_id = job.job_id
      state  = job.job_state
    }
  }
}
