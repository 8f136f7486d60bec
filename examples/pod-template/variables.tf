variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "settings" {
  description = "Name of the ConfigMap with the settings of the job. Each of its keys becomes an environment variable."
  type        = string
  default     = "orders-settings"
}

variable "credentials" {
  description = "Name of the Secret with the credentials of the job. The values never pass through Terraform."
  type        = string
  default     = "orders-credentials"
}

variable "data_claim" {
  description = "Name of the PersistentVolumeClaim for checkpoints and savepoints, ReadWriteMany: all pods mount it."
  type        = string
  default     = "flink-data"
}

variable "node_pool" {
  description = "Value of the node label `example.com/pool`, and of the taint `dedicated`, of the nodes that run Flink."
  type        = string
  default     = "flink"
}

variable "log_shipper_image" {
  description = "Image of the sidecar that ships the logs."
  type        = string
  default     = "fluent/fluent-bit:3.2.4"
}
