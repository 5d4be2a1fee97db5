//! The pure core: data in, data out; no clock, no randomness, no I/O, no `async`.

pub mod annotate;
pub mod applied;
pub mod audit;
pub mod backoff;
pub mod desired;
pub mod diff;
pub mod failure;
pub mod fingerprint;
pub mod identity;
pub mod interim;
pub mod lease;
pub mod lifetime;
pub mod limits;
pub mod notice;
pub mod observed;
pub mod order;
pub mod outcome;
pub mod ownership;
pub mod principals;
pub mod problems;
pub mod settle;
pub mod step;
pub mod trust;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod order_laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod texts;
