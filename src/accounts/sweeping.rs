//! How the sweeps of one account go: when the next one begins, and what is wrong.

use std::time::Duration;

use jiff::Timestamp;

use crate::plan::{
    failure::{IamError, IamErrorClass},
    say::backoff::{Streak, Trouble},
};

/// State of the sweeps of one account.
#[derive(Debug, Default)]
pub struct Sweeping {
    /// `None` before the list of resources is complete, and while a sweep runs.
    next: Option<Timestamp>,
    streak: Streak,
    complete: bool,
    trouble: String,
    denied: Option<IamError>,
}

impl Sweeping {
    /// The list of resources is complete: sweeps may begin.
    pub fn may_begin(&mut self, now: Timestamp) {
        self.next = Some(now);
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
