//! What is kept of each resource between passes: enough to compare a sweep with, to know who claims
//! a name, and to wake up on time. No spec and no document stays here, and each field is as small
//! as it can be: ten thousand of them are to fit into some megabytes (`an_entry_is_small` holds the
//! size).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    api::{
        ResourceKey, condition, kinds::iam_role::status::ReplacedPrincipal, reason,
        resource::Resource,
    },
    controller::memory::{
        compiled::{Compiled, Digester, Digests},
        conditions::ConditionStates,
        index::due::needs_pass,
        providers::Needs,
        queue::{Cause, Hint},
    },
    plan::{
        decide::{brakes::Counted, contest::Corrections, room::Place},
        form::{
            fingerprint::{self, Fingerprint, Owned},
            observed::RoleDetail,
        },
        say::{conditions, words},
        scope::limits::Limits,
    },
};
use iam::{
    account::AccountId,
    role::{RoleId, RoleKey},
};

/// One resource.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub struct Entry {
    uid: Box<str>,
    generation: i64,
    /// Version that the watch delivered last.
    pub version: u64,
    /// Version that it delivered first: the lower, the earlier it was created.
    first_version: u64,
    digests: Digests,
    created: Timestamp,
    deleting: bool,
    paused: bool,
    finalizer: bool,
    /// Its role may be created under the name that it claims.
    in_scope: bool,
    /// Its role stays when it goes.
    leaves: bool,
    /// What is desired is another form than the one that was applied, without a new generation.
    rerendered: bool,
    requested_at: Option<Box<str>>,
    /// Its role.
    pub role: RoleKey,
    /// A role is expected in AWS: status has its id.
    pub expected: bool,
    /// The last pass of this generation found or made AWS equal.
    pub converged: bool,
    /// Since when that is known; `None` when it was read from status.
    pub settled_at: Option<Timestamp>,
    /// Observe: differences are reported, not corrected.
    pub observe: bool,
    /// What a sweep compares with; `None` while the spec is invalid.
    pub fingerprints: Option<(Fingerprint, Fingerprint)>,
    /// Which observed items count.
    pub scope: Owned,
    /// The identity providers that it counts on.
    pub needs: Option<Arc<Needs>>,
    /// The lifetime's end.
    pub deadline: Option<Timestamp>,
    /// Its conditions, to be counted.
    pub conditions: ConditionStates,
    /// Observe: what the last sweep saw.
    reported: Option<Box<Reported>>,
    /// Unique id of its role, as status has it.
    pub role_id: Option<RoleId>,
    /// What a sweep compares with while principals are held back; known once a pass has looked.
    pub held: Option<Box<Held>>,
    /// What a sweep compares with while the role is not as written: how the last pass left it.
    pub left: Option<Box<(Fingerprint, Fingerprint)>>,
    /// The corrections of its role.
    pub corrections: Option<Box<Corrections>>,
}

/// The fingerprints of a role that is only observed, as the last sweep saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// `None` before the first sweep.
    pub authorization: Option<Fingerprint>,
    /// `None` before the first sweep.
    pub attributes: Option<Fingerprint>,
}

/// A role whose trust policy lacks principals that were deleted in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whom.
    pub principals: Vec<ReplacedPrincipal>,
    /// `authorization` of the role with all else as desired.
    pub authorization: Fingerprint,
}

/// All resources in scope.
#[derive(Debug, Default)]
pub struct Index {
    /// Boxed: a hash table is up to half empty, and grows by copying.
    entries: HashMap<Arc<ResourceKey>, Box<Entry>>,
    /// By role, in order: nearly always one.
    claims: HashMap<RoleKey, Vec<Arc<ResourceKey>>>,
    /// Of all: most resources count on the same.
    needs: HashSet<Arc<Needs>>,
    digester: Digester,
}

impl Index {
    /// Where the digests of this index come from.
    #[must_use]
    pub fn digester(&self) -> Digester {
        self.digester.clone()
    }

