variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "autoscaler_enabled" {
  description = "Whether the operator scales the job. Switching it does not restart the job."
  type        = bool
  default     = true
}

variable "max_parallelism" {
  description = "The highest parallelism that the autoscaler may give to an operator of the job."
  type        = number
  default     = 24

  validation {
    condition     = var.max_parallelism >= 1 && var.max_parallelism <= 720
    error_message = "The highest parallelism is between 1 and 720, the number of key groups of the job."
  }
}
