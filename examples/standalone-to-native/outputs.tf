output "savepoint" {
  description = "Where the savepoint is that the job moves with, while it moves."
  value       = one(flink_savepoint.move[*].location)
}

output "job_id" {
  description = "Id of the job in the new deployment."
  value       = one(flink_deployment.native[*].job_id)
}