    /// What a resource comes to, when that was compiled before.
    #[must_use]
    pub fn known(&self, resource: &Resource, digests: Digests) -> Option<Compiled> {
        let entry = self.get(&resource.key)?;
        let same = entry.digests == digests
            && entry.created == resource.created
            && (&*entry.uid, entry.generation) == (&*resource.uid, resource.generation);
        same.then(|| Compiled {
            digests,
            role: entry.role.clone(),
            in_scope: entry.in_scope,
            leaves: entry.leaves,
            fingerprints: entry.fingerprints,
            scope: entry.scope.clone(),
            needs: entry.needs.clone(),
            observe: entry.observe,
            deadline: entry.deadline,
        })
    }

    /// Takes in a resource as the watch delivers it, with what it comes to. True when it needs a
    /// pass.
    pub fn apply(&mut self, resource: &Resource, limits: &Limits, compiled: Compiled) -> bool {
        let Compiled { digests, role, in_scope, leaves, fingerprints, scope, .. } = compiled;
        let Compiled { needs, observe, deadline, .. } = compiled;
        let hash = fingerprints.map(fingerprint::desired_hash);
        let hash_is_current = hash.is_some() && resource.status.applied_hash() == hash.as_ref();
        let ready = conditions::is_ready(&resource.status, resource.generation);
        let mut entry = Box::new(Entry {
            uid: resource.uid.as_str().into(),
            generation: resource.generation,
            version: resource.version,
            first_version: resource.version,
            digests,
            created: resource.created,
            deleting: resource.deleting,
            paused: limits.paused(resource),
            finalizer: resource.finalizer,
            in_scope,
            leaves,
            rerendered: hash
                .is_some_and(|hash| resource.status.is_rerendered(resource.generation, &hash)),
            requested_at: resource.reconcile_requested_at.as_deref().map(Into::into),
            role: role.clone(),
            expected: resource.status.role_id.is_some(),
            converged: ready && hash_is_current,
            settled_at: None,
            observe,
            fingerprints,
            scope,
            needs: needs.map(|needs| self.shared(needs)),
            deadline,
            conditions: ConditionStates::of(&resource.status.conditions),
            reported: None,
            role_id: resource.status.role_id.as_deref().map(RoleId::from),
            held: None,
            left: None,
            corrections: None,
        });
        if let (true, Some(known), Some(deadline)) =
            (hash_is_current, &resource.status.expires_at, entry.deadline)
        {
            // A ttl counts from the role's creation where that is earlier; status knows it.
            entry.deadline = Some(deadline.min(known.0));
        }
        let known = self.entries.get(&resource.key);
        if let Some(old) = known.filter(|old| old.uid == entry.uid) {
            entry.first_version = old.first_version;
        }
        let needs_pass = match known {
            // Our own writes come back through the watch; they are no reason for a pass.
            Some(old) if old.same_request(&entry) => {
                entry.settled_at = old.settled_at;
                entry.reported.clone_from(&old.reported);
                entry.held.clone_from(&old.held);
                entry.left.clone_from(&old.left);
                entry.corrections.clone_from(&old.corrections);
                if old.settled_at.is_some() {
                    // What a pass found counts, not an older status that comes late.
                    entry.converged = old.converged;
                }
                entry.paused && !words::tell_the_pause(resource)
            }
            Some(old) if old.was_set_back(&entry) => true,
            _ => needs_pass(resource, entry.paused, hash_is_current),
        };
        self.forget(&resource.key);
        let key = Arc::new(resource.key.clone());
        let claimants = self.claims.entry(role).or_default();
        if let Err(place) = claimants.binary_search(&key) {
            claimants.reserve_exact(1);
            claimants.insert(place, Arc::clone(&key));
        }
        self.entries.insert(key, entry);
        needs_pass
    }

    /// Drops a resource; returns those that claim the same name and may now have their turn.
    pub fn remove(&mut self, key: &ResourceKey) -> Vec<ResourceKey> {
        let Some(role) = self.entries.get(key).map(|entry| entry.role.clone()) else {
            return Vec::new();
        };
        self.forget(key);
        self.claims.get(&role).into_iter().flatten().map(|key| ResourceKey::clone(key)).collect()
    }

