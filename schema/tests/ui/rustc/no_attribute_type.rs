use std::net::IpAddr;

use terraform_schema::{Model, Schema};

struct Plain;

#[derive(Schema)]
struct Deployment {
    /// A type of another crate.
    address: IpAddr,
    /// A struct without the derive.
    job: Option<Plain>,
}

#[derive(Schema)]
enum Mode {
    /// It is no block.
    Native,
}

#[derive(Schema)]
struct Spec {
    #[schema(flatten)]
    mode: Mode,
}

fn main() {
    Deployment::block();
}
