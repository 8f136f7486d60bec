output "web_ui" {
  description = "Addresses of the web UI."
  value = {
    orders = "https://${flink_deployment.orders.name}.${flink_deployment.orders.namespace}.${var.domain}"
    clicks = "https://${var.domain}/${flink_deployment.clicks.namespace}/${flink_deployment.clicks.name}/"
  }
}
