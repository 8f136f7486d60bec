# Pods that may use more than the scheduler sets aside for them. The request is what `resource` says, and the limit is a
# multiple of it.

resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "4"

    # JobManager: 0.5 CPUs are set aside, 2 may be used, for example to compile the plan of a large SQL job. Memory is
    # not more than was set aside: without a factor the two are the same.
    "kubernetes.jobmanager.cpu.limit-factor" = "4.0"

    # TaskManagers: 4 CPUs and 8 GiB are set aside, 8 CPUs and 9 GiB may be used. Flink divides up the 8 GiB; what is
    # above is room for memory that it does not count, such as that of native libraries.
    "kubernetes.taskmanager.cpu.limit-factor"    = "2.0"
    "kubernetes.taskmanager.memory.limit-factor" = "1.125"
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 4
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "2g"
    }
  }

  # Operator 1.16 and newer take requests and limits as Kubernetes has them, in a block `resources`.
  task_manager {
    resource {
      cpu    = 4
      memory = "8g"

      # Disk outside of volumes: a pod that uses more is evicted.
      ephemeral_storage = "20Gi"
    }
  }
}
