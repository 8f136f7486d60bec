# The job. It writes checkpoints and savepoints to a place that the other one can read.
resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  namespace       = "data-team-flink"
  image           = "registry.example.com/customer-analytics:1.4.2"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "s3://data-team-flink/customer-analytics/checkpoints"
    "state.savepoints.dir"             = "s3://data-team-flink/customer-analytics/savepoints"
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/customer-analytics.jar"
    parallelism  = 8
    upgrade_mode = "savepoint"
  }

  job_manager {
    resource {
      memory = "2048m"
    }
  }

  task_manager {
    resource {
      memory = "4096m"
    }
  }
}

# A savepoint of a running job before each release: another value of `release` takes another one.
resource "flink_savepoint" "before_release" {
  namespace       = "data-team-flink"
  deployment_name = flink_deployment.customer_analytics.name

  triggers = {
    release = "1.4.2"
  }

  # The new one first, then the former one goes; its files stay.
  lifecycle {
    create_before_destroy = true
  }
}

# Another job that starts with the state of the first one.
resource "flink_deployment" "trial" {
  name            = "customer-analytics-trial"
  namespace       = "data-team-flink"
  image           = "registry.example.com/customer-analytics:1.5.0-rc1"
  flink_version   = "v1_20"
  service_account = "flink"

  job {
    jar_uri                = "local:///opt/flink/usrlib/customer-analytics.jar"
    parallelism            = 8
    initial_savepoint_path = flink_savepoint.before_release.location
  }

  job_manager {
    resource {
      memory = "2048m"
    }
  }

  task_manager {
    resource {
      memory = "4096m"
    }
  }
}

# A savepoint that was taken by something else: it gets an object, and nothing is taken.
resource "flink_savepoint" "known" {
  name           = "customer-analytics-2025"
  namespace      = "data-team-flink"
  already_exists = true
  path           = "s3://data-team-flink/customer-analytics/savepoints/savepoint-acfd99-263cf0de0252"
}

output "before_release" {
  description = "Where the savepoint is, and when it was complete."
  value       = "${flink_savepoint.before_release.location} of ${flink_savepoint.before_release.completed_at}"
}
