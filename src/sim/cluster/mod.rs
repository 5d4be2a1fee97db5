//! A strict fake of the API server for `IAMRole`s, behind the port that the driver uses.
//!
//! It keeps uid, generation and resource version as the API server does, refuses what the schema's
//! rules about pinned names refuse, and counts every write, also one that changes nothing: at rest
//! there must be none.

mod accounts;
mod edit;
mod rules;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{Stream, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;

use self::rules::{applied, as_stored, pinned};
use crate::{
    api::{
        ResourceKey, RoleStatus,
        resource::{Resource, ServiceAccount, WatchEvent},
    },
    plan::{failure::ClusterError, say::notice::Notice},
    ports::{Clock, Cluster},
    sim::{
        clock::VirtualClock,
        crash::Crash,
        faults::{Fault, Outcome, Rule, Schedule, carry_out},
    },
};

/// One call that came through the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterCall {
    /// Number of the call since the beginning, from 1, reads included.
    pub n: u64,
    /// When it was processed.
    pub at: Timestamp,
    /// Method of the port.
    pub action: &'static str,
    /// True for a call that changes something.
    pub write: bool,
    /// The resource.
    pub key: ResourceKey,
    /// How it ended.
    pub outcome: Outcome<ClusterError>,
}

/// Writes that came through the port, whatever came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Calls of `add_finalizer`.
    pub add_finalizer: u64,
    /// Calls of `remove_finalizer`.
    pub remove_finalizer: u64,
    /// Calls of `write_status`, those that change nothing included.
    pub write_status: u64,
    /// Calls of `annotate`.
    pub annotate: u64,
    /// Calls of `notify`.
    pub notify: u64,
}

impl WriteCounts {
    /// All kinds together.
    #[must_use]
    pub fn total(self) -> u64 {
        let Self { add_finalizer, remove_finalizer, write_status, annotate, notify } = self;
        add_finalizer + remove_finalizer + write_status + annotate + notify
    }
}

/// An Event that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: Timestamp,
    /// On which resource.
    pub key: ResourceKey,
    /// Its uid.
    pub uid: String,
    /// What was said.
    pub notice: Notice,
}

/// The fake of one cluster. Clones are the same cluster and the same client.
#[derive(Clone, Debug)]
pub struct FakeCluster {
    state: Arc<Mutex<State>>,
    clock: VirtualClock,
    crash: Crash,
}

#[derive(Clone, Debug)]
struct Object {
    resource: Resource,
    version: u64,
    /// True while somebody else's finalizer holds it.
    held: bool,
    /// Types of the conditions that the controller applied last: its own, as `managedFields` say.
    conditions: BTreeSet<String>,
}

#[derive(Debug)]
struct State {
    objects: BTreeMap<ResourceKey, Object>,
    accounts: BTreeMap<ResourceKey, ServiceAccount>,
    version: u64,
    uids: u64,
    unavailable: bool,
    conflicts: u64,
    schedule: Schedule<ClusterError>,
    counts: WriteCounts,
    log: Vec<ClusterCall>,
    notices: Vec<Published>,
    calls: u64,
    writes: u64,
    watchers: Vec<mpsc::UnboundedSender<WatchEvent>>,
    /// Events that are held back, while the watch is silent.
    held: Option<Vec<WatchEvent>>,
}

impl State {
    /// Tells all watchers, or keeps it for later.
    fn tell(&mut self, event: &WatchEvent) {
        match &mut self.held {
            _ if self.unavailable => {} // what they miss comes with the next list
            Some(held) => held.push(event.clone()),
            None => self.watchers.retain(|watcher| watcher.send(event.clone()).is_ok()),
        }
    }

