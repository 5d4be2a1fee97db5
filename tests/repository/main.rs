//! The example repository `config/gitops/repository`: it is rendered by kubectl's own Kustomize,
//! applied in the order of its waves to a cluster for each account, and what it tells Argo CD and
//! Flux is checked against their CRDs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod accounts;
mod readme;
mod render;
mod sources;
mod sync;

/// The controller under test.
const BIN: &str = env!("CARGO_BIN_EXE_rolewright");
