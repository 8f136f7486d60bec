# Another tag is an upgrade in place: the job is stopped with a savepoint, and the new image starts from it. The apply
# ends when the new version runs, and fails with the reason where it does not.

resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  image           = "registry.example.com/data-team/customer-analytics:${var.image_tag}"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "s3://example-bucket/flink/customer-analytics/checkpoints"
    "state.savepoints.dir"             = "s3://example-bucket/flink/customer-analytics/savepoints"

    # The savepoints of the last twenty roll-outs are kept for a month, for the way back.
    "kubernetes.operator.savepoint.history.max.count" = "20"
    "kubernetes.operator.savepoint.history.max.age"   = "30 d"
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/customer-analytics.jar"
    entry_class  = "com.example.analytics.CustomerAnalytics"
    parallelism  = 8
    upgrade_mode = "savepoint"
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

  timeouts {
    # A savepoint of much state takes its time.
    update = "45m"
  }
}
