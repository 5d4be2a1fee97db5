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

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::sim::{
    FakeCluster, Rule,
    cluster::{
        Object, State,
        rules::{fresh_status, parse, pinned, unchanged},
    },
};
use crate::{
    api::{
        PAUSED, RECONCILE_REQUESTED_AT, ResourceKey, RoleStatus,
        resource::{Resource, WatchEvent},
    },
    plan::failure::ClusterError,
    ports::Clock,
};

/// All objects of a cluster at one moment, as a backup of etcd holds them.
#[derive(Clone, Debug)]
pub struct Backup(BTreeMap<ResourceKey, Object>);

impl State {
    fn new_uid(&mut self) -> String {
        self.uids += 1;
        format!("uid-{}", self.uids)
    }

    fn edit(&mut self, key: &ResourceKey, edit: impl FnOnce(&mut Resource)) -> bool {
        let Some(mut resource) = self.objects.get(key).map(|object| object.resource.clone()) else {
            return false;
        };
        edit(&mut resource);
        self.store(resource);
        true
    }
}

impl FakeCluster {
    /// Creates the resource, or replaces the spec of the one there is; `spec` is JSON. The
    /// generation moves only when the spec changes in meaning.
    ///
    /// # Errors
    ///
    /// `Refused` when `spec` is not JSON, or sets `roleName` or `path` against the old spec or the
    /// status.
    pub fn apply(&self, key: &ResourceKey, spec: &str) -> Result<Resource, ClusterError> {
        let new = parse(spec)?;
        let created = self.clock.now();
        let mut state = self.lock();
        let resource =
            if let Some(old) = state.objects.get(key).map(|object| object.resource.clone()) {
                let before = parse(&old.spec)?;
                unchanged(&before, &new)?;
                pinned(spec, &old.status)?;
                if before == new {
                    old
                } else {
                    Resource { spec: spec.to_owned(), generation: old.generation + 1, ..old }
                }
            } else {
                Resource {
                    key: key.clone(),
                    uid: state.new_uid(),
                    generation: 1,
                    created,
                    deleting: false,
                    finalizer: false,
                    paused: false,
                    reconcile_requested_at: None,
                    spec: spec.to_owned(),
                    status: fresh_status(),
                }
            };
        state.store(resource.clone());
        Ok(resource)
    }

    /// Deletes the resource: at once without a finalizer, else it is marked. False when there is
    /// none.
    pub fn delete(&self, key: &ResourceKey) -> bool {
        self.lock().edit(key, |resource| {
            if !resource.deleting {
                resource.deleting = true;
                resource.generation += 1;
            }
        })
    }

    /// Adds or removes a finalizer of somebody else, which holds a deleted resource even without
    /// ours.
    pub fn hold(&self, key: &ResourceKey, hold: bool) -> bool {
        let mut state = self.lock();
        let Some(object) = state.objects.get_mut(key) else { return false };
        object.held = hold;
        if object.resource.deleting && !object.resource.finalizer && !hold {
            state.erase(key);
        }
        true
    }

    /// Makes the resource vanish, finalizer or not, as when somebody strips it or etcd loses it.
    pub fn vanish(&self, key: &ResourceKey) -> bool {
        let mut state = self.lock();
        let there = state.objects.contains_key(key);
        state.erase(key);
        there
    }

    /// Sets or removes an annotation; only those that the controller reads are kept. False when
    /// there is no resource.
    pub fn annotate(&self, key: &ResourceKey, annotation: &str, value: Option<&str>) -> bool {
        self.lock().edit(key, |resource| match annotation {
            PAUSED => resource.paused = value == Some("true"),
            RECONCILE_REQUESTED_AT => {
                resource.reconcile_requested_at = value.map(ToOwned::to_owned);
            }
            _ => {}
        })
    }

    /// Replaces the status without any rule.
    pub fn put_status(&self, key: &ResourceKey, status: RoleStatus) -> bool {
        self.lock().edit(key, |resource| resource.status = status)
    }

    /// Another manager writes a condition of its own, in front of all others.
    pub fn put_condition(&self, key: &ResourceKey, condition: Condition) -> bool {
        self.lock().edit(key, |resource| {
            resource.status.conditions.retain(|old| old.type_ != condition.type_);
            resource.status.conditions.insert(0, condition);
        })
    }

    /// Types of the conditions that the controller applied last, and that are its own with that.
    pub fn applied_conditions(&self, key: &ResourceKey) -> BTreeSet<String> {
        self.lock().objects.get(key).map(|object| object.conditions.clone()).unwrap_or_default()
    }

    /// The cluster rebuilt from Git: every resource again, with a new uid, generation 1, empty
    /// status, no finalizer and no annotation; those that were being deleted are gone.
    pub fn rebuild(&self) {
        let created = self.clock.now();
        let mut state = self.lock();
        let old: Vec<_> = state
            .objects
            .values()
            .map(|object| object.resource.clone())
            .filter(|old| !old.deleting)
            .collect();
        let mut objects = BTreeMap::new();
        for old in old {
            state.version += 1;
            let version = state.version;
            let resource = Resource {
                uid: state.new_uid(),
                generation: 1,
                created,
                deleting: false,
                finalizer: false,
                paused: false,
                reconcile_requested_at: None,
                status: fresh_status(),
                ..old
            };
            let object = Object { resource, version, held: false, conditions: BTreeSet::default() };
            objects.insert(object.resource.key.clone(), object);
        }
        state.objects = objects;
        broken(&mut state);
    }

    /// All objects as they are.
    #[must_use]
    pub fn backup(&self) -> Backup {
        Backup(self.lock().objects.clone())
    }

    /// Puts an old state of the cluster back, resource versions too; watches begin anew.
    pub fn restore(&self, backup: &Backup) {
        let mut state = self.lock();
        state.objects.clone_from(&backup.0);
        broken(&mut state);
    }

    /// The resource as it is now.
    #[must_use]
    pub fn resource(&self, key: &ResourceKey) -> Option<Resource> {
        self.lock().objects.get(key).map(|object| object.resource.clone())
    }

    /// All resources as they are now.
    #[must_use]
    pub fn resources(&self) -> Vec<Resource> {
        self.lock().objects.values().map(|object| object.resource.clone()).collect()
    }

    /// `metadata.resourceVersion`; it moves with every change of the object and never without one.
    #[must_use]
    pub fn resource_version(&self, key: &ResourceKey) -> Option<u64> {
        self.lock().objects.get(key).map(|object| object.version)
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
        if let Some(resource) = state.objects.get(key).map(|object| object.resource.clone()) {
            state.tell(&WatchEvent::Applied(Box::new(resource)));
        }
    }

    /// With `true` every call fails with `Unavailable` and the watch breaks; with `false` it begins
    /// anew.
    pub fn unavailable(&self, unavailable: bool) {
        let mut state = self.lock();
        if unavailable && !state.unavailable {
            state.drop_held();
            state.tell(&WatchEvent::Failed("the API server does not answer".to_owned()));
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

    /// Schedules a fault; actions are `get`, `add_finalizer`, `remove_finalizer`, `write_status`
    /// and `notify`.
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
    state.tell(&WatchEvent::Failed("the watch was closed".to_owned()));
    state.relist();
}