    /// What a new watch begins with.
    fn listing(&self) -> Vec<WatchEvent> {
        if self.unavailable {
            return vec![WatchEvent::Failed("the API server does not answer".to_owned())];
        }
        let objects = self
            .objects
            .values()
            .map(|object| WatchEvent::Applied(Box::new(object.resource.clone())));
        [WatchEvent::Restarted].into_iter().chain(objects).chain([WatchEvent::Synced]).collect()
    }

    /// Tells all watchers everything anew.
    fn relist(&mut self) {
        for event in self.listing() {
            self.tell(&event);
        }
    }

    /// Holds events back, or lets those held go.
    fn hold(&mut self, hold: bool) {
        if hold {
            self.held.get_or_insert_default();
        } else {
            for event in self.held.take().unwrap_or_default() {
                self.tell(&event);
            }
        }
    }

    /// Forgets events that were held back: the list that follows a failure brings the truth.
    fn drop_held(&mut self) {
        if let Some(held) = &mut self.held {
            held.clear();
        }
    }

    /// Stores an object and tells the watchers when it has changed; one that is deleted and held by
    /// nothing goes.
    fn store(&mut self, resource: Resource) {
        let old = self.objects.get(&resource.key);
        if old.is_some_and(|old| old.resource == resource) {
            return;
        }
        let held = old.is_some_and(|old| old.held);
        if resource.deleting && !resource.finalizer && !held {
            return self.erase(&resource.key);
        }
        let conditions = old.map(|old| old.conditions.clone()).unwrap_or_default();
        self.version += 1;
        let object = Object { resource: resource.clone(), version: self.version, held, conditions };
        self.objects.insert(resource.key.clone(), object);
        self.tell(&WatchEvent::Applied(Box::new(resource)));
    }

    /// Removes an object and tells the watchers.
    fn erase(&mut self, key: &ResourceKey) {
        if self.objects.remove(key).is_some() {
            self.version += 1;
            self.tell(&WatchEvent::Deleted(key.clone()));
        }
    }

    fn live(&self, resource: &Resource) -> Result<Resource, ClusterError> {
        let found = &self.objects.get(&resource.key).ok_or(ClusterError::Gone)?.resource;
        if found.uid == resource.uid {
            return Ok(found.clone());
        }
        Err(ClusterError::Conflict(format!(
            "uid in precondition: {}, uid in object meta: {}",
            resource.uid, found.uid
        )))
    }

    fn add_finalizer(&mut self, resource: &Resource) -> Result<(), ClusterError> {
        let found = self.live(resource)?;
        if found.deleting && !found.finalizer {
            return Err(ClusterError::Refused(
                "no new finalizers can be added if the object is being deleted".to_owned(),
            ));
        }
        self.store(Resource { finalizer: true, ..found });
        Ok(())
    }

    fn remove_finalizer(&mut self, resource: &Resource) {
        // Otherwise exactly this object is gone: done.
        if let Ok(found) = self.live(resource) {
            self.store(Resource { finalizer: false, ..found });
        }
    }

    fn write_status(
        &mut self,
        resource: &Resource,
        status: &RoleStatus,
    ) -> Result<(), ClusterError> {
        let found = self.live(resource)?;
        if self.conflicts > 0 {
            self.conflicts -= 1;
            return Err(ClusterError::Conflict("the object has been modified".to_owned()));
        }
        let mut status = as_stored(status)?;
        pinned(&found.spec, &status)?;
        if let Some(object) = self.objects.get_mut(&resource.key) {
            let own = status.conditions.iter().map(|condition| condition.type_.clone()).collect();
            let before = mem::replace(&mut object.conditions, own);
            status.conditions = applied(&found.status.conditions, &before, status.conditions);
        }
        self.store(Resource { status, ..found });
        Ok(())
    }

    fn count(&mut self, action: &str) {
        match action {
            "add_finalizer" => self.counts.add_finalizer += 1,
            "remove_finalizer" => self.counts.remove_finalizer += 1,
            "write_status" => self.counts.write_status += 1,
            "annotate" => self.counts.annotate += 1,
            "notify" => self.counts.notify += 1,
            _ => {}
        }
    }
}

