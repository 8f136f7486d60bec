//! What the compiler says about mistakes in a model. `TRYBUILD=overwrite` writes the `.stderr` files anew.

#[test]
fn mistakes_are_said_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
