output "slots" {
  description = "How many slots the jobs of the cluster share."
  value       = var.task_managers * local.slots_per_task_manager
}

output "address" {
  description = "REST interface and web UI, inside of the Kubernetes cluster: for `flink run -m` and the SQL client."
  value       = "${flink_deployment.session.rest_service}.${flink_deployment.session.namespace}:8081"
}
