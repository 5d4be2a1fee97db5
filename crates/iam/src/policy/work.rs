//! Counted work: what a question about documents may cost before it is left unanswered.
//!
//! A document is text of a stranger, and some short ones take long to compare. Each question counts
//! its steps, never time: the same document has the same answer on every machine, and what is too
//! costly is told at once. A step is a few nanoseconds: a character of a pattern that is matched, a
//! pair of patterns that is looked at. What costs as much as reading the document is not counted.

use std::cell::Cell;

/// Steps of one question: about a document, or about two. In a release build they take about five
/// milliseconds (`make bench` prints it).
pub const BUDGET: u64 = 1_000_000;

/// What one question has cost so far, and may cost. Once it is over its budget, whatever it asks is
/// answered as if it could not be proven.
#[derive(Debug)]
pub struct Work {
    budget: u64,
    done: Cell<u64>,
}

impl Work {
    /// For one question: [`BUDGET`].
    #[must_use]
    pub const fn new() -> Self {
        Self::of(BUDGET)
    }

    /// For a question that may take so many steps.
    #[must_use]
    pub const fn of(budget: u64) -> Self {
        Self { budget, done: Cell::new(0) }
    }

    /// For what costs little, whatever it is about.
    #[must_use]
    pub(super) const fn unbounded() -> Self {
        Self::of(u64::MAX)
    }

    /// Counts steps; false when there were too many, these among them.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.done.set(self.done.get().saturating_add(steps));
        !self.is_over()
    }

    /// Whether there were too many.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.done.get() > self.budget
    }

    /// The steps so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.get()
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::new()
    }
}
