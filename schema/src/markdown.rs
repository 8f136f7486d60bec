//! The markdown form.
