//! What is kept between passes: all resources, and what is to be done with them.

pub mod compiled;
pub mod conditions;
pub mod index;
pub mod queue;
pub mod unclaimed;

use std::collections::HashMap;

use iam::account::AccountId;
use jiff::Timestamp;

use crate::api::ResourceKey;

use self::{index::Index, unclaimed::Unclaimed};

/// What a crash loses. Losing it costs redundant reads and idempotent writes, never a wrong one.
#[derive(Debug, Default)]
pub struct Memory {
    /// All resources.
    pub index: Index,
    /// The highest version that the watch has told.
    pub newest: u64,
    /// Since when a role is not found that is expected, or one that is to go is not ours.
    pub absent_since: HashMap<ResourceKey, Timestamp>,
    /// Owned roles without a resource, of each account.
    pub unclaimed: HashMap<AccountId, Unclaimed>,
}
