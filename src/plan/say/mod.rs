//! What is said, and how soon something is tried again. Words for people are made here and nowhere
//! else.

pub mod backoff;
pub mod brakes;
pub mod conditions;
pub mod notice;
pub mod verdict;
pub mod words;
