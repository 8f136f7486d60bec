variable "namespace" {
  description = "Kubernetes namespace of the team. The operator watches it, and the service account `flink` exists in it."
  type        = string
  default     = "data-team-flink"
}

variable "jar_server" {
  description = "Where the operator fetches jars from: the service of jar-server.yaml. Operator 1.15 and newer take plain HTTP and addresses inside of the cluster only where its configuration says `kubernetes.operator.user.artifacts.allowed-schemes: https;http` and `kubernetes.operator.user.artifacts.disallow-restricted-hosts: false`."
  type        = string
  default     = "http://jar-server.data-team-flink.svc"
}

variable "state_location" {
  description = "Where checkpoints and savepoints are kept: a place that both clusters reach."
  type        = string
  default     = "file:///flink-data"
}

variable "data_claim" {
  description = "Name of the PersistentVolumeClaim at `/flink-data`, ReadWriteMany: all pods mount it."
  type        = string
  default     = "flink-data"
}

variable "release" {
  description = "Another value takes another savepoint of the job that moves."
  type        = string
  default     = "1"
}
