//! Laws and tables of the whole layer.

mod findings;
mod laws;
mod order_laws;
mod refusals;
pub(super) mod samples;
mod texts;
