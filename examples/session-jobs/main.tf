# Two session clusters. Three jobs share the first one; a savepoint of one of them is where a job on the second one begins.
# The image is the stock one: it holds no jobs, so the operator fetches their jars over HTTP (jar-server.yaml serves some).

locals {
  # The jobs of the first cluster, and their parallelism. It has as many TaskManagers as they need.
  jobs = {
    clicks   = 1
    orders   = 1
    payments = 2
  }
}

resource "flink_deployment" "session" {
  for_each = toset(["blue", "green"])

  name            = "session-${each.key}"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "4"
    "execution.checkpointing.interval" = "10 s"
    "state.checkpoints.dir"            = "${var.state_location}/checkpoints"
    "state.savepoints.dir"             = "${var.state_location}/savepoints"
  }

  # Both clusters see the same volume: what one writes, the other reads. An object store such as S3 is another such place.
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
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 1
      memory = "1728m"
    }
  }
}

resource "flink_session_job" "blue" {
  for_each = local.jobs

  name            = each.key
  deployment_name = flink_deployment.session["blue"].name

  job {
    jar_uri      = "${var.jar_server}/TopSpeedWindowing.jar"
    parallelism  = each.value
    upgrade_mode = "savepoint"
  }
}

# Another value of `release` takes another savepoint.
resource "flink_savepoint" "orders" {
  session_job_name = flink_session_job.blue["orders"].name

  triggers = {
    release = var.release
  }
}

resource "flink_session_job" "green" {
  name            = "orders-green"
  deployment_name = flink_deployment.session["green"].name

  job {
    jar_uri                = "${var.jar_server}/TopSpeedWindowing.jar"
    parallelism            = local.jobs["orders"]
    upgrade_mode           = "savepoint"
    initial_savepoint_path = flink_savepoint.orders.location
  }
}

# What the new job began with, as its JobManager says: see outputs.tf.
data "flink_checkpoints" "green" {
  deployment_name = flink_deployment.session["green"].name
  job_id          = flink_session_job.green.job_id
}
