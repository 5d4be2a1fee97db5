//! What we wrote lately. IAM's reads are stale by nature: for a while a part that we wrote is taken to be what we wrote,
//! not what is read. In memory only: losing it costs one redundant idempotent write.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    iam::{name, tag},
    plan::{
        fingerprint::{self, Fingerprint},
        observed::{Observed, Part},
        step::{Call, Step},
    },
};

/// How sure we are that a write was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// AWS confirmed it.
    Applied,
    /// The answer was lost. The part may be old or new, whatever a read says: it is written again.
    Unknown,
}

#[derive(Clone, Debug)]
struct Written {
    call: Call,
    certainty: Certainty,
    at: Timestamp,
}

/// Recent writes of all roles, by folded role name and part.
#[derive(Debug, Default)]
pub struct Recent {
    roles: HashMap<String, BTreeMap<Part, Written>>,
}

/// True while `at` is less than `window` ago; a window of zero is off.
#[must_use]
pub fn within(at: Timestamp, now: Timestamp, window: Duration) -> bool {
    !window.is_zero() && now.duration_since(at).unsigned_abs() < window
}

impl Recent {
    /// Notes a write.
    pub fn record(&mut self, step: &Step, certainty: Certainty, at: Timestamp) {
        let parts = self.roles.entry(name::fold(&step.role)).or_default();
        if matches!(step.call, Call::CreateRole { .. } | Call::DeleteRole) {
            // A new or a removed role: what was written to the former one says nothing any more.
            parts.clear();
        }
        for part in step.call.parts() {
            parts.insert(part, Written { call: step.call.clone(), certainty, at });
        }
    }

    /// Forgets a role, as when its resource is gone.
    pub fn forget(&mut self, role: &str) {
        self.roles.remove(&name::fold(role));
    }

    /// Forgets what is older than `window` (the longest one in use).
    pub fn prune(&mut self, now: Timestamp, window: Duration) {
        for parts in self.roles.values_mut() {
            parts.retain(|_, written| within(written.at, now, window));
        }
        self.roles.retain(|_, parts| !parts.is_empty());
    }

    /// True when we created the role, confirmed, less than `window` ago.
    #[must_use]
    pub fn created(&self, role: &str, now: Timestamp, window: Duration) -> bool {
        self.role_write(role).is_some_and(|written| {
            matches!(written.call, Call::CreateRole { .. })
                && written.certainty == Certainty::Applied
                && within(written.at, now, window)
        })
    }

    /// True when the last thing we did to the role itself was to delete it, confirmed.
    #[must_use]
    pub fn deleted(&self, role: &str) -> bool {
        self.role_write(role)
            .is_some_and(|written| written.call == Call::DeleteRole && written.certainty == Certainty::Applied)
    }

    fn role_write(&self, role: &str) -> Option<&Written> {
        self.roles.get(&name::fold(role))?.get(&Part::Role)
    }

    /// The fingerprint of attributes that we wrote less than `window` ago.
    #[must_use]
    pub fn attributes(&self, role: &str, now: Timestamp, window: Duration) -> Option<Fingerprint> {
        let written = self.roles.get(&name::fold(role))?.get(&Part::Attributes)?;
        match &written.call {
            Call::UpdateRole { description, max_session }
                if written.certainty == Certainty::Applied && within(written.at, now, window) =>
            {
                Some(fingerprint::attributes(Some(description), Some(*max_session)))
            }
            _ => None,
        }
    }

    /// Lays recent writes over what was read. `wanted` tells whether an item (attachment, tag) is desired.
    pub fn overlay(
        &self,
        role: &str,
        observed: &mut Observed,
        wanted: impl Fn(&Part) -> bool,
        now: Timestamp,
        window: Duration,
    ) {
        let Some(parts) = self.roles.get(&name::fold(role)) else { return };
        for (part, written) in parts.iter().filter(|(_, written)| within(written.at, now, window)) {
            match written.certainty {
                Certainty::Applied => applied(part, &written.call, observed),
                Certainty::Unknown => unknown(part, &written.call, wanted(part), observed),
            }
        }
    }
}

/// The part is what we wrote.
fn applied(part: &Part, call: &Call, observed: &mut Observed) {
    match (part, call) {
        (_, Call::UpdateTrust { trust }) => observed.role.trust.clone_from(trust),
        (_, Call::UpdateRole { description, max_session }) => {
            observed.role.description = Some(description.clone()).filter(|text| !text.is_empty());
            observed.role.max_session = Some(*max_session);
        }
        (_, Call::PutBoundary { arn }) => observed.role.boundary = Some(arn.clone()),
        (_, Call::DeleteBoundary) => observed.role.boundary = None,
        (_, Call::PutInline { name, document }) => {
            observed.inline.insert(name.clone(), document.clone());
        }
        (_, Call::DeleteInline { name }) => {
            observed.inline.remove(name);
        }
        (_, Call::Attach { arn }) => {
            observed.attached.insert(arn.clone());
        }
        (_, Call::Detach { arn }) => {
            observed.attached.remove(arn);
        }
        (Part::Tag(key), Call::Tag { tags }) => {
            observed.role.tags.retain(|other, _| tag::fold(other) != *key);
            observed
                .role
                .tags
                .extend(tags.iter().filter(|(other, _)| tag::fold(other) == *key).map(|(k, v)| (k.clone(), v.clone())));
        }
        (Part::Tag(key), Call::Untag { .. }) => observed.role.tags.retain(|other, _| tag::fold(other) != *key),
        (_, Call::CreateRole { .. } | Call::DeleteRole | Call::Tag { .. } | Call::Untag { .. }) => {}
    }
}

/// The part may be old or new: it is made to look unlike what is desired, so that it is written again, or taken back.
fn unknown(part: &Part, call: &Call, wanted: bool, observed: &mut Observed) {
    // No document, no ARN, and no tag's value.
    const UNREADABLE: &str = "\u{fffd}";
    match (part, call) {
        (_, Call::UpdateTrust { .. }) => observed.role.trust = UNREADABLE.into(),
        (_, Call::UpdateRole { .. }) => observed.role.max_session = Some(0),
        (_, Call::PutBoundary { .. } | Call::DeleteBoundary) => observed.role.boundary = Some(UNREADABLE.into()),
        (_, Call::PutInline { name, .. } | Call::DeleteInline { name }) => {
            observed.inline.insert(name.clone(), UNREADABLE.into());
        }
        (_, Call::Attach { arn } | Call::Detach { arn }) => {
            if wanted {
                observed.attached.remove(arn);
            } else {
                observed.attached.insert(arn.clone());
            }
        }
        (Part::Tag(key), Call::Tag { .. } | Call::Untag { .. }) => {
            observed.role.tags.retain(|other, _| tag::fold(other) != *key);
            observed.role.tags.insert(key.clone(), UNREADABLE.into());
        }
        (_, Call::CreateRole { .. } | Call::DeleteRole | Call::Tag { .. } | Call::Untag { .. }) => {}
    }
}
