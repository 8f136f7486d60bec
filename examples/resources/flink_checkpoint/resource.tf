# The job.
resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  namespace       = "data-team-flink"
  image           = "registry.example.com/customer-analytics:1.4.2"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "s3://data-team-flink/customer-analytics/checkpoints"
    "state.savepoints.dir"             = "s3://data-team-flink/customer-analytics/savepoints"
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/customer-analytics.jar"
    parallelism  = 8
    upgrade_mode = "savepoint"
  }

  job_manager {
    resource {
      memory = "2048m"
    }
  }

  task_manager {
    resource {
      memory = "4096m"
    }
  }
}

# A full checkpoint on demand: another value of `ticket` takes another one. Flink deletes it when newer ones follow.
resource "flink_checkpoint" "now" {
  namespace       = "data-team-flink"
  deployment_name = flink_deployment.customer_analytics.name

  triggers = {
    ticket = "OPS-1042"
  }
}

output "checkpoint" {
  description = "Where the checkpoint is."
  value       = flink_checkpoint.now.location
}
