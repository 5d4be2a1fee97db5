//! Watch → decide → drive → report, and sweeps beside it. One task owns queue and back-off; passes
//! run as tasks of their own, so that a panic in one parks one resource.

mod annotated;
pub mod brakes;
mod census;
pub mod engine;
mod ledger;
pub mod memory;
pub mod pass;
mod providers;
pub mod shared;
pub mod sweep;
mod tally;
#[cfg(test)]
mod tests;
mod watched;
pub mod watching;
