//! Configurations that several acceptance tests start from. They run on a real operator too: small requests, a stock
//! image, an example job of that image.

/// An application cluster named `orders`, stateless. [`with`] changes lines of it.
pub const APPLICATION: &str = r#"
resource "flink_deployment" "orders" {
  name              = "orders"
  image             = "flink:1.20"
  image_pull_policy = "IfNotPresent"
  flink_version     = "v1_20"
  service_account   = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots" = "2"
  }

  job_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }

  job {
    jar_uri     = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism = 1
  }
}
"#;

/// The same with checkpoints, savepoints and upgrades that keep the state. On a real cluster the files lie on the node.
pub const STATEFUL: &str = r#"
resource "flink_deployment" "orders" {
  name              = "orders"
  image             = "flink:1.20"
  image_pull_policy = "IfNotPresent"
  flink_version     = "v1_20"
  service_account   = "flink"

  flink_configuration = {
    "taskmanager.numberOfTaskSlots"    = "2"
    "execution.checkpointing.interval" = "2s"
    "state.checkpoints.dir"            = "file:///flink-data/checkpoints"
    "state.savepoints.dir"             = "file:///flink-data/savepoints"
  }

  pod_template = {
    spec = {
      securityContext = { runAsUser = 0 }
      containers = [{
        name         = "flink-main-container"
        volumeMounts = [{ name = "data", mountPath = "/flink-data" }]
      }]
      volumes = [{
        name     = "data"
        hostPath = { path = "/tmp/flink-data", type = "DirectoryOrCreate" }
      }]
    }
  }

  job_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }

  job {
    jar_uri      = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar"
    parallelism  = 1
    upgrade_mode = "savepoint"
  }
}
"#;

/// A session cluster named `session`, native.
pub const SESSION: &str = r#"
resource "flink_deployment" "session" {
  name              = "session"
  image             = "flink:1.20"
  image_pull_policy = "IfNotPresent"
  flink_version     = "v1_20"
  service_account   = "flink"

  job_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }

  task_manager {
    resource {
      cpu    = 0.1
      memory = "1024m"
    }
  }
}
"#;

/// A configuration with parts of it replaced, each of which must be there.
///
/// # Panics
/// A part is not in the configuration: the test would not test what it says.
#[expect(clippy::panic, reason = "a mistake of a test's author, said where it is made")]
pub fn with(configuration: &str, replacements: &[(&str, &str)]) -> String {
    replacements
        .iter()
        .fold(configuration.to_owned(), |configuration, (part, replacement)| {
            if !configuration.contains(part) {
                panic!("`{part}` is not in the configuration:\n{configuration}");
            }
            configuration.replacen(part, replacement, 1)
        })
}
