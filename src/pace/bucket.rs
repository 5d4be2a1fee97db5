//! How many calls may go. IAM publishes no rates and shares its buckets with consoles and other
//! tools: so the pace begins at a fifth of the ceiling, halves when AWS throttles and grows back
//! slowly.

use std::time::Duration;

use tokio::time::Instant;

/// Share of the ceiling to begin with, and the floor after throttling.
const BEGIN: f64 = 0.2;
const FLOOR: f64 = 0.02;
/// Growth per second without throttling: a share of the ceiling.
const GROWTH: f64 = 0.01;
/// Seconds' worth of the ceiling that may go at once: a role is made of a few calls, and they
/// should not wait.
const BURST: f64 = 0.5;
/// What rounding may cost of a token.
const ROUNDING: f64 = 1e-9;

/// One token bucket with a rate that adapts. Time is handed in; nothing here sleeps.
#[derive(Debug)]
pub struct Pace {
    ceiling: f64,
    rate: f64,
    tokens: f64,
    last: Instant,
}

impl Pace {
    /// `ceiling` in calls per second; zero lifts it.
    #[must_use]
    pub fn new(ceiling: f64, now: Instant) -> Self {
        Self { ceiling, rate: ceiling * BEGIN, tokens: (ceiling * BURST).max(1.0), last: now }
    }

    /// Takes one call's worth.
    ///
    /// # Errors
    /// How long until there may be one; nothing is taken.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.ceiling <= 0.0 {
            return Ok(());
        }
        let passed = now.saturating_duration_since(self.last).as_secs_f64();
        self.last = self.last.max(now);
        self.rate = (self.rate + passed * self.ceiling * GROWTH).min(self.ceiling);
        self.tokens = (self.tokens + passed * self.rate).min((self.ceiling * BURST).max(1.0));
        let missing = 1.0 - self.tokens;
        if missing <= ROUNDING {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(missing / self.rate).max(Duration::from_nanos(1)))
    }

    /// AWS throttled a call.
    pub fn throttled(&mut self) {
        self.rate = (self.rate / 2.0).max(self.ceiling * FLOOR);
        self.tokens = self.tokens.min(0.0);
    }

    /// Calls per second now.
    #[cfg(test)]
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls made within `seconds` when each caller goes at once when told to.
    fn count(pace: &mut Pace, begin: Instant, seconds: u64) -> u32 {
        let end = begin + Duration::from_secs(seconds);
        let (mut now, mut calls) = (begin, 0);
        while now < end {
            while let Err(wait) = pace.take(now) {
                now += wait;
            }
            calls += 1;
        }
        calls
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_begins_at_a_fifth_halves_when_throttled_and_grows_back_slowly() {
        let begin = Instant::now();
        let mut pace = Pace::new(20.0, begin);
        // Ten at once, then 4/s that grow by 0.2/s each second: 10 + 4·10 + 0.2·10²/2 = 60.
        assert_eq!(count(&mut pace, begin, 10), 61);
        let before = pace.rate();
        pace.throttled();
        assert!((pace.rate() - before / 2.0).abs() < 1e-9);
        let later = begin + Duration::from_secs(10);
        assert!(count(&mut pace, later, 10) < 45, "half of 6/s, growing");
        let full = count(&mut pace, later + Duration::from_secs(10 + 300), 60);
        assert!(
            (10 + 20 * 60..=10 + 20 * 60 + 2).contains(&full),
            "the ceiling of 20/s: {full} calls in a minute"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn zero_lifts_the_ceiling() {
        let mut pace = Pace::new(0.0, Instant::now());
        assert!((0..10_000).all(|_| pace.take(Instant::now()).is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_role_does_not_wait() {
        let mut pace = Pace::new(20.0, Instant::now());
        assert!((0..4).all(|_| pace.take(Instant::now()).is_ok()));
    }
}
