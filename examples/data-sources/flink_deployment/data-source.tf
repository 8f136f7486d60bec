# A deployment that another team manages.
data "flink_deployment" "orders" {
  namespace = "data-team-flink"
  name      = "orders"
}

output "orders" {
  value = {
    state       = data.flink_deployment.orders.job_state
    parallelism = data.flink_deployment.orders.effective_parallelism
    error       = data.flink_deployment.orders.error
  }
}
