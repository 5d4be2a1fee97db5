//! What a role should be and what AWS has, in one form.

pub mod desired;
pub mod fingerprint;
pub mod observed;
pub mod settle;
pub mod trust;
