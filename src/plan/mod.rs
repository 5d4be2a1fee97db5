//! The pure core: data in, data out; no clock, no randomness, no I/O, no `async`.
//!
//! ```text
//! scope    which role a resource stands for, and what it may ask for
//! form     what a role should be, what AWS has, and the digest that ends most comparisons
//! steps    the plan: what turns the one into the other, in order, as data that prints itself
//! decide   whose role it is, when it ends
//! say      words for people: conditions, Events, and how soon to try again
//! ```

pub mod decide;
pub mod failure;
pub mod form;
pub mod lease;
pub mod say;
pub mod scope;
pub mod steps;
#[cfg(test)]
pub(crate) mod tests;
