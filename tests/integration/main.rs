//! What only a running system can show: a real API server, an AWS stand-in and the built controller.

#[path = "../harness/mod.rs"]
mod harness;

mod main_job;
mod parts;
mod world;

/// The controller under test.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");
