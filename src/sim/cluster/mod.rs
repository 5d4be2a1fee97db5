//! A strict fake of the API server for objects of every kind, behind the ports that the driver
//! uses.
//!
//! It keeps uid, generation and resource version as the API server does, refuses what the schema's
//! rules about pinned names of roles refuse, and counts every write, also one that changes nothing:
//! at rest there must be none.

mod accounts;
mod edit;
mod log;
mod rules;
mod state;
#[cfg(test)]
mod tests;

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{Stream, stream};
use jiff::Timestamp;

pub use self::log::{ClusterCall, Published, WriteCounts};
use self::state::{Id, State};
use crate::{
    api::{
        ResourceKey,
        kind::{KeyOf, Kind},
        object::{Cursor, Object, OutlinePage, WatchEvent},
        resource::{AccountEvent, ServiceAccount},
    },
    plan::{failure::ClusterError, lease::Notes, say::notice::Notice},
    ports::{Clock, Events, LeaseNotes, Objects, ServiceAccounts},
    sim::{
        clock::VirtualClock,
        crash::Crash,
        faults::{Fault, Outcome, Rule, carry_out},
    },
};

/// The fake of one cluster. Clones are the same cluster and the same client.
#[derive(Clone, Debug)]
pub struct FakeCluster {
    state: Arc<Mutex<State>>,
    clock: VirtualClock,
    crash: Crash,
}

impl FakeCluster {
    /// An empty cluster.
    #[must_use]
    pub fn new(clock: VirtualClock, crash: Crash) -> Self {
        Self { state: Arc::new(Mutex::new(State::new())), clock, crash }
    }

    /// The same cluster for another process, which crashes on its own.
    #[must_use]
    pub fn client(&self, crash: Crash) -> Self {
        Self { crash, ..self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Crashes the controller at its `n`th write to the API server from now, 1 being the next;
    /// Events count.
    pub fn stop_at_write(&self, n: u64, after: bool) {
        self.fault(Rule::new(Fault::Stop { after }).writes().nth(n));
    }

    /// Completes when the controller has crashed.
    pub async fn crashed(&self) {
        self.crash.crashed().await;
    }

    async fn call<T: Send>(
        &self,
        action: &'static str,
        id: &Id,
        apply: impl FnOnce(&mut State, Timestamp) -> Result<T, ClusterError> + Send,
    ) -> Result<T, ClusterError> {
        self.crash.alive().await;
        tokio::task::yield_now().await; // as a call over the network would
        self.crash.alive().await;
        let write = writes(action);
        let mut fault = self.lock().schedule.next(action, Some(&id.to_string()), write);
        if write && let Some(after) = self.crash.count_write() {
            fault = Some(Fault::Stop { after });
        }
        carry_out(&self.crash, fault, |planned| self.finish(action, id, planned, apply)).await
    }

    fn finish<T>(
        &self,
        action: &'static str,
        id: &Id,
        planned: Outcome<ClusterError>,
        apply: impl FnOnce(&mut State, Timestamp) -> Result<T, ClusterError>,
    ) -> Result<T, ClusterError> {
        let mut state = self.lock();
        let at = self.clock.now();
        let applied = if state.unavailable || !planned.processed() {
            Err(ClusterError::Unavailable("the API server does not answer".to_owned()))
        } else {
            apply(&mut state, at)
        };
        let (answer, outcome) = match planned {
            Outcome::Done => {
                let outcome = applied
                    .as_ref()
                    .map_or_else(|error| Outcome::Failed(error.clone()), |_| Outcome::Done);
                (applied, outcome)
            }
            Outcome::Failed(ref error) | Outcome::AnswerLost(ref error) => {
                (Err(error.clone()), planned)
            }
            Outcome::Stopped { .. } | Outcome::Panicked => (applied, planned),
        };
        state.calls += 1;
        state.writes += u64::from(writes(action));
        state.count(action);
        let call = ClusterCall {
            n: state.calls,
            at,
            action,
            write: writes(action),
            key: id.key.clone(),
            outcome,
        };
        state.log.push(call);
        answer
    }
}

fn writes(action: &str) -> bool {
    !["get", "revision", "outlines", "service_account", "notes"].contains(&action)
}

impl<K: Kind> Objects<K> for FakeCluster {
    fn watch(&self) -> impl Stream<Item = WatchEvent<K>> + Send + 'static {
        let receiver = self.lock().watch(&K::row().name());
        stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|event| (event.event(), receiver))
        })
    }

    async fn revision(&self) -> Result<u64, ClusterError> {
        self.call("revision", &kind::<K>(), |state, _| Ok(state.version)).await
    }

    async fn outlines(&self, from: Option<Cursor>) -> Result<OutlinePage<K>, ClusterError> {
        // The token is the number of objects before the page. Two pages are of different moments.
        let begin = from.and_then(|from| from.token).and_then(|token| token.parse().ok());
        let begin: usize = begin.unwrap_or_default();
        let id = kind::<K>();
        let apply = |state: &mut State, _| {
            let mut items = state.outlines::<K>(&id.kind).skip(begin);
            let page = items.by_ref().take(OUTLINES).collect();
            let token = items.next().map(|_| (begin + OUTLINES).to_string());
            let next = token.map(|token| Cursor { place: 0, token: Some(token) });
            Ok(OutlinePage { items: page, revision: state.version, next })
        };
        self.call("outlines", &id, apply).await
    }

    async fn get(&self, key: &KeyOf<K>) -> Result<Option<Object<K>>, ClusterError> {
        let id = Id::of::<K>(key);
        let found = self.call("get", &id, |state, _| Ok(state.stored(&id))).await?;
        Ok(found.map(|stored| stored.object(&id)))
    }

    async fn add_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        // As of the real one: a kind without a finalizer does not compile.
        let _ = K::finalizer();
        let id = Id::of::<K>(&object.key);
        self.call("add_finalizer", &id, |state, _| state.add_finalizer(&id, &object.uid)).await
    }

    async fn remove_finalizer(&self, object: &Object<K>) -> Result<(), ClusterError> {
        let _ = K::finalizer();
        let id = Id::of::<K>(&object.key);
        let apply = |state: &mut State, _| {
            state.remove_finalizer(&id, &object.uid);
            Ok(())
        };
        self.call("remove_finalizer", &id, apply).await
    }

    async fn write_status(
        &self,
        object: &Object<K>,
        status: &K::Status,
    ) -> Result<(), ClusterError> {
        const { assert!(K::ACCESS.status, "the status of the kind is not ours to write") };
        let id = Id::of::<K>(&object.key);
        let apply = |state: &mut State, _| state.write_status::<K>(&id, &object.uid, status);
        self.call("write_status", &id, apply).await
    }
}

