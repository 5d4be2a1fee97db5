//! What is kept between passes: all resources, and what is to be done with them.

pub mod annotated;
pub mod brakes;
pub mod compiled;
pub mod conditions;
pub mod index;
pub mod providers;
pub mod queue;
pub mod unclaimed;

use std::collections::{BTreeSet, HashMap};

use iam::account::AccountId;
use jiff::Timestamp;

use crate::{
    api::{ResourceKey, resource::Resource},
    plan::{decide::room, scope::limits::Limits},
};

use self::{
    annotated::Annotated,
    brakes::Brakes,
    compiled::Compiled,
    index::{Entry, Index},
    providers::Providers,
    unclaimed::Unclaimed,
};

/// What a crash loses. Losing it costs redundant reads and idempotent writes, never a wrong one.
#[derive(Debug, Default)]
pub struct Memory {
    /// All resources.
    pub index: Index,
    /// The highest version that the watch has told.
    pub newest: u64,
    /// Since when a role is not found that is expected, or one that is to go is not ours.
    pub absent_since: HashMap<ResourceKey, Timestamp>,
    /// Owned roles without a resource, of each account.
    pub unclaimed: HashMap<AccountId, Unclaimed>,
    /// Those whose role can't be removed because an instance profile holds it.
    pub held_by_profile: BTreeSet<ResourceKey>,
    /// Those for whose role there is no room in their namespace.
    pub waiting_for_room: BTreeSet<ResourceKey>,
    /// What AWS said of identity providers.
    pub providers: Providers,
    /// What waits to go, and what is held.
    pub brakes: Brakes,
    /// The service accounts that carry the ARNs of roles.
    pub annotated: Annotated,
}

impl Memory {
    /// Takes in a resource as the watch delivers it, with what it comes to. True when it needs a
    /// pass.
    pub fn saw(
        &mut self,
        resource: &Resource,
        limits: &Limits,
        compiled: Compiled,
        now: Timestamp,
    ) -> bool {
        self.brakes.saw(resource, now);
        if let (Some(arn), Some(applied)) = (&resource.status.arn, &resource.status.applied) {
            self.annotated.names(&resource.key, arn, &applied.service_accounts);
        }
        self.index.apply(resource, limits, compiled)
    }

    /// Drops a resource; returns those that may have their turn now: they claim the same name, or
    /// look after what is held.
    pub fn forget(&mut self, key: &ResourceKey) -> Vec<ResourceKey> {
        self.absent_since.remove(key);
        self.waiting_for_room.remove(key);
        self.held_by_profile.remove(key);
        self.annotated.forget(key);
        let looker = self.brakes.gone(key);
        let mut heirs = self.index.remove(key);
        heirs.extend(looker);
        heirs
    }

    /// Takes those out of the waiting who have room now; a lifetime may be `over`.
    pub fn take_admitted(
        &mut self,
        namespace: &str,
        most: usize,
        over: impl Fn(&Entry) -> bool,
    ) -> Vec<ResourceKey> {
        if !self.waiting_for_room.iter().any(|key| key.namespace == namespace) {
            return Vec::new();
        }
        let admitted = room::admitted(self.index.places(namespace, over), most);
        admitted
            .into_iter()
            .map(|place| place.key)
            .filter(|key| self.waiting_for_room.remove(key))
            .collect()
    }
}
