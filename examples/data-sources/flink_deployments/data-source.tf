data "flink_deployments" "batch" {
  namespace = "data-team"

  labels = {
    tier = "batch"
  }
}

output "not_stable" {
  value = [for one in data.flink_deployments.batch.deployments : one.name if one.lifecycle_state != "STABLE"]
}
