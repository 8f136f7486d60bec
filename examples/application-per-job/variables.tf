variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "state_location" {
  description = "Where checkpoints and savepoints of all jobs go: a location that every node reaches."
  type        = string
  default     = "s3://example-bucket/flink"
}

variable "ingestion" {
  description = "The ingestion jobs, by the name of their source."
  type = map(object({
    topic       = string
    parallelism = optional(number, 2)
    memory      = optional(string, "2048m")
  }))
  default = {
    clicks = { topic = "web.clicks", parallelism = 4 }
    orders = { topic = "shop.orders", memory = "4096m" }
    stock  = { topic = "shop.stock" }
  }

  validation {
    # Together with "ingestion-" it has to be a name that the operator takes, at most 45 characters long.
    condition     = alltrue([for source in keys(var.ingestion) : can(regex("^[a-z0-9]([a-z0-9-]{0,33}[a-z0-9])?$", source))])
    error_message = "The name of a source is at most 35 lower case letters, digits and '-', and ends with a letter or digit."
  }
}
