# The cluster of a deployment, asked through the Kubernetes API server.
data "flink_cluster" "shared" {
  namespace       = "data-team-flink"
  deployment_name = "shared-session"
}

output "free_slots" {
  value = data.flink_cluster.shared.slots_available
}

# A cluster behind an ingress, or one without the operator: no Kubernetes is needed.
data "flink_cluster" "elsewhere" {
  job_manager_url = "https://flink.example.com"

  headers = {
    Authorization = "Bearer ${var.flink_token}"
  }
}

variable "flink_token" {
  type      = string
  sensitive = true
}
