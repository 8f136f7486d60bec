terraform import flink_checkpoint.now data-team-flink/customer-analytics-checkpoint-441f6cc527
