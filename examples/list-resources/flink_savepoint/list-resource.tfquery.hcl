# What somebody has asked for, and not what the operator takes by itself.
list "flink_savepoint" "of_orders" {
  provider = flink

  config {
    namespace      = "data-team-flink"
    label_selector = "snapshot.trigger-type=MANUAL,job-reference.name=orders"
  }
}
