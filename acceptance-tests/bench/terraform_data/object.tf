resource "terraform_data" "orders_INDEX" {
  input = {
    name              = "orders-INDEX"
    image             = "flink:1.20"
    image_pull_policy = "IfNotPresent"
    flink_version     = "v1_20"
    service_account   = "flink"

    labels = {
      team = "orders"
    }

    flink_configuration = {
      "taskmanager.numberOfTaskSlots"       = "2"
      "execution.checkpointing.interval"    = "60s"
      "state.backend.type"                  = "rocksdb"
      "state.checkpoints.dir"               = "s3://example-bucket/orders-INDEX/checkpoints"
      "state.savepoints.dir"                = "s3://example-bucket/orders-INDEX/savepoints"
      "restart-strategy.type"               = "exponential-delay"
      "metrics.reporter.prom.factory.class" = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"
    }

    pod_template = {
      spec = {
        containers = [{
          name         = "flink-main-container"
          env          = [{ name = "REGION", value = "eu-central-1" }]
          volumeMounts = [{ name = "scratch", mountPath = "/scratch" }]
        }]
        volumes = [{ name = "scratch", emptyDir = {} }]
      }
    }

    job_manager = {
      resource = {
        cpu    = 0.5
        memory = "1024m"
      }
    }

    task_manager = {
      resource = {
        cpu    = 1
        memory = "2048m"
      }
    }

    job = {
      jar_uri      = "local:///opt/flink/usrlib/orders.jar"
      args         = ["--topic", "orders-INDEX"]
      parallelism  = 2
      upgrade_mode = "stateless"
    }
  }
}
