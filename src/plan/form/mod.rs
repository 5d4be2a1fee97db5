//! What a role should be and what AWS has, in one form.

pub mod desired;
pub mod fingerprint;
#[expect(clippy::module_inception, reason = "the form itself, among what is about it")]
pub mod form;
pub mod held;
pub mod inline;
pub mod last_applied;
pub mod lenient;
pub mod literal;
pub mod observed;
pub mod pages;
pub mod settle;
pub mod trust;
