# One job, one file: a reviewer sees what changes in this job, and that nothing changes in any other.

resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  image           = "${local.image}/customer-analytics:1.4.2"
  flink_version   = local.flink_version
  service_account = "flink"

  labels = {
    "example.com/owner" = "customer-analytics"
  }

  flink_configuration = merge(local.flink_configuration, {
    "state.checkpoints.dir" = "${var.state_location}/customer-analytics/checkpoints"
    "state.savepoints.dir"  = "${var.state_location}/customer-analytics/savepoints"
  })

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
}
