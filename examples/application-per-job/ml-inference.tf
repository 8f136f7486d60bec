resource "flink_deployment" "ml_inference" {
  name            = "ml-inference"
  image           = "${local.image}/ml-inference:0.9.0"
  flink_version   = local.flink_version
  service_account = "flink"

  labels = {
    "example.com/owner" = "machine-learning"
  }

  # The job keeps nothing that it could not read again, so an upgrade may start it anew.
  flink_configuration = local.flink_configuration

  job {
    jar_uri      = "local:///opt/flink/usrlib/ml-inference.jar"
    args         = ["--model", "churn", "--batch-size", "64"]
    parallelism  = 4
    upgrade_mode = "stateless"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 4
      memory = "8192m"
    }
  }
}
