# An application: one job with its own cluster. A change of the image upgrades it with a savepoint.
resource "flink_deployment" "customer_analytics" {
  name            = "customer-analytics"
  namespace       = "data-team-flink"
  image           = "registry.example.com/customer-analytics:1.4.2"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "1min"
    "state.checkpoints.dir"            = "s3://data-team-flink/customer-analytics/checkpoints"
    "state.savepoints.dir"             = "s3://data-team-flink/customer-analytics/savepoints"
    "high-availability.type"           = "kubernetes"
    "high-availability.storageDir"     = "s3://data-team-flink/customer-analytics/ha"
  }

  job {
    jar_uri      = "local:///opt/flink/usrlib/customer-analytics.jar"
    entry_class  = "com.example.analytics.Main"
    args         = ["--topic", "customers"]
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

  # A Kubernetes pod template, as an object or as a string of YAML.
  pod_template = {
    spec = {
      containers = [{
        name    = "flink-main-container"
        envFrom = [{ secretRef = { name = "customer-analytics" } }]
      }]
    }
  }

  timeouts {
    create = "20m"
  }
}

# A session cluster: no job of its own, two TaskManagers that are always there.
resource "flink_deployment" "session" {
  name            = "session"
  namespace       = "data-team-flink"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"
  mode            = "standalone"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "4"
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "2g"
    }
  }

  task_manager {
    replicas = 2

    resource {
      cpu    = 2
      memory = "4g"
    }
  }

  ingress {
    template   = "{{name}}.{{namespace}}.flink.example.com"
    class_name = "nginx"
  }
}

output "customer_analytics" {
  description = "The id and the state of the job."
  value       = "${flink_deployment.customer_analytics.job_id} is ${flink_deployment.customer_analytics.job_state}"
}
