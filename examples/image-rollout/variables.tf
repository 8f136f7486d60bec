variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "image_tag" {
  description = "Tag of the job's image. The pipeline that has built and pushed it applies with `-var image_tag=1.4.3`."
  type        = string
  default     = "1.4.2"

  validation {
    # A tag that moves, such as `latest`, would change the job without any change in a plan.
    condition     = can(regex("^\\d+\\.\\d+\\.\\d+$", var.image_tag))
    error_message = "The tag is a version such as 1.4.2."
  }
}
