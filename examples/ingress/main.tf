# The web UI and the REST interface from outside of the cluster. Neither has a login of its own, so the ingress asks for
# one. `{{name}}` and `{{namespace}}` are filled in by the operator; Terraform itself only looks at `${ }`.

# By host: every deployment has a name of its own, and a certificate for it.
resource "flink_deployment" "orders" {
  name            = "orders"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  ingress {
    template   = "{{name}}.{{namespace}}.${var.domain}"
    class_name = "nginx"

    annotations = {
      "cert-manager.io/cluster-issuer"          = "letsencrypt"
      "nginx.ingress.kubernetes.io/auth-url"    = "https://auth.example.com/oauth2/auth"
      "nginx.ingress.kubernetes.io/auth-signin" = "https://auth.example.com/oauth2/start?rd=$escaped_request_uri"
    }

    tls {
      hosts       = ["orders.${var.namespace}.${var.domain}"]
      secret_name = "orders-flink-tls"
    }
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 1
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }
}

# By path: one host for all deployments. The ingress controller takes the prefix off again.
resource "flink_deployment" "clicks" {
  name            = "clicks"
  image           = "flink:1.20"
  flink_version   = "v1_20"
  service_account = "flink"

  ingress {
    template   = "${var.domain}/{{namespace}}/{{name}}(/|$)(.*)"
    class_name = "nginx"

    annotations = {
      "nginx.ingress.kubernetes.io/use-regex"      = "true"
      "nginx.ingress.kubernetes.io/rewrite-target" = "/$2"
      "nginx.ingress.kubernetes.io/auth-url"       = "https://auth.example.com/oauth2/auth"
      "nginx.ingress.kubernetes.io/auth-signin"    = "https://auth.example.com/oauth2/start?rd=$escaped_request_uri"
    }

    labels = {
      "example.com/exposed" = "internal"
    }
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 1
  }

  job_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.5
      memory = "1600m"
    }
  }
}
