# A job that survives the loss of its JobManager: another one reads from ConfigMaps where the job stood, and goes on from
# its last checkpoint.

resource "flink_deployment" "payments" {
  name            = "payments"
  image           = "registry.example.com/data-team/payments:5.2.0"
  flink_version   = "v1_20"
  service_account = "flink"

  # The long list lies in a file of its own; what depends on this deployment stands here and counts before it.
  flink_configuration = merge(yamldecode(file("${path.module}/flink-conf.yaml")), {
    # The pointers lie in ConfigMaps, what they point to in the storage directory: both are needed.
    "high-availability.type"       = "kubernetes"
    "high-availability.storageDir" = "${var.state_location}/ha"
    "state.checkpoints.dir"        = "${var.state_location}/checkpoints"
    "state.savepoints.dir"         = "${var.state_location}/savepoints"

    # A savepoint now and then, besides the checkpoints: those end with the job's Flink version, savepoints do not.
    "kubernetes.operator.periodic.savepoint.interval" = "6h"
    "kubernetes.operator.savepoint.history.max.age"   = "72h"

    # An upgrade that does not run within ten minutes is taken back by the operator. The apply fails then and says so.
    "kubernetes.operator.deployment.rollback.enabled"  = "true"
    "kubernetes.operator.deployment.readiness.timeout" = "10min"

    # A cluster that restarts its job for ever, or finishes no checkpoint, is started anew.
    "kubernetes.operator.cluster.health-check.enabled"                     = "true"
    "kubernetes.operator.cluster.health-check.checkpoint-progress.enabled" = "true"
  })

  job {
    jar_uri     = "local:///opt/flink/usrlib/payments.jar"
    entry_class = "com.example.payments.Main"
    parallelism = 20

    # Upgrades start from the last checkpoint, also when the job is not healthy enough for a savepoint.
    upgrade_mode = "last-state"
  }

  job_manager {
    # One leads, the other stands by.
    replicas = 2

    resource {
      cpu    = 1
      memory = "2048m"
    }

    # On two nodes: the loss of one must not take both.
    pod_template = {
      spec = {
        affinity = {
          podAntiAffinity = {
            requiredDuringSchedulingIgnoredDuringExecution = [{
              topologyKey   = "kubernetes.io/hostname"
              labelSelector = { matchLabels = { app = "payments", component = "jobmanager" } }
            }]
          }
        }
      }
    }
  }

  task_manager {
    resource {
      cpu    = 4
      memory = "16g"
    }
  }

  timeouts {
    # Longer than the operator waits before it rolls back.
    update = "20m"
  }
}
