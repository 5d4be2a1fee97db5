//! IAM policy documents: typed form, reading, canonical form, comparison. The numbered rules (Q1,
//! Q2, …) are tests in `tests/rules.rs`.
//!
//! ```text
//!   text from AWS --decode--> text --parse--> Policy --canonical--> Canonical --> fingerprint
//!   text of a person (JSON or YAML) --read--->   |                      |
//!   Node of a resource ----------from_node--->   |                      |
//!   trust grants ----------------------------> Policy --to_json--> text to write
//!                              compare(desired Policy, observed text) -> Verdict
//! ```

pub mod canonical;
pub mod compare;
pub mod contain;
pub mod decode;
pub mod diff;
pub mod document;
mod element;
pub mod evaluate;
pub mod merge;
pub mod operator;
pub mod parse;
pub mod pattern;
mod print;
mod problems;
pub mod reasons;
pub mod sessions;
mod shape;
pub mod subjects;
#[cfg(test)]
mod tests;
pub mod value;
mod work;

pub use canonical::Canonical;
pub use compare::{Equality, between, compare};
pub use document::{
    ActionList, Conditions, Effect, Policy, PrincipalKind, PrincipalSet, Principals, ResourceList,
    Scope, Statement, Version,
};
pub use parse::{Folded, NumberRule, PolicyKind, Reading, Strictness};
pub use work::{BUDGET, Work};
