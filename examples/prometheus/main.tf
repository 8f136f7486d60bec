# Every JobManager and TaskManager offers its metrics at http://<pod>:9249/metrics, and Prometheus finds the pods by their
# annotations.

resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "2"

    # The reporter is a plugin that Flink's images have with them. `prom` is a name of our choice.
    "metrics.reporters"                   = "prom"
    "metrics.reporter.prom.factory.class" = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"
    "metrics.reporter.prom.port"          = tostring(var.metrics_port)

    # Labels that are new after each restart of a job would begin a new series each time.
    "metrics.reporter.prom.scope.variables.excludes" = "job_id;task_attempt_id;task_attempt_num"
  }

  pod_template = {
    metadata = {
      annotations = {
        "prometheus.io/scrape" = "true"
        "prometheus.io/path"   = "/metrics"
        "prometheus.io/port"   = tostring(var.metrics_port)
      }
    }

    spec = {
      containers = [{
        name = "flink-main-container"

        # By this name a PodMonitor of the Prometheus operator finds it.
        ports = [{ name = "metrics", containerPort = var.metrics_port, protocol = "TCP" }]
      }]
    }
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 2
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }
}
