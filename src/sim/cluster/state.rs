//! What stands in the fake of the API server, objects of all kinds alike: a kind is a name here,
//! and a status is JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, mem,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    log::{ClusterCall, Published, WriteCounts},
    rules::{applied, as_stored, condition_types, pinned},
};
use crate::{
    api::{
        ResourceKey,
        key::Key,
        kind::{KeyOf, Kind},
        object::{Object, Outline, Pause, WatchEvent},
        resource::{AccountEvent, ServiceAccount},
    },
    plan::{failure::ClusterError, lease::Notes},
    sim::faults::Schedule,
};

/// One object among those of all kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    /// Name of the kind.
    pub(super) kind: String,
    /// Its namespace, empty when it is in none, and its name.
    pub(super) key: ResourceKey,
}

impl Id {
    pub(super) fn of<K: Kind>(key: &KeyOf<K>) -> Self {
        let namespace = key.namespace().unwrap_or_default().to_owned();
        let key = ResourceKey { namespace, name: key.name().to_owned() };
        Self { kind: K::row().name(), key }
    }

    fn typed<K: Kind>(&self) -> KeyOf<K> {
        let ResourceKey { namespace, name } = self.key.clone();
        Key::new(Some(namespace), name)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.namespace.is_empty() {
            return f.write_str(&self.key.name);
        }
        self.key.fmt(f)
    }
}

/// An object as it stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) uid: String,
    pub(super) generation: i64,
    /// `metadata.resourceVersion`; moves when the rest does.
    pub(super) version: u64,
    pub(super) created: Timestamp,
    pub(super) deleting: bool,
    /// Ours.
    pub(super) finalizer: bool,
    pub(super) pause: Pause,
    pub(super) reconcile_requested_at: Option<String>,
    pub(super) last_applied: Option<String>,
    pub(super) spec: String,
    pub(super) status: Value,
}

impl Stored {
    /// As the port delivers it.
    pub(super) fn object<K: Kind>(self, id: &Id) -> Object<K> {
        Object {
            key: id.typed::<K>(),
            uid: self.uid,
            generation: self.generation,
            version: self.version,
            created: self.created,
            deleting: self.deleting,
            finalizer: self.finalizer,
            pause: self.pause.clone(),
            reconcile_requested_at: self.reconcile_requested_at,
            last_applied: self.last_applied,
            spec: self.spec,
            // As from the real one: what can't be decoded counts as empty.
            status: serde_json::from_value(self.status).unwrap_or_default(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) stored: Stored,
    /// True while somebody else's finalizer holds it.
    pub(super) held: bool,
    /// Types of the conditions that the controller applied last: its own, as `managedFields` say.
    pub(super) applied: BTreeSet<String>,
}

/// What a watch tells, whatever its kind.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Restarted,
    Applied(Id, Box<Stored>),
    Deleted(Id),
    Synced,
    Failed(String),
}

impl Told {
    /// Whether it is something for those who watch a kind.
    fn concerns(&self, kind: &str) -> bool {
        match self {
            Self::Applied(id, _) | Self::Deleted(id) => id.kind == kind,
            Self::Restarted | Self::Synced | Self::Failed(_) => true,
        }
    }

    fn is_a_change(&self) -> bool {
        matches!(self, Self::Applied(..) | Self::Deleted(_))
    }

