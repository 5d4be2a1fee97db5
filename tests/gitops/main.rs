//! What delivery tools such as Argo CD and Flux do to resources, on a real API server with the
//! built controller.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod actions;
mod apply;
mod health;
mod manifests;
mod many;
mod namespace;
mod prune;
mod recorded;
mod states;
mod verdict;
