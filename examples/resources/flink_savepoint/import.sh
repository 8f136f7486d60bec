terraform import flink_savepoint.before_release data-team-flink/customer-analytics-savepoint-3c60042cba
