//! What we wrote lately. IAM's reads are stale by nature: for a while a part that we wrote is taken
//! to be what we wrote, not what is read. In memory only: losing it costs one redundant idempotent
//! write.

use iam::role::RoleKey;
use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use crate::plan::{
    form::{
        fingerprint::{self, Fingerprint},
        form::Facet,
        observed::{Observed, RolePart},
    },
    steps::step::{Call, Step},
};

/// How sure we are that a write was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// AWS confirmed it.
    Applied,
    /// The answer was lost. The part may be old or new, whatever a read says: it is written again.
    Unknown,
}

/// What a part was made to be. Thousands of these may be kept for a while, so it has what `lay`
/// needs and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// It is there: a role that was created, an attachment.
    Present,
    /// It is not there.
    Absent,
    /// A document, or the ARN of a boundary.
    Text(Box<str>),
    /// Description, and session duration in seconds.
    Attributes(Box<str>, i32),
    /// Key as stored, and value.
    Tag(Box<str>, Box<str>),
}

#[derive(Clone, Debug)]
struct Written {
    value: Value,
    certainty: Certainty,
    at: Timestamp,
}

/// Recent writes of all roles, by role and part.
#[derive(Debug, Default)]
pub struct Recent {
    /// The few parts of a role in the order of parts.
    roles: HashMap<RoleKey, Vec<(RolePart, Written)>>,
}

/// True while `at` is less than `window` ago; a window of zero is off.
#[must_use]
pub fn within(at: Timestamp, now: Timestamp, window: Duration) -> bool {
    !window.is_zero() && now.duration_since(at).unsigned_abs() < window
}

impl Recent {
    /// Notes a write.
    pub fn record(&mut self, step: &Step, certainty: Certainty, at: Timestamp) {
        let parts = self.roles.entry(step.role.clone()).or_default();
        if matches!(step.call, Call::CreateRole { .. } | Call::DeleteRole) {
            // A new or a removed role: what was written to the former one says nothing any more.
            parts.clear();
        }
        for part in step.call.parts() {
            let written = Written { value: value(&step.call, &part), certainty, at };
            match parts.binary_search_by(|(known, _)| known.cmp(&part)) {
                Ok(place) => {
                    if let Some((_, old)) = parts.get_mut(place) {
                        *old = written;
                    }
                }
                Err(place) => {
                    parts.reserve_exact(1);
                    parts.insert(place, (part, written));
                }
            }
        }
    }

    /// Forgets a role, as when its resource is gone.
    pub fn forget(&mut self, role: &RoleKey) {
        self.roles.remove(role);
    }

    /// Forgets what is older than `window` (the longest one in use).
    pub fn prune(&mut self, now: Timestamp, window: Duration) {
        for parts in self.roles.values_mut() {
            parts.retain(|(_, written)| within(written.at, now, window));
        }
        self.roles.retain(|_, parts| !parts.is_empty());
        // After the creation of thousands of roles the empty table would stay.
        self.roles.shrink_to(self.roles.len() * 4);
    }

    /// True when we created the role, confirmed, less than `window` ago.
    #[must_use]
    pub fn created(&self, role: &RoleKey, now: Timestamp, window: Duration) -> bool {
        self.part(role, &RolePart::Role).is_some_and(|written| {
            written.value == Value::Present
                && written.certainty == Certainty::Applied
                && within(written.at, now, window)
        })
    }

    /// True when the last thing we did to the role itself was to delete it, confirmed.
    #[must_use]
    pub fn deleted(&self, role: &RoleKey) -> bool {
        self.part(role, &RolePart::Role).is_some_and(|written| {
            written.value == Value::Absent && written.certainty == Certainty::Applied
        })
    }

    fn part(&self, role: &RoleKey, part: &RolePart) -> Option<&Written> {
        let parts = self.roles.get(role)?;
        parts.iter().find(|(known, _)| known == part).map(|(_, written)| written)
    }

    /// The fingerprint of attributes that we wrote less than `window` ago.
    #[must_use]
    pub fn attributes(
        &self,
        role: &RoleKey,
        now: Timestamp,
        window: Duration,
    ) -> Option<Fingerprint> {
        let written = self.part(role, &RolePart::Attributes)?;
        match &written.value {
            Value::Attributes(description, max_session)
                if written.certainty == Certainty::Applied && within(written.at, now, window) =>
            {
                Some(fingerprint::attributes(Some(description), Some(*max_session)))
            }
            _ => None,
        }
    }

