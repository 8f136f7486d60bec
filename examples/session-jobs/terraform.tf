terraform {
  required_providers {
    flink = {
      source  = "terraform-flink/flink"
      version = "~> 0.1"
    }
  }
}

# The cluster comes from KUBECONFIG, as for kubectl, or from the service account of the pod that runs Terraform.
provider "flink" {
  namespace = var.namespace
}
