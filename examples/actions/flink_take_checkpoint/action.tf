resource "flink_deployment" "orders" {
  name            = "orders"
  namespace       = "data-team-flink"
  image           = "registry.example.com/data-team/orders:1.4.2"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "s3://example-bucket/flink/orders/checkpoints"
    "state.savepoints.dir"             = "s3://example-bucket/flink/orders/savepoints"
    "high-availability.type"           = "kubernetes"
    "high-availability.storageDir"     = "s3://example-bucket/flink/orders/ha"
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/orders.jar"
    parallelism  = 2
    upgrade_mode = "last-state"
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

  # The upgrade starts from the last checkpoint: a fresh one keeps the work to repeat small.
  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.flink_take_checkpoint.orders]
    }
  }
}

action "flink_take_checkpoint" "orders" {
  config {
    namespace       = "data-team-flink"
    deployment_name = "orders"
  }
}
