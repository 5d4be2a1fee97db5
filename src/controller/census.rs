//! All resources at the moment of a scrape, counted from the index.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use crate::{
    api::condition::READY,
    controller::{
        memory::{Memory, queue::Queue},
        shared::Shared,
    },
    metrics::{Census, Named},
    ports::{Clock, IamRead},
};

fn census(
    memory: &Memory,
    queue: &Queue,
    now: Timestamp,
    steady: Timestamp,
    names: bool,
) -> Census {
    let oldest = queue.next_at().map_or(0, |at| steady.duration_since(at).as_secs().max(0));
    let mut census = Census { waiting: queue.waiting(steady), oldest, ..Census::default() };
    for key in memory.index.keys().filter(|_| names) {
        let Some(entry) = memory.index.get(key) else { continue };
        let ready = |(condition, status, _)| condition == READY && status == "True";
        census.named.push(Named {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            ready: entry.conditions.states().any(ready),
            end: entry.deadline.map(Timestamp::as_second),
        });
    }
    for entry in memory.index.entries() {
        census.deleting += usize::from(entry.is_deleting());
        for counted in entry.conditions.states() {
            *census.conditions.entry(counted).or_default() += 1;
        }
        // Also where the role stays past its end: paused, refused, only observed.
        let end = entry.deadline.filter(|_| entry.expected);
        census.ends.extend(end.map(|end| end.duration_since(now).as_secs()));
    }
    census
}

/// Lets scrapes count, as long as the engine is at work.
pub(super) fn offer<I, C, K>(shared: &Arc<Shared<I, C, K>>)
where
    I: IamRead,
    C: Send + Sync + 'static,
    K: Clock,
{
    let engine = Arc::downgrade(shared);
    shared.metrics.ask(Box::new(move || {
        let shared = engine.upgrade()?;
        let memory = shared.memory();
        let queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, steady) = (shared.clock.now(), shared.clock.steady());
        let names = shared.metrics.names_resources();
        let mut census = census(&memory, &queue, now, steady, names);
        for account in shared.accounts.iter() {
            let id = account.id().to_string();
            let blind = account.sweeping().blind(steady, shared.sweep_interval);
            let ahead = shared.clocks(account).ahead();
            census.ahead.extend(ahead.map(|ahead| (id.clone(), ahead.as_secs())));
            census.blind.insert(id, blind);
        }
        Some(census)
    }));
}
