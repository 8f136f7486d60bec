list "flink_session_job" "on_shared_cluster" {
  provider = flink

  config {
    namespace = "data-team-flink"

    # The operator's webhook labels each job with its cluster.
    label_selector = "target.session=shared"
  }
}
