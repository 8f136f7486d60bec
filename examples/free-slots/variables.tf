variable "namespace" {
  description = "Kubernetes namespace of the team."
  type        = string
  default     = "data-team-flink"
}

variable "cluster" {
  description = "Name of a running cluster with a fixed number of TaskManagers: one in mode `standalone`. A native cluster makes room for its jobs itself."
  type        = string
  default     = "flink-session-cluster"
}

variable "job" {
  description = "The job: its name, and how many slots it needs."
  type = object({
    name        = string
    parallelism = number
  })
  default = {
    name        = "clicks"
    parallelism = 2
  }
}
