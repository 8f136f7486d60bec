locals {
  checkpoint_interval = "30 s"
}

output "checkpoints_per_hour" {
  value = provider::flink::duration_ms("1 h") / provider::flink::duration_ms(local.checkpoint_interval)
}
