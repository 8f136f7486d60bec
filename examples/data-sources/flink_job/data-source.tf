# The job of an application cluster: there is only one.
data "flink_job" "orders" {
  namespace       = "data-team-flink"
  deployment_name = "orders"
}

# One of the jobs of a session cluster.
data "flink_job" "clicks" {
  namespace       = "data-team-flink"
  deployment_name = "shared-session"
  job_name        = "Clicks per minute"
}

output "last_exception" {
  value = try(data.flink_job.orders.exceptions[0].message, "none")
}

check "orders_takes_checkpoints" {
  assert {
    condition     = try(data.flink_job.orders.checkpoint_config.interval <= 60000, false)
    error_message = "The job orders takes no checkpoint within a minute."
  }
}
