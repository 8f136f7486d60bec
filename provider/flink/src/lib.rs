//! Flink on Kubernetes.
