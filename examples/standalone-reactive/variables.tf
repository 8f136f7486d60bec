variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "task_managers" {
  description = "Number of TaskManagers: 2 in ordinary times, up to 10 for the nightly peak."
  type        = number
  default     = 2

  validation {
    condition     = var.task_managers >= 1 && var.task_managers <= 10 && floor(var.task_managers) == var.task_managers
    error_message = "The number of TaskManagers is a whole number from 1 to 10."
  }
}
