//! How the sweeps of one account go: when the next one begins, and what is wrong.

use std::time::Duration;

use jiff::Timestamp;

use crate::plan::{
    failure::{IamError, IamErrorClass},
    say::backoff::{Streak, Trouble},
};

/// After as many intervals without a complete sweep nobody relies on drift being seen.
const BLIND: u32 = 3;

/// State of the sweeps of one account.
#[derive(Debug, Default)]
pub struct Sweeping {
    /// `None` before the list of resources is complete, and while a sweep runs.
    next: Option<Timestamp>,
    streak: Streak,
    /// The end of the last complete one, or when the first could begin.
    seen: Option<Timestamp>,
    complete: bool,
    trouble: String,
    denied: Option<IamError>,
}

impl Sweeping {
    /// The list of resources is complete: sweeps may begin.
    pub fn may_begin(&mut self, now: Timestamp) {
        self.next = Some(now);
        self.seen.get_or_insert(now);
    }

    /// From when on drift counts as unseen: sweeps fail, and none has been complete for three
    /// intervals then. `None` while they go well.
    #[must_use]
    pub fn blind_from(&self, interval: Duration) -> Option<Timestamp> {
        let seen = self.seen.filter(|_| !self.trouble.is_empty())?;
        Some(seen.checked_add(interval.saturating_mul(BLIND)).unwrap_or(Timestamp::MAX))
    }

    /// Whether drift is unseen now.
    #[must_use]
    pub fn blind(&self, now: Timestamp, interval: Duration) -> bool {
        self.blind_from(interval).is_some_and(|from| from <= now)
    }

    /// When the next one begins; `None` when nobody knows yet.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Begins one that is due. False when none is.
    pub fn begin(&mut self, now: Timestamp) -> bool {
        self.next.take_if(|at| *at <= now).is_some()
    }

    /// True when one was complete.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// What is wrong, in words; empty when nothing is.
    #[must_use]
    pub fn trouble(&self) -> &str {
        &self.trouble
    }

    /// The denial, when none ever worked.
    #[must_use]
    pub fn denied(&self) -> Option<&IamError> {
        self.denied.as_ref()
    }

    /// One has ended. The next one comes after `interval`, or after a back-off when it failed.
    pub fn ended(
        &mut self,
        result: &Result<usize, IamError>,
        now: Timestamp,
        interval: Duration,
        jitter: f64,
    ) {
        let wait = match result {
            Ok(_) => {
                self.seen = Some(now);
                self.complete = true;
                self.denied = None;
                self.trouble.clear();
                self.streak.reset();
                interval
            }
            Err(error) => {
                let never = error.class == IamErrorClass::AccessDenied && !self.complete;
                self.denied = never.then(|| error.clone());
                self.trouble = error.to_string();
                self.streak.failed(Trouble::Iam(error.class), jitter)
            }
        };
        self.after(now, wait);
    }

    /// One panicked, as on a document that nobody foresaw. The next one comes all the same.
    pub fn broke(&mut self, now: Timestamp, interval: Duration) {
        self.trouble = "the sweep failed; the log says how".into();
        self.after(now, interval);
    }

    fn after(&mut self, now: Timestamp, wait: Duration) {
        self.next = Some(now.checked_add(wait).unwrap_or(Timestamp::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn drift_is_unseen_when_sweeps_have_failed_for_three_intervals_and_seen_with_the_next_one() {
        let minute = Duration::from_mins(1);
        let message = "no".into();
        let class = IamErrorClass::Throttled;
        let failed = Err(IamError { action: "ListRoles", class, message, request_id: None });
        let mut sweeping = Sweeping::default();
        assert!(!sweeping.blind(at(1_000), minute), "nothing has begun");
        sweeping.may_begin(at(0));
        assert!(!sweeping.blind(at(1_000), minute), "a long sweep is no failed one");
        sweeping.ended(&failed, at(60), minute, 0.0);
        assert_eq!(
            (sweeping.blind(at(179), minute), sweeping.blind(at(180), minute)),
            (false, true)
        );
        sweeping.ended(&Ok(3), at(300), minute, 0.0);
        assert!(!sweeping.blind(at(10_000), minute));
        sweeping.broke(at(400), minute);
        sweeping.ended(&failed, at(460), minute, 0.0);
        assert_eq!(
            (sweeping.blind(at(479), minute), sweeping.blind(at(480), minute)),
            (false, true)
        );
    }
}
