//! What the passes, the sweeps and the engine share.

use crate::accounts::Accounts;
use crate::plan::scope::resolve::Sources;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    controller::memory::{Memory, queue::Queue},
    election::leadership::Leadership,
    metrics::Metrics,
    plan::scope::config::Windows,
};

/// How the engine is doing, for readiness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The watch has delivered the whole list.
    pub synced: bool,
    /// What is wrong now, in words; empty when nothing is.
    pub trouble: String,
    /// From when on that is too long for drift to count as seen.
    pub blind_from: Option<Instant>,
    /// What keeps the watch from telling everything, in words; empty when nothing does.
    pub watch: String,
}

/// What all passes share.
pub struct Shared<I, C, K> {
    /// AWS.
    pub accounts: Accounts<I>,
    /// The API server.
    pub cluster: C,
    /// Time.
    pub clock: K,
    /// What resources may ask for.
    pub sources: Sources,
    /// How long reads are not believed.
    pub windows: Windows,
    /// Namespaces that are watched; empty for all.
    pub namespaces: Vec<String>,
    /// From the end of a sweep to the next.
    pub sweep_interval: Duration,
    /// Whether we may write.
    pub leadership: Leadership,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    pub(super) memory: Mutex<Memory>,
    pub(super) queue: Mutex<Queue>,
    pub(super) stop: watch::Receiver<bool>,
}

impl<I, C, K> Shared<I, C, K> {
    /// The memory; held for moments only, never across an `await`.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done; whoever holds both took the memory first.
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once no new step may begin.
    pub fn stopping(&self) -> bool {
        *self.stop.borrow() || !self.leadership.holds()
    }
}
