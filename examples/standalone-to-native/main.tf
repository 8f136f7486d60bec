# A job moves from a standalone cluster to a native one with its state. `mode` cannot change in place: the new deployment
# starts from a savepoint of the old one, by its location. The same moves a job to another cluster, or to another Flink.
#
# The order in the stage `moving`: the savepoint is taken while the old job runs; then the old job is suspended; then the
# new one starts. So the two never work at the same time.
#
# Where one resource is enough, changing its `mode` does the same in one apply (guide "Destroying and replacing"). Two show
# each step, and need no FlinkStateSnapshot that hands the state over.

locals {
  moves = var.stage == "moving"

  job = {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 2
  }

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "30s"
    "state.checkpoints.dir"            = "${var.state_location}/checkpoints"
    "state.savepoints.dir"             = "${var.state_location}/savepoints"
  }
}

# The old deployment. It is gone in the last stage.
resource "flink_deployment" "standalone" {
  count = var.stage == "native" ? 0 : 1

  name                = "orders-standalone"
  image               = "flink:1.20"
  flink_version       = "v1_20"
  service_account     = "flink"
  mode                = "standalone"
  flink_configuration = local.flink_configuration

  job {
    jar_uri      = local.job.jar_uri
    parallelism  = local.job.parallelism
    upgrade_mode = "savepoint"
    state        = local.moves ? "suspended" : "running"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  # The savepoint first. That is why the savepoint names this deployment in words, and not by a reference.
  depends_on = [flink_savepoint.move]
}

resource "flink_savepoint" "move" {
  count = local.moves ? 1 : 0

  name            = "orders-move"
  deployment_name = "orders-standalone"
}

# The new deployment.
resource "flink_deployment" "native" {
  count = var.stage == "standalone" ? 0 : 1

  name                = "orders"
  image               = "flink:1.20"
  flink_version       = "v1_20"
  service_account     = "flink"
  flink_configuration = local.flink_configuration

  job {
    jar_uri      = local.job.jar_uri
    parallelism  = local.job.parallelism
    upgrade_mode = "savepoint"

    # Looked at when the job starts for the first time; later it means nothing.
    initial_savepoint_path = one(flink_savepoint.move[*].location)
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1024m"
    }
  }

  # Only when the old job is suspended.
  depends_on = [flink_deployment.standalone]
}
