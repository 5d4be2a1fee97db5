//! The numbered rules, the laws, and hostile text.

pub(super) mod fuzz;
mod hostile;
pub(super) mod laws;
pub(super) mod rules;
pub(super) mod work;
