terraform {
  required_providers {
    flink = {
      source = "terraform-flink/flink"
    }
  }
}

# Without any attribute, the cluster is the one that kubectl would use: KUBECONFIG, or the service account of the pod.
provider "flink" {
  config_path    = "~/.kube/config"
  config_context = "production"
  namespace      = "data-team-flink"
}

# Or by address and token, for example from the data source of a cloud provider.
provider "flink" {
  alias = "staging"

  host                   = "https://kubernetes.example.com:6443"
  token                  = var.staging_token
  cluster_ca_certificate = file("${path.module}/staging-ca.pem")
  namespace              = "data-team-flink"
}

variable "staging_token" {
  description = "Token of the service account that deploys to staging."
  type        = string
  sensitive   = true
}
