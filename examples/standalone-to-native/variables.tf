variable "namespace" {
  description = "Kubernetes namespace of the team."
  type        = string
  default     = "data-team-flink"
}

variable "stage" {
  description = "How far the move is. Apply `standalone` first (or import what runs), then `moving`, and `native` when all is well."
  type        = string
  default     = "standalone"

  validation {
    condition     = contains(["standalone", "moving", "native"], var.stage)
    error_message = "The stages are standalone, moving and native."
  }
}

variable "state_location" {
  description = "Where checkpoints and savepoints go: a place that both deployments can read and write."
  type        = string
  default     = "s3://example-bucket/flink/orders"
}
