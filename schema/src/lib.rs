//! What Terraform sees of a provider: types, values and their encodings, schemas, planning.
