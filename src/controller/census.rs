//! All resources at the moment of a scrape, counted from the index.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use crate::{
    api::{RoleStatus, condition, reason},
    controller::{Memory, Shared, queue::Queue},
    metrics::Census,
    ports::Clock,
};

/// The conditions of one resource, as its status has them. Small: the index keeps one for each
/// resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All conditions are said for one reason; empty before the first report.
    reason: &'static str,
    ready: State,
    synced: State,
    reconciling: bool,
    stalled: bool,
    expired: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unknown,
    True,
    False,
}

impl State {
    fn of(status: &RoleStatus, type_: &str) -> Self {
        match status
            .conditions
            .iter()
            .find(|condition| condition.type_ == type_)
            .map(|found| found.status.as_str())
        {
            Some("True") => Self::True,
            Some("False") => Self::False,
            _ => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::True => "True",
            Self::False => "False",
        }
    }
}

impl Standing {
    /// As the status says.
    #[must_use]
    pub fn of(status: &RoleStatus) -> Self {
        let is_true = |type_| State::of(status, type_) == State::True;
        Self {
            reason: status
                .conditions
                .first()
                .map(|ready| reason::constant(&ready.reason))
                .unwrap_or_default(),
            ready: State::of(status, condition::READY),
            synced: State::of(status, condition::SYNCED),
            reconciling: is_true(condition::RECONCILING),
            stalled: is_true(condition::STALLED),
            expired: is_true(condition::EXPIRED),
        }
    }

    /// Type and status of the conditions that are there.
    fn conditions(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let present = |type_, there: bool| there.then_some((type_, State::True.name()));
        [
            Some((condition::READY, self.ready.name())),
            Some((condition::SYNCED, self.synced.name())),
            present(condition::RECONCILING, self.reconciling),
            present(condition::STALLED, self.stalled),
            present(condition::EXPIRED, self.expired),
        ]
        .into_iter()
        .flatten()
    }
}

fn census(memory: &Memory, queue: &Queue, now: Timestamp) -> Census {
    let mut census = Census { waiting: queue.waiting(now), ..Census::default() };
    for entry in memory.index.entries() {
        for (type_, status) in entry.standing.conditions() {
            *census.conditions.entry((type_, status, entry.standing.reason)).or_default() += 1;
        }
        // Of a role that is only observed the end is told and nothing is removed.
        let end = entry.deadline.filter(|_| entry.expected && !entry.observe);
        census.ends.extend(end.map(|end| end.duration_since(now).as_secs()));
    }
    census
}

/// Lets scrapes count, as long as the engine is at work.
pub(super) fn offer<I, C, K>(shared: &Arc<Shared<I, C, K>>)
where
    I: Send + Sync + 'static,
    C: Send + Sync + 'static,
    K: Clock,
{
    let engine = Arc::downgrade(shared);
    shared.metrics.ask(Box::new(move || {
        let shared = engine.upgrade()?;
        let memory = shared.memory();
        let queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        Some(census(&memory, &queue, shared.clock.now()))
    }));
}
