resource "flink_deployment" "session" {
  name            = "session"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "4"
    "state.checkpoints.dir"         = "s3://example-bucket/checkpoints"
    "state.savepoints.dir"          = "s3://example-bucket/savepoints"
  }

  job_manager {
    resource {
      cpu    = 1
      memory = "2048m"
    }
  }

  task_manager {
    resource {
      cpu    = 2
      memory = "4096m"
    }
  }
}

resource "flink_session_job" "orders" {
  name = "orders"

  # Taken from the cluster: so the job is created after it, and destroyed before it.
  deployment_name = flink_deployment.session.name

  flink_configuration = {
    "execution.checkpointing.interval" = "60 s"
  }

  job {
    jar_uri      = "https://repo.example.com/jars/orders-1.4.2.jar"
    entry_class  = "com.example.orders.Main"
    args         = ["--topic", "orders"]
    parallelism  = 2
    upgrade_mode = "savepoint"
  }
}
