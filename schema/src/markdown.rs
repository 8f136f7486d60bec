//! The Markdown form.
