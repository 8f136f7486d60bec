data "flink_checkpoints" "orders" {
  namespace       = "data-team-flink"
  deployment_name = "orders"
}

output "latest_checkpoint" {
  value = try(data.flink_checkpoints.orders.latest_completed.external_path, null)
}

output "restored_from" {
  value = try(data.flink_checkpoints.orders.latest_restored.external_path, null)
}
