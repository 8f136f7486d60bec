# terraform query -generate-config-out=found.tf
list "flink_deployment" "team" {
  provider = flink

  # The whole object, for the configuration that is generated.
  include_resource = true
  limit            = 50

  config {
    namespace      = "data-team-flink"
    label_selector = "team=data,tier!=test"
  }
}
