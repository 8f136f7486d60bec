//! The msgpack form.