    /// The value of a tag as it was written lately; `None` when nothing is known.
    #[must_use]
    pub fn tag(&self, role: &RoleKey, key: &str, now: Timestamp, window: Duration) -> Option<&str> {
        let written = self.part(role, &RolePart::Tag(key.into()))?;
        match &written.value {
            Value::Tag(_, value)
                if written.certainty == Certainty::Applied && within(written.at, now, window) =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// Whether [`overlay`](Self::overlay) may change anything of a role.
    #[must_use]
    pub fn knows(&self, role: &RoleKey) -> bool {
        self.roles.contains_key(role)
    }

    /// Whether a read that was asked for at `asked` may show a part as it was before one of these
    /// writes, and is not corrected by [`Self::overlay`] now: the outcome of the write is unknown,
    /// or the window has ended since.
    #[must_use]
    pub fn unsettled(
        &self,
        role: &RoleKey,
        asked: Timestamp,
        now: Timestamp,
        window: Duration,
    ) -> bool {
        let open = |written: &Written| {
            within(written.at, asked, window)
                && (written.certainty == Certainty::Unknown || !within(written.at, now, window))
        };
        self.roles.get(role).into_iter().flatten().any(|(_, written)| open(written))
    }

    /// Lays recent writes over what was read. `wanted` tells whether an item (attachment, tag) is
    /// desired.
    pub fn overlay(
        &self,
        role: &RoleKey,
        observed: &mut Observed,
        wanted: impl Fn(&RolePart) -> bool,
        now: Timestamp,
        window: Duration,
    ) {
        let Some(parts) = self.roles.get(role) else { return };
        for (part, written) in parts.iter().filter(|(_, written)| within(written.at, now, window)) {
            let lately = match written.certainty {
                Certainty::Applied => Lately::Is(&written.value),
                Certainty::Unknown => Lately::MayBe { wanted: wanted(part) },
            };
            for facet in observed.form_mut().facets() {
                lay(facet, part, &lately);
            }
        }
    }
}

/// What a call makes of one of its parts.
fn value(call: &Call, part: &RolePart) -> Value {
    match call {
        Call::CreateRole { .. } | Call::Attach { .. } => Value::Present,
        Call::UpdateTrust { trust: text }
        | Call::PutBoundary { arn: text }
        | Call::PutInline { document: text, .. } => Value::Text(text.as_str().into()),
        Call::UpdateRole { description, max_session } => {
            Value::Attributes(description.as_str().into(), *max_session)
        }
        Call::Tag { tags } => tags
            .iter()
            .find(|(key, _)| matches!(part, RolePart::Tag(own) if own == *key))
            .map_or(Value::Absent, |(key, value)| {
                Value::Tag(key.as_str().into(), value.as_str().into())
            }),
        Call::DeleteRole
        | Call::DeleteBoundary
        | Call::DeleteInline { .. }
        | Call::Detach { .. }
        | Call::Untag { .. } => Value::Absent,
    }
}

/// What is known of a part that was written lately.
enum Lately<'a> {
    /// It is what we wrote.
    Is(&'a Value),
    /// It may be old or new: it is made to look unlike what is desired (`wanted` tells whether an
    /// item is), so that it is written again, or taken back.
    MayBe { wanted: bool },
}

/// Lays what is known of a part over the facet of the form that it belongs to. The role itself is
/// asked for by name; and no part has another's value.
fn lay(facet: Facet<&mut String>, part: &RolePart, lately: &Lately<'_>) {
    // No document, no ARN, and no tag's value.
    const UNREADABLE: &str = "\u{fffd}";
    match facet {
        Facet::Trust(trust) => match (part, lately) {
            (RolePart::Trust, Lately::Is(Value::Text(text))) => *trust = text.to_string(),
            (RolePart::Trust, Lately::MayBe { .. }) => *trust = UNREADABLE.into(),
            _ => {}
        },
        Facet::Boundary(boundary) => match (part, lately) {
            (RolePart::Boundary, Lately::Is(Value::Text(arn))) => *boundary = Some(arn.to_string()),
            (RolePart::Boundary, Lately::Is(Value::Absent)) => *boundary = None,
            (RolePart::Boundary, Lately::MayBe { .. }) => *boundary = Some(UNREADABLE.into()),
            _ => {}
        },
        Facet::Attached(attached) => match (part, lately) {
            (
                RolePart::Attachment(arn),
                Lately::Is(Value::Present) | Lately::MayBe { wanted: false },
            ) => {
                attached.insert(arn.clone());
            }
            (
                RolePart::Attachment(arn),
                Lately::Is(Value::Absent) | Lately::MayBe { wanted: true },
            ) => {
                attached.remove(arn);
            }
            _ => {}
        },
        Facet::Inline(inline) => match (part, lately) {
            (RolePart::Inline(name), Lately::Is(Value::Text(document))) => {
                inline.insert(name.clone(), document.to_string());
            }
            (RolePart::Inline(name), Lately::Is(Value::Absent)) => {
                inline.remove(name);
            }
            (RolePart::Inline(name), Lately::MayBe { .. }) => {
                inline.insert(name.clone(), UNREADABLE.into());
            }
            _ => {}
        },
        // Removed first: the map would keep a key in its old letters.
        Facet::Tags(tags) => match (part, lately) {
            (RolePart::Tag(key), Lately::Is(Value::Tag(stored, value))) => {
                tags.remove(key);
                tags.insert((&**stored).into(), value.to_string());
            }
            (RolePart::Tag(key), Lately::Is(Value::Absent)) => {
                tags.remove(key);
            }
            (RolePart::Tag(key), Lately::MayBe { .. }) => {
                tags.remove(key);
                tags.insert(key.clone(), UNREADABLE.into());
            }
            _ => {}
        },
        Facet::Attributes { description, max_session } => match (part, lately) {
            (RolePart::Attributes, Lately::Is(Value::Attributes(text, seconds))) => {
                *description = Some(text.to_string()).filter(|text| !text.is_empty());
                *max_session = Some(*seconds);
            }
            (RolePart::Attributes, Lately::MayBe { .. }) => *max_session = Some(0),
            _ => {}
        },
    }
}
