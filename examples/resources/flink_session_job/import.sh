terraform import flink_session_job.orders data-team-flink/orders
