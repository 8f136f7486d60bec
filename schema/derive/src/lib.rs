//! `#[derive(Schema)]`.

/// In the making.
#[proc_macro_derive(Schema, attributes(schema))]
pub fn schema(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    proc_macro::TokenStream::new()
}
