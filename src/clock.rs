//! The system's clock behind [`crate::ports::Clock`].

use std::time::Duration;

use jiff::Timestamp;

use crate::ports::Clock;

/// Wall clock and tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        // In slices: a timer counts the process's time, which stands still while a machine sleeps;
        // deadlines do not.
        tokio::time::sleep(duration.min(Duration::from_mins(1))).await;
    }

    fn jitter(&self) -> f64 {
        fastrand::f64()
    }
}
