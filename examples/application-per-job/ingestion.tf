# Jobs that differ only in a few values: one resource, with one instance for each source. Adding a source creates one
# job, removing one ends that job with a savepoint, and the others run on.

resource "flink_deployment" "ingestion" {
  for_each = var.ingestion

  name            = "ingestion-${each.key}"
  image           = "${local.image}/ingestion:2.0.1"
  flink_version   = local.flink_version
  service_account = "flink"

  labels = {
    "example.com/owner" = "data-platform"
  }

  flink_configuration = merge(local.flink_configuration, {
    "state.checkpoints.dir" = "${var.state_location}/ingestion-${each.key}/checkpoints"
    "state.savepoints.dir"  = "${var.state_location}/ingestion-${each.key}/savepoints"
  })

  job {
    jar_uri      = "local:///opt/flink/usrlib/ingestion.jar"
    args         = ["--topic", each.value.topic]
    parallelism  = each.value.parallelism
    upgrade_mode = "savepoint"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 1
      memory = each.value.memory
    }
  }
}
