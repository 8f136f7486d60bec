terraform {
  required_providers {
    flink = {
      source = "terraform-flink/flink"
    }
  }
}

provider "flink" {
  namespace = "NAMESPACE"
}
