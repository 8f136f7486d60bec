output "savepoint" {
  description = "Where the savepoint lies that the job on the second cluster began with."
  value       = flink_savepoint.orders.location
}

output "restored" {
  description = "What the JobManager of the second cluster says that its job was restored from."
  value = {
    checkpoint_id = data.flink_checkpoints.green.latest_restored.id
    path          = data.flink_checkpoints.green.latest_restored.external_path
  }
}
