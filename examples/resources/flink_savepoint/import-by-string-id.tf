import {
  to = flink_savepoint.before_release
  id = "data-team-flink/customer-analytics-savepoint-3c60042cba"
}
