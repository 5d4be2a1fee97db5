//! Laws and tables of the whole layer.

mod costly;
mod findings;
mod fingerprints;
mod held_laws;
mod laws;
mod nulls;
mod operator;
mod order_laws;
mod placeholders;
mod refusals;
mod room_laws;
pub(crate) mod samples;
mod side_laws;
mod texts;
