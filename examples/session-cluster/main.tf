# A cluster without a job of its own, to which jobs are submitted later: two TaskManagers of two slots, so four slots.

locals {
  slots_per_task_manager = 2
}

resource "flink_deployment" "session" {
  name            = "flink-session-cluster"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  # In native mode a session cluster starts TaskManagers as jobs need them. A fixed number needs standalone mode.
  mode = "standalone"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = tostring(local.slots_per_task_manager)

    # For every job that says nothing else.
    "execution.checkpointing.interval" = "60 s"
    "state.backend.type"               = "hashmap"
    "state.checkpoints.dir"            = "file:///flink-data/checkpoints"
    "state.savepoints.dir"             = "file:///flink-data/savepoints"
  }

  # JobManager and TaskManagers need the same place for checkpoints. An object store such as S3 is another one.
  pod_template = {
    spec = {
      # Files on the volume belong to Flink's group; else Flink could not write there.
      securityContext = { fsGroup = 9999 }

      containers = [{
        name         = "flink-main-container"
        volumeMounts = [{ name = "data", mountPath = "/flink-data" }]
      }]

      volumes = [{ name = "data", persistentVolumeClaim = { claimName = var.data_claim } }]
    }
  }

  job_manager {
    resource {
      cpu    = 1
      memory = "2g"
    }
  }

  task_manager {
    replicas = var.task_managers

    resource {
      cpu    = 1
      memory = "2g"
    }
  }
}
