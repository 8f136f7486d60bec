# What all jobs of the team have in common. The file of a job says only what is particular to that job.
locals {
  image         = "registry.example.com/data-team"
  flink_version = "v1_20"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "1min"
    "restart-strategy.type"            = "exponential-delay"
  }
}
