import {
  to = flink_deployment.customer_analytics
  id = "data-team-flink/customer-analytics"
}
