//! All resources at the moment of a scrape, counted from the index.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use crate::{
    controller::{
        memory::{Memory, queue::Queue},
        shared::Shared,
    },
    metrics::Census,
    ports::Clock,
};

fn census(memory: &Memory, queue: &Queue, now: Timestamp) -> Census {
    let mut census = Census { waiting: queue.waiting(now), ..Census::default() };
    for entry in memory.index.entries() {
        for counted in entry.conditions.states() {
            *census.conditions.entry(counted).or_default() += 1;
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
        let now = shared.clock.now();
        let mut census = census(&memory, &queue, now);
        let blind = shared.accounts.iter().map(|account| {
            let blind = account.sweeping().blind(now, shared.sweep_interval);
            (account.id().to_string(), blind)
        });
        census.blind.extend(blind);
        Some(census)
    }));
}
