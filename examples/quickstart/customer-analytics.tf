# One job, one file: reviewers see what changes in this job and in no other.

variable "customer_analytics_parallelism" {
  description = "How many parallel instances of each operator the job runs."
  type        = number
  default     = 1
}

resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "10s"
    "state.checkpoints.dir"            = "file:///flink-data/checkpoints"
    "state.savepoints.dir"             = "file:///flink-data/savepoints"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  job {
    jar_uri      = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism  = var.customer_analytics_parallelism
    upgrade_mode = "savepoint"
  }
}

output "customer_analytics" {
  description = "The running job, as the operator sees it."
  value = {
    job_id          = flink_deployment.customer_analytics.job_id
    job_state       = flink_deployment.customer_analytics.job_state
    lifecycle_state = flink_deployment.customer_analytics.lifecycle_state
    rest_service    = flink_deployment.customer_analytics.rest_service
  }
}