impl FakeCluster {
    /// An empty cluster.
    #[must_use]
    pub fn new(clock: VirtualClock, crash: Crash) -> Self {
        let state = State {
            objects: BTreeMap::new(),
            accounts: BTreeMap::new(),
            version: 0,
            uids: 0,
            unavailable: false,
            conflicts: 0,
            schedule: Schedule::new(),
            counts: WriteCounts::default(),
            log: Vec::new(),
            notices: Vec::new(),
            calls: 0,
            writes: 0,
            watchers: Vec::new(),
            held: None,
        };
        Self { state: Arc::new(Mutex::new(state)), clock, crash }
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
        key: &ResourceKey,
        apply: impl FnOnce(&mut State, Timestamp) -> Result<T, ClusterError> + Send,
    ) -> Result<T, ClusterError> {
        self.crash.alive().await;
        tokio::task::yield_now().await; // as a call over the network would
        self.crash.alive().await;
        let write = writes(action);
        let mut fault = self.lock().schedule.next(action, Some(&key.to_string()), write);
        if write && let Some(after) = self.crash.count_write() {
            fault = Some(Fault::Stop { after });
        }
        carry_out(&self.crash, fault, |planned| self.finish(action, key, planned, apply)).await
    }

    fn finish<T>(
        &self,
        action: &'static str,
        key: &ResourceKey,
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
            key: key.clone(),
            outcome,
        };
        state.log.push(call);
        answer
    }
}

fn writes(action: &str) -> bool {
    !["get", "service_account"].contains(&action)
}

impl Cluster for FakeCluster {
    fn watch(&self) -> impl Stream<Item = WatchEvent> + Send + 'static {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.lock();
        for event in state.listing() {
            // The receiver is in this function.
            let _ = sender.send(event);
        }
        state.watchers.push(sender);
        drop(state);
        stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|event| (event, receiver))
        })
    }

    async fn get(&self, key: &ResourceKey) -> Result<Option<Resource>, ClusterError> {
        self.call("get", key, |state, _| {
            Ok(state.objects.get(key).map(|object| object.resource.clone()))
        })
        .await
    }

    async fn add_finalizer(&self, resource: &Resource) -> Result<(), ClusterError> {
        self.call("add_finalizer", &resource.key, |state, _| state.add_finalizer(resource)).await
    }

    async fn remove_finalizer(&self, resource: &Resource) -> Result<(), ClusterError> {
        let apply = |state: &mut State, _| {
            state.remove_finalizer(resource);
            Ok(())
        };
        self.call("remove_finalizer", &resource.key, apply).await
    }

    async fn write_status(
        &self,
        resource: &Resource,
        status: &RoleStatus,
    ) -> Result<(), ClusterError> {
        self.call("write_status", &resource.key, |state, _| state.write_status(resource, status))
            .await
    }

    async fn service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ServiceAccount>, ClusterError> {
        let key = ResourceKey { namespace: namespace.into(), name: name.into() };
        self.call("service_account", &key, |state, _| Ok(state.accounts.get(&key).cloned())).await
    }

    async fn annotate(
        &self,
        account: &ServiceAccount,
        role_arn: Option<&str>,
    ) -> Result<(), ClusterError> {
        let key = ResourceKey { namespace: account.namespace.clone(), name: account.name.clone() };
        self.call("annotate", &key, |state, _| state.annotate_account(&key, &account.uid, role_arn))
            .await
    }

    async fn notify(&self, resource: &Resource, notice: &Notice) -> Result<(), ClusterError> {
        let Resource { key, uid, .. } = resource;
        let apply = |state: &mut State, at| {
            state.notices.push(Published {
                at,
                key: key.clone(),
                uid: uid.clone(),
                notice: notice.clone(),
            });
            Ok(())
        };
        self.call("notify", key, apply).await
    }
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
