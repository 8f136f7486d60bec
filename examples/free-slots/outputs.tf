output "free_slots" {
  description = "How many slots of the cluster are free now."
  value       = data.flink_cluster.shared.slots_available
}

output "running_jobs" {
  description = "Names of the jobs that run in the cluster."
  value       = local.running
}
