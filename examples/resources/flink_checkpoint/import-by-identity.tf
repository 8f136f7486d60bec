import {
  to = flink_checkpoint.now
  identity = {
    namespace = "data-team-flink"
    name      = "customer-analytics-checkpoint-441f6cc527"
  }
}
