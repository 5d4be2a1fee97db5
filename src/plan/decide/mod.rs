//! Decisions about a role and its resource: data in, data out.

pub mod annotate;
pub mod brakes;
pub mod clocks;
pub mod contest;
pub mod gate;
pub mod lifetime;
pub mod ownership;
pub mod room;
pub mod situation;
