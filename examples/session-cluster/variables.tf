variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "task_managers" {
  description = "Number of TaskManagers. Another number creates the cluster anew, with all of its jobs."
  type        = number
  default     = 2

  validation {
    condition     = var.task_managers >= 1 && floor(var.task_managers) == var.task_managers
    error_message = "The number of TaskManagers is a whole number of at least 1."
  }
}

variable "data_claim" {
  description = "Name of the PersistentVolumeClaim for checkpoints, ReadWriteMany: all pods mount it."
  type        = string
  default     = "flink-data"
}
