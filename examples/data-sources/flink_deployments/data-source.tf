data "flink_deployments" "batch" {
  namespace = "data-team-flink"

  labels = {
    tier = "batch"
  }
}

output "not_stable" {
  value = [for one in data.flink_deployments.batch.deployments : one.name if one.lifecycle_state != "STABLE"]
}
