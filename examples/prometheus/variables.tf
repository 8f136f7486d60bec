variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "metrics_port" {
  description = "Port on which every process offers its metrics."
  type        = number
  default     = 9249

  validation {
    condition     = var.metrics_port > 1024 && var.metrics_port < 65536
    error_message = "The port is above 1024: Flink does not run as root."
  }
}
