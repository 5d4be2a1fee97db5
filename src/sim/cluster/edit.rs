//! The hand of the test behind the controller's back: people and `GitOps` tools at work on the
//! cluster, and its outages.
//!
//! Nothing here is logged or meets a fault, and it works while the API server does not answer the
//! controller.

#![allow(
    clippy::must_use_candidate,
    reason = "a test that knows its own set-up need not look at the answer"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{
    rules::{fresh_status, parse, pinned, put_condition, unchanged},
    state::{Entry, Id, State, Stored, Told},
};
use crate::sim::{FakeCluster, Rule};
use crate::{
    api::{
        LAST_APPLIED, PAUSED, RECONCILE_REQUESTED_AT, ResourceKey, RoleStatus,
        kind::{KeyOf, Kind},
        kinds::iam_role::IamRole,
        object::{Object, Pause},
        resource::Resource,
    },
    plan::{failure::ClusterError, lease::Notes},
    ports::Clock,
};

/// All objects of a cluster at one moment and the revision of the store, as a backup of etcd holds
/// them.
#[derive(Clone, Debug)]
pub struct Backup(BTreeMap<Id, Entry>, u64);

impl State {
    fn new_uid(&mut self) -> String {
        self.uids += 1;
        format!("uid-{}", self.uids)
    }

    fn edit(&mut self, id: &Id, edit: impl FnOnce(&mut Stored)) -> bool {
        let Some(mut stored) = self.stored(id) else { return false };
        edit(&mut stored);
        self.store(id, stored);
        true
    }
}

/// An `IAMRole` among the objects of all kinds.
fn role(key: &ResourceKey) -> Id {
    Id::of::<IamRole>(key)
}

/// Objects of any kind.
impl FakeCluster {
    /// Creates the object, or replaces the spec of the one there is; `spec` is JSON. The generation
    /// moves only when the spec changes in meaning.
    ///
    /// # Errors
    ///
    /// `Refused` when `spec` is not JSON, or sets a name that is pinned against the old spec or the
    /// status.
    pub fn apply_of<K: Kind>(&self, key: &KeyOf<K>, spec: &str) -> Result<Object<K>, ClusterError> {
        let new = parse(spec)?;
        let created = self.clock.now();
        let id = Id::of::<K>(key);
        let mut state = self.lock();
        let stored = if let Some(old) = state.stored(&id) {
            let before = parse(&old.spec)?;
            unchanged(&id.kind, &before, &new)?;
            pinned(&id.kind, spec, &old.status)?;
            if before == new {
                old
            } else {
                Stored { spec: spec.to_owned(), generation: old.generation + 1, ..old }
            }
        } else {
            fresh(state.new_uid(), created, spec.to_owned())
        };
        state.store(&id, stored.clone());
        Ok(state.stored(&id).unwrap_or(stored).object(&id))
    }

    /// Deletes the object: at once without a finalizer, else it is marked. False when there is
    /// none.
    pub fn delete_of<K: Kind>(&self, key: &KeyOf<K>) -> bool {
        self.lock().edit(&Id::of::<K>(key), |stored| {
            if !stored.deleting {
                stored.deleting = true;
                stored.generation += 1;
            }
        })
    }

    /// The object as it is now.
    #[must_use]
    pub fn object<K: Kind>(&self, key: &KeyOf<K>) -> Option<Object<K>> {
        let id = Id::of::<K>(key);
        self.lock().stored(&id).map(|stored| stored.object(&id))
    }
}

/// An object that was just created.
fn fresh(uid: String, created: Timestamp, spec: String) -> Stored {
    Stored {
        uid,
        generation: 1,
        version: 0,
        created,
        deleting: false,
        finalizer: false,
        pause: Pause::No,
        reconcile_requested_at: None,
        last_applied: None,
        spec,
        status: fresh_status(),
    }
}

