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
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/orders.jar"
    parallelism  = 2
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

# By hand: terraform apply -invoke=action.flink_restart.orders
action "flink_restart" "orders" {
  config {
    namespace       = "data-team-flink"
    deployment_name = "orders"

    timeouts {
      invoke = "20m"
    }
  }
}
