//! The Helm chart `charts/rolewright`: its sources are those of the repository, every value does
//! something, wrong values are refused with words that help, and what it renders works on a real
//! API server with no more rights than it needs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod admission;
mod arguments;
mod check;
mod helm;
mod install;
mod peers;
mod readme;
mod refused;
mod render;
mod rights;
mod sources;
mod values;

/// The controller under test.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");
