import {
  to = flink_session_job.orders
  id = "data-team-flink/orders"
}
