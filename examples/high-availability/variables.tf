variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "state_location" {
  description = "Where the job keeps its state and what another JobManager needs to take over."
  type        = string
  default     = "s3://example-bucket/flink/payments"
}
