output "rest_service" {
  description = "Service of the web UI, which shows the log of every process. Reach it with `kubectl port-forward`."
  value       = flink_deployment.orders.rest_service
}
