import {
  to = flink_savepoint.before_release
  identity = {
    namespace = "data-team-flink"
    name      = "customer-analytics-savepoint-3c60042cba"
  }
}
