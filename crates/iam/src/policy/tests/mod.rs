//! The numbered rules, the laws, and hostile text.

pub(super) mod fuzz;
pub(super) mod laws;
pub(super) mod rules;