impl ServiceAccounts for FakeCluster {
    fn watch_accounts(&self) -> impl Stream<Item = AccountEvent> + Send + 'static {
        let receiver = self.lock().watch_accounts();
        stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|event| (event, receiver))
        })
    }

    async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, ClusterError> {
        let id = account(namespace, name);
        self.call("service_account", &id, |state, _| Ok(state.accounts.get(&id.key).cloned())).await
    }

    async fn annotate(
        &self,
        of: &ServiceAccount,
        role_arn: Option<&str>,
    ) -> Result<(), ClusterError> {
        let id = account(&of.namespace, &of.name);
        self.call("annotate", &id, |state, _| state.annotate_account(&id.key, &of.uid, role_arn))
            .await
    }
}

impl LeaseNotes for FakeCluster {
    async fn notes(&self) -> Result<Option<Notes>, ClusterError> {
        self.call("notes", &lease(), |state, _| Ok(state.lease.clone())).await
    }

    async fn write_notes(&self, notes: &Notes) -> Result<Notes, ClusterError> {
        self.call("write_notes", &lease(), |state, _| state.write_notes(notes)).await
    }
}

impl Events for FakeCluster {
    async fn notify<K: Kind>(
        &self,
        object: &Object<K>,
        notice: &Notice,
    ) -> Result<(), ClusterError> {
        let id = Id::of::<K>(&object.key);
        let apply = |state: &mut State, at| {
            state.notices.push(Published {
                at,
                key: id.key.clone(),
                uid: object.uid.clone(),
                notice: notice.clone(),
            });
            Ok(())
        };
        self.call("notify", &id, apply).await
    }
}

/// Objects on a page of outlines.
const OUTLINES: usize = 3;

/// A call that is about all objects of a kind.
fn kind<K: Kind>() -> Id {
    let key = ResourceKey { namespace: String::new(), name: String::new() };
    Id { kind: K::row().name(), key }
}

fn lease() -> Id {
    let key = ResourceKey { namespace: "rolewright".into(), name: "rolewright-test".into() };
    Id { kind: "Lease".into(), key }
}

fn account(namespace: &str, name: &str) -> Id {
    let key = ResourceKey { namespace: namespace.into(), name: name.into() };
    Id { kind: "ServiceAccount".into(), key }
}

impl FakeCluster {
    /// Counts of the writes since they were cleared.
    #[must_use]
    pub fn counts(&self) -> WriteCounts {
        self.lock().counts
    }

    /// Writes since the beginning, Events among them, whatever came of them; clearing the log does
    /// not reset it.
    #[must_use]
    pub fn write_count(&self) -> u64 {
        self.lock().writes
    }

    /// All calls since the log was cleared.
    #[must_use]
    pub fn calls(&self) -> Vec<ClusterCall> {
        self.lock().log.clone()
    }

    /// Events since the log was cleared.
    #[must_use]
    pub fn notices(&self) -> Vec<Published> {
        self.lock().notices.clone()
    }

    /// Empties the logs of calls and Events, and sets the counts to zero.
    pub fn clear_log(&self) {
        let mut state = self.lock();
        state.counts = WriteCounts::default();
        drop((mem::take(&mut state.log), mem::take(&mut state.notices)));
    }
}
