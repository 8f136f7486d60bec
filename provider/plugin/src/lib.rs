//! Terraform plugin protocol 5.
