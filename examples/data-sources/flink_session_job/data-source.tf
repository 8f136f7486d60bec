# A session job that another team manages.
data "flink_session_job" "orders" {
  namespace = "data-team-flink"
  name      = "orders"
}

output "orders" {
  value = {
    cluster = data.flink_session_job.orders.deployment_name
    state   = data.flink_session_job.orders.job_state
    error   = data.flink_session_job.orders.error
  }
}
