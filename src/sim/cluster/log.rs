//! What the fake of the API server remembers of the calls that came through its ports.

use jiff::Timestamp;

use crate::{
    api::ResourceKey,
    plan::{failure::ClusterError, say::notice::Notice},
    sim::faults::Outcome,
};

/// One call that came through the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterCall {
    /// Number of the call since the beginning, from 1, reads included.
    pub n: u64,
    /// When it was processed.
    pub at: Timestamp,
    /// Method of the port.
    pub action: &'static str,
    /// True for a call that changes something.
    pub write: bool,
    /// The object; its namespace is empty when it is in none.
    pub key: ResourceKey,
    /// How it ended.
    pub outcome: Outcome<ClusterError>,
}

/// Writes that came through the port, whatever came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Calls of `add_finalizer`.
    pub add_finalizer: u64,
    /// Calls of `remove_finalizer`.
    pub remove_finalizer: u64,
    /// Calls of `write_status`, those that change nothing included.
    pub write_status: u64,
    /// Calls of `annotate`.
    pub annotate: u64,
    /// Calls of `notify`.
    pub notify: u64,
    /// Calls of `write_notes`.
    pub write_notes: u64,
}

impl WriteCounts {
    /// All kinds together.
    #[must_use]
    pub fn total(self) -> u64 {
        let Self { add_finalizer, remove_finalizer, write_status, annotate, notify, write_notes } =
            self;
        add_finalizer + remove_finalizer + write_status + annotate + notify + write_notes
    }
}

/// An Event that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// On which object; its namespace is empty when it is in none.
    pub key: ResourceKey,
    /// Its uid.
    pub uid: String,
    /// What was said.
    pub notice: Notice,
}
