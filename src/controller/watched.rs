//! What the watch tells, each resource with what its spec asks for. A spec is a tenant's text: it
//! is compiled beside the engine's loop, so that none keeps the loop from the others.

use std::{panic::resume_unwind, sync::Arc};

use futures::{Stream, StreamExt};
use tokio::task::spawn_blocking;

use crate::{
    api::{kinds::iam_role::IamRole, object::WatchEvent},
    controller::{memory::compiled::Compiled, shared::Shared},
    plan::scope::resolve::resolve,
    ports::{Clock, Cluster, IamWrite},
};

/// Specs that are compiled at the same time.
const AT_ONCE: usize = 4;

/// All events in their order.
pub fn events<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Arc<Shared<I, C, K>>,
) -> impl Stream<Item = (WatchEvent<IamRole>, Option<Compiled>)> + Send + use<I, C, K> {
    let compile = {
        let shared = Arc::clone(shared);
        let digester = shared.memory().index.digester();
        move |event: &WatchEvent<IamRole>| match event {
            WatchEvent::Applied(resource) => {
                let digests = digester.of(resource);
                let known = shared.memory().index.known(resource, digests);
                Some(known.unwrap_or_else(|| {
                    Compiled::anew(resource, resolve(resource, &shared.sources), digests)
                }))
            }
            _ => None,
        }
    };
    beside(shared.cluster.watch().boxed(), compile)
}

/// Each item with what `work` makes of it on another thread: a few at a time, and in their order.
fn beside<T: Send + 'static, W: Send + 'static>(
    items: impl Stream<Item = T> + Send,
    work: impl Fn(&T) -> W + Send + Sync + 'static,
) -> impl Stream<Item = (T, W)> + Send {
    let work = Arc::new(work);
    items
        .map(move |item| {
            let work = Arc::clone(&work);
            spawn_blocking(move || {
                let made = work(&item);
                (item, made)
            })
        })
        .buffered(AT_ONCE)
        .filter_map(|done| {
            std::future::ready(match done {
                Ok(made) => Some(made),
                // An event that is lost would leave a resource unseen.
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                // The runtime shuts down.
                Err(_) => None,
            })
        })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn work_is_done_on_other_threads_a_few_at_a_time_and_comes_in_order() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
        let made = beside(stream::iter(0..40_u64), move |item| {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The first ones take longest.
            thread::sleep(Duration::from_millis(8_u64.saturating_sub(*item)));
            now.fetch_sub(1, Ordering::SeqCst);
            thread::current().id()
        });
        let made: Vec<(u64, thread::ThreadId)> = made.collect().await;
        assert!(made.iter().map(|(item, _)| *item).eq(0..40));
        assert!(made.iter().all(|(_, on)| *on != thread::current().id()));
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
    }

    #[tokio::test]
    #[should_panic(expected = "the third")]
    async fn no_item_is_lost_without_a_word() {
        let made = beside(stream::iter(1..5), |item| assert_ne!(*item, 3, "the third"));
        made.collect::<Vec<_>>().await;
    }
}
