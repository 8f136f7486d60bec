locals {
  orders = provider::flink::from_manifest(file("${path.module}/orders.yaml"))
}

resource "flink_deployment" "orders" {
  name                = local.orders.name
  namespace           = local.orders.namespace
  image               = local.orders.image
  flink_version       = local.orders.flink_version
  service_account     = local.orders.service_account
  flink_configuration = local.orders.flink_configuration

  job_manager {
    resource {
      cpu    = local.orders.job_manager.resource.cpu
      memory = local.orders.job_manager.resource.memory
    }
  }

  task_manager {
    resource {
      cpu    = local.orders.task_manager.resource.cpu
      memory = local.orders.task_manager.resource.memory
    }
  }

  job {
    jar_uri      = local.orders.job.jar_uri
    parallelism  = local.orders.job.parallelism
    upgrade_mode = local.orders.job.upgrade_mode
  }
}
