//! Time that a test owns: a wall clock over tokio's paused time, and jitter from a seed.
//!
//! With paused time the runtime jumps to the next timer as soon as nothing else can run. So an hour
//! of back-off costs microseconds, and every timer in between fires in its turn and at its own
//! moment.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::ports::Clock;

/// 2026-01-01T00:00:00Z: when every simulation begins.
pub const BASE: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Wall clock of a simulation. Clones show the same time and draw from the same jitter.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    start: Instant,
    /// Shared: who sets a clock sets it for all that look at it.
    skew: Arc<Mutex<SignedDuration>>,
    jitter: Option<Arc<Mutex<fastrand::Rng>>>,
}

impl VirtualClock {
    /// Starts at [`BASE`] with constant jitter 0.5. Call it inside a runtime with paused time.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// Starts at [`BASE`]; jitter follows from `seed`, and seed 0 gives constant 0.5.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let jitter = (seed != 0).then(|| Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))));
        Self { start: Instant::now(), skew: Arc::default(), jitter }
    }

    /// The same timeline, shown by a clock that is wrong by `skew`.
    #[must_use]
    pub fn skewed(&self, skew: SignedDuration) -> Self {
        Self { skew: Arc::new(Mutex::new(skew)), ..self.clone() }
    }

    /// Sets the wall clock: from now on it is wrong by `skew`. The steady one goes on.
    pub fn set(&self, skew: SignedDuration) {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = skew;
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Lets `by` pass; everything that is due meanwhile happens in its turn.
    pub async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    /// Lets time pass until this clock shows `at`; returns at once when that is over.
    pub async fn advance_to(&self, at: Timestamp) {
        if let Ok(wait) = Duration::try_from(at.duration_since(self.now())) {
            self.advance(wait).await;
        }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let skew = *self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        // An error is for calendar units only, and there are none.
        self.steady().saturating_add(skew).unwrap_or(Timestamp::MAX)
    }

    fn steady(&self) -> Timestamp {
        BASE.saturating_add(self.elapsed()).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn jitter(&self) -> f64 {
        match &self.jitter {
            None => 0.5,
            Some(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_begins_at_the_base_and_passes_only_when_told() {
        let clock = VirtualClock::new();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:30Z");
        let goal = "2026-02-01T00:00:00Z".parse().unwrap();
        clock.advance_to(goal).await;
        assert_eq!(clock.now(), goal);
        clock.advance_to(BASE).await;
        assert_eq!(clock.now(), goal);
    }

    #[tokio::test(start_paused = true)]
    async fn timers_on_the_way_fire_at_their_own_moment() {
        let clock = VirtualClock::new();
        let inner = clock.clone();
        let task = tokio::spawn(async move {
            inner.sleep(Duration::from_secs(5)).await;
            inner.now()
        });
        clock.advance(Duration::from_mins(1)).await;
        assert_eq!(task.await.unwrap().to_string(), "2026-01-01T00:00:05Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_skewed_clock_shows_another_time_on_the_same_timeline() {
        let clock = VirtualClock::new();
        let wrong = clock.skewed(SignedDuration::from_hours(-1));
        clock.advance(Duration::from_mins(1)).await;
        assert_eq!(wrong.now().to_string(), "2025-12-31T23:01:00Z");
        assert_eq!(wrong.steady().to_string(), "2026-01-01T00:01:00Z");
        wrong.clone().set(SignedDuration::from_hours(2));
        assert_eq!(wrong.now().to_string(), "2026-01-01T02:01:00Z");
        assert_eq!(wrong.steady().to_string(), "2026-01-01T00:01:00Z");
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_is_constant_without_a_seed_and_repeats_with_one() {
        let draw = |seed| {
            let clock = VirtualClock::seeded(seed);
            [clock.jitter(), clock.clone().jitter(), clock.jitter()].map(f64::to_bits)
        };
        assert_eq!(draw(0), [0.5f64.to_bits(); 3]);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
