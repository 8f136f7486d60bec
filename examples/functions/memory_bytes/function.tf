variable "task_manager_memory" {
  type    = string
  default = "4096m"

  validation {
    condition     = provider::flink::memory_bytes(var.task_manager_memory) >= provider::flink::memory_bytes("2Gi")
    error_message = "A TaskManager needs 2 GiB at least."
  }
}
