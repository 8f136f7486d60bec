//! The provider's process, as Terraform starts it.

use std::process::ExitCode;

use flink_client::kubernetes::Environment;
use terraform_plugin::Service;
use terraform_provider_flink::ADDRESS;
use terraform_provider_flink::provider::FlinkProvider;

fn main() -> ExitCode {
    terraform_plugin::run(ADDRESS, |handlers| {
        Service::new(FlinkProvider::new(Environment::of_process()), handlers)
    })
}
