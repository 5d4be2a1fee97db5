//! A controller that stops in the middle: everything it still asks stays without an answer, as if
//! its process were gone.

use std::{
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

/// One process that can crash. Shared by the fakes that it talks to, it numbers the writes of all
/// of them.
#[derive(Clone, Debug)]
pub struct Crash(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    count: Mutex<Count>,
    dead: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Count {
    writes: u64,
    stop: Option<Stop>,
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    /// At one write, before or after it.
    At(u64, bool),
    /// At all writes from one on that are in flight at the same time; of each, in the order in
    /// which they arrive, a bit says whether it is applied.
    InFlight(u64, u32),
}

impl Crash {
    /// A process in good health.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared { count: Mutex::default(), dead: watch::Sender::new(false) }))
    }

    /// Crashes the process at its `n`th write from now, 1 being the next, whichever system it goes
    /// to: before it is applied, or after it and before the answer.
    pub fn stop_at_write(&self, n: u64, after: bool) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.stop = Some(Stop::At(count.writes.saturating_add(n), after));
    }

    /// Crashes the process at its `n`th write from now and all others that are in flight with it:
    /// the first of them is applied when the lowest bit of `applied` is set, the next one when the
    /// next bit is, and so on. None is answered.
    pub fn stop_in_flight(&self, n: u64, applied: u32) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.stop = Some(Stop::InFlight(count.writes.saturating_add(n), applied));
    }

    /// Writes that the process has begun so far, refused ones included.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.0.count.lock().unwrap_or_else(PoisonError::into_inner).writes
    }

    /// Crashes the process now: no call that begins later is answered.
    pub fn crash_now(&self) {
        self.0.dead.send_replace(true);
    }

    /// True from the crash to [`restart`](Self::restart).
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        *self.0.dead.borrow()
    }

    /// Completes when the process has crashed; at once when it already has.
    pub async fn crashed(&self) {
        // An error would mean that the sender is gone, but `self` holds it.
        drop(self.0.dead.subscribe().wait_for(|dead| *dead).await);
    }

    /// Starts the process again; a stop that has not come is forgotten. Calls of before the crash
    /// stay unanswered.
    pub fn restart(&self) {
        self.0.count.lock().unwrap_or_else(PoisonError::into_inner).stop = None;
        self.0.dead.send_replace(false);
    }

    /// Never completes once the process has crashed.
    pub(super) async fn alive(&self) {
        if self.has_crashed() {
            pending::<()>().await;
        }
    }

    /// Counts one write; `Some(after)` when the process crashes at it.
    pub(super) fn count_write(&self) -> Option<bool> {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.writes = count.writes.saturating_add(1);
        let now = count.writes;
        match count.stop {
            Some(Stop::At(at, after)) if at == now => {
                count.stop = None;
                Some(after)
            }
            Some(Stop::InFlight(first, applied)) => {
                let place = u32::try_from(now.checked_sub(first)?).ok()?;
                Some(applied.checked_shr(place).unwrap_or_default() & 1 == 1)
            }
            _ => None,
        }
    }

    /// The crash at a write: at once, or when all that are in flight with it have arrived.
    pub(super) async fn crash_at_write(&self) {
        let count = || self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(count().stop, Some(Stop::InFlight(..))) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.crash_now();
    }
}

impl Default for Crash {
    fn default() -> Self {
        Self::new()
    }
}
