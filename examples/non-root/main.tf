# Pods that a namespace with the Pod Security Standard `restricted` accepts, with a root file system that nobody writes.

locals {
  # The user `flink` of Flink's images. Without `runAsUser` their containers start as root and change to it by themselves.
  flink_user = 9999
}

resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "2"
  }

  pod_template = {
    spec = {
      securityContext = {
        runAsNonRoot = true
        runAsUser    = local.flink_user
        runAsGroup   = local.flink_user

        # Volumes belong to this group, so that the job can write its checkpoints to them.
        fsGroup = local.flink_user

        seccompProfile = { type = "RuntimeDefault" }
      }

      containers = [{
        name = "flink-main-container"

        securityContext = {
          allowPrivilegeEscalation = false
          readOnlyRootFilesystem   = true
          capabilities             = { drop = ["ALL"] }
        }

        # The only places that Flink writes to.
        volumeMounts = [
          { name = "tmp", mountPath = "/tmp" },
          { name = "log", mountPath = "/opt/flink/log" },
        ]
      }]

      volumes = [
        { name = "tmp", emptyDir = {} },
        { name = "log", emptyDir = {} },
      ]
    }
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 1
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
