//! The command line once more. `tests/image/main.rs` links it statically from the objects that the
//! other tests use, so that no dependency is built twice.

include!("../../src/main.rs");
