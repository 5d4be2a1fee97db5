//! What only a running system can show: a real API server, an AWS stand-in and the built
//! controller.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod accidents;
mod annotated;
mod bad_days;
mod braces;
mod brakes;
mod built_in;
mod check;
mod command_line;
mod commands;
mod drift;
mod events;
mod finalizer;
mod form;
mod grants;
mod held;
mod hostile;
mod identity;
mod kinds;
mod krew;
mod leader;
mod main_job;
mod managed;
mod monitoring;
mod null;
mod other_account;
mod ownership;
mod parts;
mod pause;
mod pinned;
mod principals;
mod providers;
mod refused;
mod rest;
mod restore;
mod rights;
mod room;
mod second_manager;
mod sessions;
mod steps;
mod subjects;
mod tools;
mod unclaimed;

/// The controller under test.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");
