variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "domain" {
  description = "Domain whose names lead to the ingress controller."
  type        = string
  default     = "flink.example.com"
}