    /// As the port tells it.
    pub(super) fn event<K: Kind>(self) -> WatchEvent<K> {
        match self {
            Self::Restarted => WatchEvent::Restarted,
            Self::Applied(id, stored) => WatchEvent::Applied(Box::new(stored.object(&id))),
            Self::Deleted(id) => WatchEvent::Deleted(id.typed::<K>()),
            Self::Synced => WatchEvent::Synced,
            Self::Failed(message) => WatchEvent::Failed(message),
        }
    }
}

/// A watch of one kind.
#[derive(Debug)]
pub(super) struct Watcher {
    kind: String,
    /// It resumes beyond this version: what is not above it is not told.
    beyond: u64,
    sender: mpsc::UnboundedSender<Told>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) objects: BTreeMap<Id, Entry>,
    pub(super) accounts: BTreeMap<ResourceKey, ServiceAccount>,
    /// What stands on the Lease of the installation; `None` while there is none.
    pub(super) lease: Option<Notes>,
    pub(super) version: u64,
    pub(super) uids: u64,
    pub(super) unavailable: bool,
    pub(super) conflicts: u64,
    pub(super) schedule: Schedule<ClusterError>,
    pub(super) counts: WriteCounts,
    pub(super) log: Vec<ClusterCall>,
    pub(super) notices: Vec<Published>,
    pub(super) calls: u64,
    pub(super) writes: u64,
    watchers: Vec<Watcher>,
    /// Watches of service accounts.
    pub(super) account_watchers: Vec<mpsc::UnboundedSender<AccountEvent>>,
    /// Events that are held back, while the watch is silent.
    held: Option<Vec<Told>>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            accounts: BTreeMap::new(),
            lease: None,
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
            account_watchers: Vec::new(),
            held: None,
        }
    }

    /// Tells all watchers of the kind, or keeps it for later.
    pub(super) fn tell(&mut self, event: &Told) {
        match &mut self.held {
            _ if self.unavailable => {} // what they miss comes with the next list
            Some(held) => held.push(event.clone()),
            None => {
                let version = self.version;
                self.watchers.retain(|Watcher { kind, beyond, sender }| {
                    let told = event.concerns(kind) && (version > *beyond || !event.is_a_change());
                    !told || sender.send(event.clone()).is_ok()
                });
            }
        }
    }

    /// A new watch of a kind: what it tells begins with a list.
    pub(super) fn watch(&mut self, kind: &str) -> mpsc::UnboundedReceiver<Told> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for event in self.listing().into_iter().filter(|event| event.concerns(kind)) {
            // The receiver is in this function.
            let _ = sender.send(event);
        }
        self.watchers.push(Watcher { kind: kind.to_owned(), beyond: 0, sender });
        receiver
    }

    /// Everything there is.
    fn listing(&self) -> Vec<Told> {
        if self.unavailable {
            return vec![Told::Failed("the API server does not answer".to_owned())];
        }
        let objects = self
            .objects
            .iter()
            .map(|(id, entry)| Told::Applied(id.clone(), Box::new(entry.stored.clone())));
        [Told::Restarted].into_iter().chain(objects).chain([Told::Synced]).collect()
    }

    /// Goes on from an older state: the watches that there are resume beyond where they were, and
    /// are told nothing until the versions are higher again.
    pub(super) fn rewind(&mut self, objects: BTreeMap<Id, Entry>, version: u64) {
        for watcher in &mut self.watchers {
            watcher.beyond = watcher.beyond.max(self.version);
        }
        (self.objects, self.version) = (objects, version);
    }

    /// Tells all watchers everything anew.
    pub(super) fn relist(&mut self) {
        self.watchers.iter_mut().for_each(|watcher| watcher.beyond = 0);
        for event in self.listing() {
            self.tell(&event);
        }
        for event in self.account_listing() {
            self.tell_of_account(&event);
        }
    }

    /// Holds events back, or lets those held go.
    pub(super) fn hold(&mut self, hold: bool) {
        if hold {
            self.held.get_or_insert_default();
        } else {
            for event in self.held.take().unwrap_or_default() {
                self.tell(&event);
            }
        }
    }

    /// Forgets events that were held back: the list that follows a failure brings the truth.
    pub(super) fn drop_held(&mut self) {
        if let Some(held) = &mut self.held {
            held.clear();
        }
    }

    /// All objects of a kind, in order.
    pub(super) fn outlines<K: Kind>(&self, kind: &str) -> impl Iterator<Item = Outline<K>> {
        let of_kind = self.objects.iter().filter(move |(id, _)| id.kind == kind);
        of_kind.map(|(id, Entry { stored, .. })| Outline {
            key: id.typed::<K>(),
            uid: stored.uid.clone(),
            generation: stored.generation,
            version: stored.version,
        })
    }

    /// What stands there.
    pub(super) fn stored(&self, id: &Id) -> Option<Stored> {
        self.objects.get(id).map(|entry| entry.stored.clone())
    }

    /// Stores an object and tells the watchers when it has changed; one that is deleted and held by
    /// nothing goes.
    pub(super) fn store(&mut self, id: &Id, stored: Stored) {
        let old = self.objects.get(id);
        if old.is_some_and(|old| old.stored == stored) {
            return;
        }
        let held = old.is_some_and(|old| old.held);
        if stored.deleting && !stored.finalizer && !held {
            return self.erase(id);
        }
        let applied = old.map(|old| old.applied.clone()).unwrap_or_default();
        self.version += 1;
        let stored = Stored { version: self.version, ..stored };
        let entry = Entry { stored: stored.clone(), held, applied };
        self.objects.insert(id.clone(), entry);
        self.tell(&Told::Applied(id.clone(), Box::new(stored)));
    }

    /// Removes an object and tells the watchers.
    pub(super) fn erase(&mut self, id: &Id) {
        if self.objects.remove(id).is_some() {
            self.version += 1;
            self.tell(&Told::Deleted(id.clone()));
        }
    }

    fn live(&self, id: &Id, uid: &str) -> Result<Stored, ClusterError> {
        let found = self.stored(id).ok_or(ClusterError::Gone)?;
        if found.uid == uid {
            return Ok(found);
        }
        Err(ClusterError::Conflict(format!(
            "uid in precondition: {uid}, uid in object meta: {}",
            found.uid
        )))
    }

    pub(super) fn add_finalizer(&mut self, id: &Id, uid: &str) -> Result<(), ClusterError> {
        let found = self.live(id, uid)?;
        if found.deleting && !found.finalizer {
            return Err(ClusterError::Refused(
                "no new finalizers can be added if the object is being deleted".to_owned(),
            ));
        }
        self.store(id, Stored { finalizer: true, ..found });
        Ok(())
    }

    pub(super) fn remove_finalizer(&mut self, id: &Id, uid: &str) {
        // Otherwise exactly this object is gone: done.
        if let Ok(found) = self.live(id, uid) {
            self.store(id, Stored { finalizer: false, ..found });
        }
    }

    pub(super) fn write_status<K: Kind>(
        &mut self,
        id: &Id,
        uid: &str,
        status: &K::Status,
    ) -> Result<(), ClusterError> {
        let found = self.live(id, uid)?;
        if self.conflicts > 0 {
            self.conflicts -= 1;
            return Err(ClusterError::Conflict("the object has been modified".to_owned()));
        }
        let mut status = as_stored::<K>(status)?;
        pinned(&id.kind, &found.spec, &status)?;
        if let Some(entry) = self.objects.get_mut(id) {
            let before = mem::replace(&mut entry.applied, condition_types(&status));
            status = applied(&found.status, &before, status);
        }
        self.store(id, Stored { status, ..found });
        Ok(())
    }

    pub(super) fn write_notes(&mut self, notes: &Notes) -> Result<Notes, ClusterError> {
        let found = self.lease.as_ref().and_then(|lease| lease.version.clone());
        if found != notes.version {
            return Err(ClusterError::Conflict("the Lease has changed".to_owned()));
        }
        // What an operator wrote stays.
        let confirm = self.lease.take().map(|lease| lease.confirm).unwrap_or_default();
        self.version += 1;
        let written = Notes { version: Some(self.version.to_string()), confirm, ..notes.clone() };
        self.lease = Some(written.clone());
        Ok(written)
    }

    pub(super) fn count(&mut self, action: &str) {
        match action {
            "add_finalizer" => self.counts.add_finalizer += 1,
            "remove_finalizer" => self.counts.remove_finalizer += 1,
            "write_status" => self.counts.write_status += 1,
            "annotate" => self.counts.annotate += 1,
            "notify" => self.counts.notify += 1,
            "write_notes" => self.counts.write_notes += 1,
            _ => {}
        }
    }
}
