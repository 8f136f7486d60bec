//! The json form.