    /// The same, kept once.
    fn shared(&mut self, needs: Arc<Needs>) -> Arc<Needs> {
        if let Some(known) = self.needs.get(&needs) {
            return Arc::clone(known);
        }
        self.needs.retain(|known| Arc::strong_count(known) > 1);
        self.needs.insert(Arc::clone(&needs));
        needs
    }

    fn forget(&mut self, key: &ResourceKey) {
        let Some(entry) = self.entries.remove(key) else { return };
        if let Some(claimants) = self.claims.get_mut(&entry.role) {
            claimants.retain(|other| **other != *key);
            if claimants.is_empty() {
                self.claims.remove(&entry.role);
            }
        }
    }

    /// The resource that comes before `key` for the same role name: the older, then the one with a
    /// role, then the one that was made first, as the first of a file is.
    #[must_use]
    pub fn rival(&self, key: &ResourceKey) -> Option<ResourceKey> {
        let own = self.entries.get(key)?;
        let rank = |entry: &Entry| (entry.created, !entry.expected, entry.first_version);
        self.claims
            .get(&own.role)?
            .iter()
            .map(Arc::as_ref)
            .filter(|other| *other != key)
            .filter_map(|other| self.entries.get(other).map(|entry| (entry, other)))
            // One that may not have the name, or only goes away, keeps nobody from it.
            .filter(|(entry, _)| {
                entry.in_scope
                    && (entry.expected || (entry.fingerprints.is_some() && !entry.deleting))
            })
            .map(|(entry, other)| (rank(entry), other))
            .filter(|(other, _)| *other < rank(own))
            .min()
            .map(|(_, other)| other.clone())
    }

    /// The resources of a namespace that have a role, or would be given one now if there were room.
    #[must_use]
    pub fn places(
        &self,
        namespace: &str,
        over: impl Fn(&Entry) -> bool,
    ) -> Vec<Place<ResourceKey>> {
        let held = |entry: &Entry| {
            entry.deleting || entry.paused || entry.observe || !entry.in_scope || over(entry)
        };
        let counts =
            |entry: &Entry| entry.expected || (entry.fingerprints.is_some() && !held(entry));
        self.entries
            .iter()
            .filter(|(key, entry)| key.namespace == namespace && counts(entry))
            .map(|(key, entry)| Place {
                without_role: !entry.expected,
                created: entry.created,
                first_version: entry.first_version,
                key: ResourceKey::clone(key),
            })
            .collect()
    }

    /// One resource.
    #[must_use]
    pub fn get(&self, key: &ResourceKey) -> Option<&Entry> {
        self.entries.get(key).map(Box::as_ref)
    }

    /// Notes how a pass ended. False when the resource is gone meanwhile.
    pub fn passed(&mut self, key: &ResourceKey, converged: bool, now: Timestamp) -> bool {
        let Some(entry) = self.entries.get_mut(key) else { return false };
        entry.converged = converged;
        entry.settled_at = Some(now);
        entry.expected |= converged;
        true
    }

    /// The unique ids under which a role is in our keeping.
    pub fn role_ids(&self, role: &RoleKey) -> impl Iterator<Item = &RoleId> {
        self.claimants(role)
            .filter_map(|key| self.get(key))
            .filter(|entry| entry.converged)
            .filter_map(|entry| entry.role_id.as_ref())
    }

    /// One resource, to note what a pass or a sweep learned.
    pub fn get_mut(&mut self, key: &ResourceKey) -> Option<&mut Entry> {
        self.entries.get_mut(key).map(Box::as_mut)
    }

    /// The resources that claim a role.
    pub fn claimants(&self, role: &RoleKey) -> impl Iterator<Item = &ResourceKey> {
        self.claims.get(role).into_iter().flatten().map(Arc::as_ref)
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &ResourceKey> {
        self.entries.keys().map(Arc::as_ref)
    }

    /// Those that say that their drift is not seen.
    #[must_use]
    pub fn unseen(&self, account: AccountId) -> Vec<ResourceKey> {
        let of_account = self.entries.iter().filter(|(_, entry)| {
            entry.role.account == account && entry.conditions.are_for(reason::DRIFT_UNSEEN)
        });
        of_account.map(|(key, _)| ResourceKey::clone(key)).collect()
    }

    /// Those of which a role is expected that has an end.
    pub fn ending(&self) -> impl Iterator<Item = &ResourceKey> {
        let ending = |entry: &Entry| entry.expected && entry.deadline.is_some();
        self.entries.iter().filter(move |(_, entry)| ending(entry)).map(|(key, _)| key.as_ref())
    }

    /// All keys, to be kept: they are shared.
    #[must_use]
    pub fn all_keys(&self) -> HashSet<Arc<ResourceKey>> {
        self.entries.keys().cloned().collect()
    }

    /// All resources with their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceKey, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_ref(), entry.as_ref()))
    }

