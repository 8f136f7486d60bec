# A job that is submitted to a cluster only where there is room for it: the plan asks the JobManager how many slots are free,
# and refuses what would only wait for slots.

data "flink_cluster" "shared" {
  deployment_name = var.cluster
}

# Which job runs in the cluster already, and with which parallelism.
data "flink_jobs" "shared" {
  deployment_name = var.cluster
}

locals {
  running = [for job in data.flink_jobs.shared.jobs : job.name if job.state == "RUNNING"]
  is_new  = !contains(local.running, var.job.name)
}

# Stands for the job: another parallelism submits it again.
resource "terraform_data" "job" {
  input = var.job

  lifecycle {
    precondition {
      condition     = !local.is_new || var.job.parallelism <= data.flink_cluster.shared.slots_available
      error_message = <<-EOT
        The job ${var.job.name} needs ${var.job.parallelism} slots, and the cluster ${var.cluster} has
        ${data.flink_cluster.shared.slots_available} free ones of ${data.flink_cluster.shared.slots_total}. Lower its
        parallelism, or give the cluster more TaskManagers.
      EOT
    }
  }
}
