//! Terraform provider for Apache Flink on Kubernetes.

fn main() {}
