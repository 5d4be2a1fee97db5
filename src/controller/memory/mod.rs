//! What is kept between passes: all resources, what is to be done with them, and our recent writes.

pub mod index;
pub mod queue;
pub mod standing;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{api::ResourceKey, plan::form::settle::Recent};

use self::index::Index;

/// What a crash loses. Losing it costs redundant reads and idempotent writes, never a wrong one.
#[derive(Debug, Default)]
pub struct Memory {
    /// All resources.
    pub index: Index,
    /// Our recent writes.
    pub recent: Recent,
    /// Since when an expected role is not found.
    pub absent_since: HashMap<ResourceKey, Timestamp>,
}
