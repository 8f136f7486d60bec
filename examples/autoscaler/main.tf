# The autoscaler works on the operator's own copy of the specification: what it does shows neither in the
# FlinkDeployment object nor as a change in a plan. It needs sources that report how far they are behind (Kafka, for
# example), because it scales by the load that it sees there.

resource "flink_deployment" "clickstream" {
  name            = "clickstream"
  image           = "registry.example.com/data-team/clickstream:3.1.0"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    # Keys that begin with `job.autoscaler.` take effect without a restart of the job.
    "job.autoscaler.enabled"                     = tostring(var.autoscaler_enabled)
    "job.autoscaler.stabilization.interval"      = "5m"
    "job.autoscaler.metrics.window"              = "15m"
    "job.autoscaler.utilization.target"          = "0.7"
    "job.autoscaler.target.utilization.boundary" = "0.2"
    "job.autoscaler.scale-down.interval"         = "1h"
    "job.autoscaler.catch-up.duration"           = "30m"
    "job.autoscaler.restart.time"                = "3m"
    "job.autoscaler.vertex.min-parallelism"      = "2"
    "job.autoscaler.vertex.max-parallelism"      = tostring(var.max_parallelism)

    # With the adaptive scheduler Flink rescales the running job itself. Without it, each scaling is an upgrade.
    "jobmanager.scheduler" = "adaptive"

    # The number of key groups cannot change without losing state, and a parallelism that divides it spreads the keys
    # evenly. So it is large, and has many divisors.
    "pipeline.max-parallelism" = "720"

    "taskmanager.numberOfTaskSlots"    = "4"
    "execution.checkpointing.interval" = "1min"
    "state.backend.type"               = "rocksdb"
    "state.checkpoints.dir"            = "s3://example-bucket/flink/clickstream/checkpoints"
    "state.savepoints.dir"             = "s3://example-bucket/flink/clickstream/savepoints"
    "high-availability.type"           = "kubernetes"
    "high-availability.storageDir"     = "s3://example-bucket/flink/clickstream/ha"
  }

  job {
    jar_uri = "local:///opt/flink/usrlib/clickstream.jar"

    # Where the job starts; from then on the autoscaler decides.
    parallelism  = 4
    upgrade_mode = "last-state"
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
