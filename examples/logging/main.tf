# The deployment's own logging configuration, in the place of the image's. A change of it restarts the job.

resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  # The key is the name of the file that Flink reads; `logback-console.xml` is the other one that there is.
  log_configuration = {
    # file(), not templatefile(): log4j has its own ${ }, which Terraform would take for its own.
    "log4j-console.properties" = file("${path.module}/log4j-console.properties")
  }

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "2"
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 2
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }
}
