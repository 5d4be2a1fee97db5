//! The system's clocks behind [`crate::ports::Clock`].

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::ports::Clock;

/// When the steady clock began, by both.
static BEGUN: LazyLock<(Instant, Timestamp)> = LazyLock::new(|| (Instant::now(), Timestamp::now()));

/// Wall clock, the monotonic clock, and tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Timestamp {
        let (begun, wall) = *BEGUN;
        wall.checked_add(begun.elapsed()).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        // In slices: a timer stands still while a machine sleeps, and the wall clock may be set;
        // deadlines do neither.
        tokio::time::sleep(duration.min(Duration::from_mins(1))).await;
    }

    fn jitter(&self) -> f64 {
        fastrand::f64()
    }
}
