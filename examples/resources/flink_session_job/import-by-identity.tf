import {
  to = flink_session_job.orders
  identity = {
    namespace = "data-team-flink"
    name      = "orders"
  }
}
