# Everything about the pods that has no attribute of its own. A misspelt field is found when the plan is made, with the
# field that was probably meant.

resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "file:///flink-data/orders/checkpoints"
    "state.savepoints.dir"             = "file:///flink-data/orders/savepoints"

    # The working copy of the state lies on the disk of the node that task-manager.yaml mounts.
    "state.backend.type"             = "rocksdb"
    "state.backend.rocksdb.localdir" = "/scratch/rocksdb"

    # The template of the TaskManagers is laid over the common one. Without this, the first container over the first,
    # the second over the second; with it, containers and volumes of the same name over each other.
    "kubernetes.operator.pod-template.merge-arrays-by-name" = "true"
  }

  # For JobManager and TaskManagers.
  pod_template = {
    metadata = {
      labels = { "example.com/team" = "data" }
    }

    spec = {
      # Files on the volumes belong to Flink's group; else Flink could not write there.
      securityContext = { fsGroup = 9999 }

      containers = [
        {
          # This name makes it the container that runs Flink; others are sidecars.
          name = "flink-main-container"

          # All keys of a ConfigMap and of a Secret as environment variables ...
          envFrom = [
            { configMapRef = { name = var.settings } },
            { secretRef = { name = var.credentials } },
          ]

          # ... and a single one of each under a name of our own.
          env = [
            {
              name      = "KAFKA_BROKERS"
              valueFrom = { configMapKeyRef = { name = var.settings, key = "brokers" } }
            },
            {
              name      = "KAFKA_PASSWORD"
              valueFrom = { secretKeyRef = { name = var.credentials, key = "password" } }
            },
          ]

          volumeMounts = [
            { name = "data", mountPath = "/flink-data" },
            { name = "logs", mountPath = "/opt/flink/log" },
          ]
        },
        {
          name  = "log-shipper"
          image = var.log_shipper_image
          args  = ["-i", "tail", "-p", "path=/logs/*.log", "-o", "stdout"]

          resources = {
            requests = { cpu = "50m", memory = "64Mi" }
            limits   = { memory = "128Mi" }
          }

          volumeMounts = [{ name = "logs", mountPath = "/logs", readOnly = true }]
        },
      ]

      volumes = [
        { name = "data", persistentVolumeClaim = { claimName = var.data_claim } },
        { name = "logs", emptyDir = { sizeLimit = "1Gi" } },
      ]

      affinity = {
        nodeAffinity = {
          requiredDuringSchedulingIgnoredDuringExecution = {
            nodeSelectorTerms = [{
              matchExpressions = [{ key = "example.com/pool", operator = "In", values = [var.node_pool] }]
            }]
          }
        }
      }

      tolerations = [
        { key = "dedicated", operator = "Equal", value = var.node_pool, effect = "NoSchedule" },
      ]
    }
  }

  job {
    jar_uri      = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism  = 2
    upgrade_mode = "savepoint"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    # A template may be YAML just as well, for example the one that `kubectl` was used with until now.
    pod_template = file("${path.module}/task-manager.yaml")

    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }
}
