terraform import flink_deployment.customer_analytics data-team-flink/customer-analytics
