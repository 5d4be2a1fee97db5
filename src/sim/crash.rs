//! A controller that stops in the middle: everything it still asks stays without an answer, as if
//! its process were gone.

use std::{
    future::pending,
    sync::{Arc, Mutex, PoisonError},
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
struct Stop {
    at: u64,
    after: bool,
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
        count.stop = Some(Stop { at: count.writes.saturating_add(n), after });
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
        count.stop.take_if(|stop| stop.at == now).map(|stop| stop.after)
    }
}

impl Default for Crash {
    fn default() -> Self {
        Self::new()
    }
}
