output "running" {
  description = "What runs now: the image, and the id of the job, which is another one after a roll-out."
  value = {
    image  = flink_deployment.customer_analytics.image
    job_id = flink_deployment.customer_analytics.job_id
  }
}
