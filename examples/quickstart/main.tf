terraform {
  required_providers {
    flink = {
      source = "terraform-flink/flink"
    }
  }
}

# The cluster comes from KUBECONFIG, as for kubectl.
provider "flink" {}