/// `IAMRole`s, and the cluster as a whole.
impl FakeCluster {
    /// [`FakeCluster::apply_of`] for a role.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn apply(&self, key: &ResourceKey, spec: &str) -> Result<Resource, ClusterError> {
        self.apply_of::<IamRole>(key, spec)
    }

    /// [`FakeCluster::delete_of`] for a role.
    pub fn delete(&self, key: &ResourceKey) -> bool {
        self.delete_of::<IamRole>(key)
    }

    /// Adds or removes a finalizer of somebody else, which holds a deleted resource even without
    /// ours.
    pub fn hold(&self, key: &ResourceKey, hold: bool) -> bool {
        let mut state = self.lock();
        let Some(entry) = state.objects.get_mut(&role(key)) else { return false };
        entry.held = hold;
        if entry.stored.deleting && !entry.stored.finalizer && !hold {
            state.erase(&role(key));
        }
        true
    }

    /// Makes the resource vanish, finalizer or not, as when somebody strips it or etcd loses it.
    pub fn vanish(&self, key: &ResourceKey) -> bool {
        let mut state = self.lock();
        let there = state.objects.contains_key(&role(key));
        state.erase(&role(key));
        there
    }

    /// Sets or removes an annotation; only those that the controller reads are kept. False when
    /// there is no resource.
    pub fn annotate(&self, key: &ResourceKey, annotation: &str, value: Option<&str>) -> bool {
        self.lock().edit(&role(key), |stored| match annotation {
            PAUSED => stored.pause = Pause::of(value),
            RECONCILE_REQUESTED_AT => {
                stored.reconcile_requested_at = value.map(ToOwned::to_owned);
            }
            LAST_APPLIED => stored.last_applied = value.map(ToOwned::to_owned),
            _ => {}
        })
    }

    /// Replaces the status without any rule.
    pub fn put_status(&self, key: &ResourceKey, status: &RoleStatus) -> bool {
        let status = serde_json::to_value(status).unwrap_or_default();
        self.lock().edit(&role(key), |stored| stored.status = status)
    }

    /// Another manager writes a condition of its own, in front of all others.
    pub fn put_condition(&self, key: &ResourceKey, condition: &Condition) -> bool {
        let condition = serde_json::to_value(condition).unwrap_or_default();
        self.lock().edit(&role(key), |stored| put_condition(&mut stored.status, &condition))
    }

    /// Types of the conditions that the controller applied last, and that are its own with that.
    pub fn applied_conditions(&self, key: &ResourceKey) -> BTreeSet<String> {
        self.lock().objects.get(&role(key)).map(|entry| entry.applied.clone()).unwrap_or_default()
    }

    /// An operator writes the annotation by which what is held is confirmed.
    pub fn confirm(&self, confirm: &str) {
        let mut state = self.lock();
        state.version += 1;
        let version = Some(state.version.to_string());
        let notes = state.lease.take().unwrap_or_default();
        state.lease = Some(Notes { version, confirm: confirm.to_owned(), ..notes });
    }

    /// What stands on the Lease of the installation.
    #[must_use]
    pub fn lease(&self) -> Option<Notes> {
        self.lock().lease.clone()
    }

    /// Somebody deletes the Lease.
    pub fn delete_lease(&self) {
        self.lock().lease = None;
    }

    /// The cluster rebuilt from Git: every object again, with a new uid, generation 1, empty
    /// status, no finalizer and no annotation; those that were being deleted are gone.
    pub fn rebuild(&self) {
        let created = self.clock.now();
        let mut state = self.lock();
        let mut objects = BTreeMap::new();
        for (id, Entry { stored: old, .. }) in std::mem::take(&mut state.objects) {
            if old.deleting {
                continue;
            }
            state.version += 1;
            let version = state.version;
            let stored = Stored { version, ..fresh(state.new_uid(), created, old.spec) };
            let entry = Entry { stored, held: false, applied: BTreeSet::new() };
            objects.insert(id, entry);
        }
        state.objects = objects;
        broken(&mut state);
    }

    /// All objects as they are.
    #[must_use]
    pub fn backup(&self) -> Backup {
        let state = self.lock();
        Backup(state.objects.clone(), state.version)
    }

    /// Puts an old state of the cluster back, resource versions too; watches begin anew.
    pub fn restore(&self, backup: &Backup) {
        let mut state = self.lock();
        state.objects.clone_from(&backup.0);
        broken(&mut state);
    }

    /// Sets the store back: its revisions go on from those of the backup, and watches resume beyond
    /// them, silent and well, until they are reached again.
    pub fn rewind(&self, backup: &Backup) {
        self.lock().rewind(backup.0.clone(), backup.1);
    }

    /// The revision of the store.
    #[must_use]
    pub fn store_revision(&self) -> u64 {
        self.lock().version
    }

    /// The resource as it is now.
    #[must_use]
    pub fn resource(&self, key: &ResourceKey) -> Option<Resource> {
        self.object::<IamRole>(key)
    }

    /// All resources as they are now.
    #[must_use]
    pub fn resources(&self) -> Vec<Resource> {
        let kind = IamRole::row().name();
        let state = self.lock();
        let roles = state.objects.iter().filter(|(id, _)| id.kind == kind);
        roles.map(|(id, entry)| entry.stored.clone().object(id)).collect()
    }

    /// `metadata.resourceVersion`; it moves with every change of the object and never without one.
    #[must_use]
    pub fn resource_version(&self, key: &ResourceKey) -> Option<u64> {
        self.lock().objects.get(&role(key)).map(|entry| entry.stored.version)
    }

    /// The watch fails once, and begins anew at once.
    pub fn break_watch(&self) {
        broken(&mut self.lock());
    }

    /// With `true` the watch goes silent; with `false` all that was held back comes.
    pub fn hold_watch(&self, hold: bool) {
        self.lock().hold(hold);
    }

    /// Sends the resource to the watchers once more, though nothing has changed.
    pub fn resend(&self, key: &ResourceKey) {
        let mut state = self.lock();
        if let Some(stored) = state.stored(&role(key)) {
            state.tell(&Told::Applied(role(key), Box::new(stored)));
        }
    }

    /// With `true` every call fails with `Unavailable` and the watch breaks; with `false` it begins
    /// anew.
    pub fn unavailable(&self, unavailable: bool) {
        let mut state = self.lock();
        if unavailable && !state.unavailable {
            state.drop_held();
            state.tell(&Told::Failed("the API server does not answer".to_owned()));
            state.unavailable = true;
        } else if !unavailable && state.unavailable {
            state.unavailable = false;
            state.relist();
        }
    }

    /// The next `n` status writes to a resource that exists meet a conflict.
    pub fn conflicts(&self, n: u64) {
        self.lock().conflicts = n;
    }

    /// Schedules a fault; actions are `get`, `revision`, `outlines`, `add_finalizer`,
    /// `remove_finalizer`, `write_status` and `notify`.
    pub fn fault(&self, rule: Rule<ClusterError>) {
        self.lock().schedule.add(rule);
    }

    /// Forgets all scheduled faults.
    pub fn clear_faults(&self) {
        self.lock().schedule.clear();
    }
}

fn broken(state: &mut State) {
    state.drop_held();
    state.tell(&Told::Failed("the watch was closed".to_owned()));
    state.relist();
}
