output "pod_selector" {
  description = "Selects the pods whose metrics are to be scraped, for a PodMonitor or a NetworkPolicy."
  value       = { app = flink_deployment.orders.name }
}
