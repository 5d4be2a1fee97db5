//! What the passes, the sweeps and the engine share.

use crate::accounts::{Access, Accounts};
use crate::plan::scope::resolve::Sources;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};

use crate::{
    controller::{
        ledger::Ledger,
        memory::{Memory, index::Entry, queue::Queue},
    },
    election::leadership::Leadership,
    metrics::Metrics,
    plan::{decide::clocks::Clocks, scope::config::Windows},
    ports::{Clock, IamRead},
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
    /// What is wrong with the clocks, in words; empty when nothing is.
    pub clocks: String,
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
    /// When this process began to work, by the steady clock.
    pub begun: Timestamp,
    /// What resources may ask for.
    pub sources: Sources,
    /// How long reads are not believed.
    pub windows: Windows,
    /// Namespaces that are watched; empty for all.
    pub namespaces: Vec<String>,
    /// From the end of a sweep to the next.
    pub sweep_interval: Duration,
    /// Roles that one namespace may have.
    pub max_roles: Option<usize>,
    /// How long a removal waits for others to show.
    pub wave: Duration,
    /// Whether we may write.
    pub leadership: Leadership,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the brakes keep on the Lease; held while that is read and written.
    pub(super) ledger: tokio::sync::Mutex<Ledger>,
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

impl<I: IamRead, C, K: Clock> Shared<I, C, K> {
    /// What our own clock and that of AWS show now.
    pub fn clocks(&self, access: &Access<I>) -> Clocks {
        Clocks { local: self.clock.now(), aws: access.iam.time() }
    }

    /// Whether the lifetime of a resource is over.
    pub(super) fn is_over(&self, entry: &Entry) -> bool {
        let Some(end) = entry.deadline else { return false };
        self.accounts.get(entry.role.account).is_some_and(|access| self.clocks(access).passed(end))
    }

    /// Which accounts have another time than we, in words; empty when none has.
    pub fn clock_trouble(&self) -> String {
        let apart = self.accounts.iter().filter_map(|access| {
            let clocks = self.clocks(access);
            let ahead = clocks.ahead().filter(|_| clocks.apart())?.as_secs();
            let (by, way) = (ahead.unsigned_abs(), if ahead > 0 { "ahead of" } else { "behind" });
            Some(format!("{by} s {way} that of AWS account {}", access.id()))
        });
        let apart: Vec<String> = apart.collect();
        if apart.is_empty() {
            return String::new();
        }
        format!(
            "the clock of this controller is {}: no lifetime ends until they agree",
            apart.join(" and ")
        )
    }
}
