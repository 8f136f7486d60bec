data "flink_jobs" "shared" {
  namespace       = "data-team-flink"
  deployment_name = "shared-session"
}

output "failed_jobs" {
  value = [for job in data.flink_jobs.shared.jobs : job.name if job.state == "FAILED"]
}