    /// All resources.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().map(Box::as_ref)
    }

    /// Number of resources.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without any resource.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    /// Whether the resource is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.deleting
    }

    /// Generation that the watch delivered last.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// Whether this state of the resource was delivered last.
    #[must_use]
    pub fn is(&self, uid: &str, generation: i64, version: u64) -> bool {
        *self.uid == *uid && self.generation == generation && self.version == version
    }

    /// Its `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Hash of what is desired, as status has it.
    #[must_use]
    pub fn wanted_hash(&self) -> Option<String> {
        self.fingerprints.map(fingerprint::desired_hash)
    }

    /// Whether its role waits to go, or to change without a change of its resource.
    #[must_use]
    pub fn waits(&self, counted: Counted) -> bool {
        if !self.expected || self.paused {
            return false;
        }
        match counted {
            // What AWS does not let go is looked at again now and then, and counted then.
            Counted::Removals => {
                self.deleting
                    && self.finalizer
                    && !self.leaves
                    && self.conditions.reason(condition::READY) != Some(reason::DELETION_BLOCKED)
            }
            Counted::Changes => !self.deleting && !self.observe && self.rerendered,
            Counted::Expiries => false,
        }
    }

    /// What the last sweep saw, of a role that is only observed; `None` of one that is kept as
    /// written.
    pub fn reported(&mut self) -> Option<&mut Reported> {
        self.observe.then(|| &mut **self.reported.get_or_insert_default())
    }

    fn same_request(&self, other: &Self) -> bool {
        self.uid == other.uid
            && self.generation == other.generation
            && self.digests.spec == other.digests.spec
            && self.deleting == other.deleting
            && self.paused == other.paused
            // Adding the finalizer is our own doing; only somebody taking it off is news.
            && (other.finalizer || !self.finalizer)
            && self.requested_at == other.requested_at
            // More than the spec decides that: what kubectl applied, and what is pinned.
            && self.fingerprints.is_some() == other.fingerprints.is_some()
    }

    /// A store that was set back has the older status too, which does not tell what AWS has.
    fn was_set_back(&self, to: &Self) -> bool {
        self.uid == to.uid && self.generation > to.generation && !to.deleting && !to.paused
    }

    /// True when a sweep may compare it: nothing is under way, and what is known is older than the
    /// page.
    #[must_use]
    pub fn comparable(&self, page_requested_at: Timestamp) -> bool {
        !self.deleting
            && !self.paused
            && (self.converged || self.observe || self.left.is_some())
            && self.settled_at.is_none_or(|at| at < page_requested_at)
    }

    /// What a sweep compares a page with that was asked for at this time, if it may:
    /// `authorization` and `attributes`.
    #[must_use]
    pub fn compared(&self, page_requested_at: Timestamp) -> Option<(Fingerprint, Fingerprint)> {
        if !self.expected || !self.comparable(page_requested_at) {
            return None;
        }
        // Also while the spec is refused.
        if let Some(left) = self.left.as_ref().filter(|_| !self.converged && !self.observe) {
            return Some(**left);
        }
        let (authorization, attributes) = self.fingerprints?;
        Some((self.held.as_ref().map_or(authorization, |held| held.authorization), attributes))
    }

    /// What the pass reads that looks at a difference of a sweep: all, where more than the page
    /// shows may differ.
    #[must_use]
    pub fn closer_look(&self, detail: Option<Box<RoleDetail>>) -> Cause {
        if self.converged || self.observe {
            Cause::Drift(Hint { generation: self.generation, detail })
        } else {
            Cause::Full
        }
    }
}

mod due;
#[cfg(test)]
mod tests;
