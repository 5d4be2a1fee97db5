//! What is kept between passes: all resources, and what is to be done with them.

pub mod conditions;
pub mod index;
pub mod queue;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::api::ResourceKey;

use self::index::Index;

/// What a crash loses. Losing it costs redundant reads and idempotent writes, never a wrong one.
#[derive(Debug, Default)]
pub struct Memory {
    /// All resources.
    pub index: Index,
    /// The highest version that the watch has told.
    pub newest: u64,
    /// Since when a role is not found that is expected, or one that is to go is not ours.
    pub absent_since: HashMap<ResourceKey, Timestamp>,
}
