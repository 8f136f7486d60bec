//! Debugging: a provider that a developer starts and Terraform attaches to.

use serde_json::json;

use crate::handshake::PROTOCOL_VERSION;
use crate::listener::Address;

/// The assignment that makes Terraform use this process for the provider of `source`, as a shell
/// reads it.
pub(crate) fn assignment(source: &str, address: &Address) -> String {
    let value = json!({
        source: {
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL_VERSION,
            "Pid": std::process::id(),
            // Terraform must not end what it did not start.
            "Test": true,
            "Addr": { "Network": address.network, "String": address.location },
        },
    });
    format!("TF_REATTACH_PROVIDERS='{}'", value.to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assignment_survives_a_shell() {
        let address = Address {
            network: "unix",
            location: "/tmp/it's mine/s".into(),
        };
        let assignment = assignment("registry.terraform.io/acme/flink", &address);
        let shell = std::process::Command::new("sh")
            .args(["-c", &format!("{assignment}; printf %s \"$TF_REATTACH_PROVIDERS\"")])
            .output()
            .expect("sh runs");
        let value: serde_json::Value = serde_json::from_slice(&shell.stdout).expect("JSON");
        assert_eq!(
            value,
            json!({"registry.terraform.io/acme/flink": {
                "Protocol": "grpc",
                "ProtocolVersion": 5,
                "Pid": std::process::id(),
                "Test": true,
                "Addr": {"Network": "unix", "String": "/tmp/it's mine/s"},
            }})
        );
    }
}
