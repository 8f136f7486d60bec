import {
  to = flink_checkpoint.now
  id = "data-team-flink/customer-analytics-checkpoint-441f6cc527"
}
