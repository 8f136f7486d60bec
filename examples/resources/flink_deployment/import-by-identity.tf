import {
  to = flink_deployment.customer_analytics
  identity = {
    namespace = "data-team-flink"
    name      = "customer-analytics"
  }
}
