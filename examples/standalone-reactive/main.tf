# A job that uses every TaskManager that there is. More or fewer of them rescale the running job in place: it is not
# deployed anew, and nothing else about it changes.

resource "flink_deployment" "enrichment" {
  name            = "enrichment"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  # The operator runs as many TaskManagers as it is told to, and Flink takes what it gets.
  mode = "standalone"

  flink_configuration = {
    # Without this, another number of TaskManagers restarts the job.
    "scheduler-mode" = "reactive"

    "taskmanager.numberOfTaskSlots" = "1"

    # Rescaling goes back to the last checkpoint, so they should come often.
    "execution.checkpointing.interval" = "10 s"

    # A parallelism that divides the number of key groups spreads the keys evenly.
    "pipeline.max-parallelism" = "120"
  }

  job {
    jar_uri = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"

    # No parallelism: it follows from the TaskManagers and their slots.
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    # Where an autoscaler of Kubernetes decides instead, leave it to that: `ignore_changes = [task_manager.replicas]`.
    replicas = var.task_managers

    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }
}
