//! What a resource comes to, as far as the index keeps it. It is made of a tenant's text, and away
//! from the engine's loop.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use iam::{role::RoleKey, trust::provider};
use jiff::Timestamp;

use crate::{
    api::{
        RoleStatus,
        kinds::iam_role::{Applied, DeletionPolicy, DriftPolicy},
        resource::Resource,
    },
    controller::memory::providers::Needs,
    plan::{
        form::{
            desired::{Desired, compile},
            fingerprint::{self, Fingerprint, Owned},
            lenient,
        },
        scope::{identity, limits::Limits},
    },
};

/// Makes digests; two of them agree about nothing.
#[derive(Clone, Debug, Default)]
pub struct Digester(RandomState);

/// What a compilation depends on, besides the limits, which the resource's account chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of the spec. Uid and generation would do, but for a store that was set back: it gives the
    /// same generation to another spec.
    pub spec: u64,
    /// Of what else counts.
    pinned: u64,
}

impl Digester {
    /// The digests of a resource.
    #[must_use]
    pub fn of(&self, resource: &Resource) -> Digests {
        let pinned = (pinned(&resource.status), &resource.last_applied);
        Digests { spec: self.0.hash_one(&resource.spec), pinned: self.0.hash_one(pinned) }
    }
}

/// What a resource comes to.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Of what it was made.
    pub(super) digests: Digests,
    /// Its role.
    pub(super) role: RoleKey,
    /// The role may be created under that name.
    pub(super) in_scope: bool,
    /// The role stays when the resource goes.
    pub(super) leaves: bool,
    /// `None` while the spec is invalid or beyond the operator's limits.
    pub(super) fingerprints: Option<(Fingerprint, Fingerprint)>,
    /// Which observed items count.
    pub(super) scope: Owned,
    /// The identity providers that it counts on; `None` without any.
    pub(super) needs: Option<Arc<Needs>>,
    /// The role is only observed.
    pub(super) observe: bool,
    /// The lifetime's end.
    pub(super) deadline: Option<Timestamp>,
}

impl Compiled {
    /// Compiles the spec.
    #[must_use]
    pub fn anew(resource: &Resource, limits: &Limits, digests: Digests) -> Self {
        let (identity, compiled) = guarded(|| {
            let node = identity::read_spec(&resource.spec).ok();
            (identity::identify(resource, node.as_ref(), limits), compile(resource, limits).ok())
        })
        .unwrap_or_else(|| (identity::identify(resource, None, limits), None));
        let wanted = compiled.and_then(|(wanted, beyond)| beyond.is_empty().then_some(wanted));
        // A role whose spec is refused is not kept as written, but ends in its time.
        let deadline = match &wanted {
            Some(wanted) => wanted.terms.lifetime.end(resource.created, None),
            None => guarded(|| lenient::end(resource)).flatten(),
        };
        let applied = resource.status.applied.clone().unwrap_or_default();
        Self {
            digests,
            role: identity.role(),
            in_scope: identity::out_of_scope(&identity, limits).is_empty(),
            leaves: guarded(|| lenient::deletion_terms(resource, limits).ok()).flatten()
                == Some(DeletionPolicy::Retain),
            fingerprints: wanted.as_ref().map(fingerprint::of_desired),
            scope: wanted.as_ref().map(|wanted| Owned::of(wanted, &applied)).unwrap_or_default(),
            needs: wanted.as_ref().and_then(needs),
            observe: wanted
                .as_ref()
                .is_some_and(|wanted| wanted.terms.drift == DriftPolicy::Observe),
            deadline,
        }
    }
}

/// The identity providers that a role counts on.
fn needs(wanted: &Desired) -> Option<Arc<Needs>> {
    let needs = provider::needed(&wanted.form.trust, &wanted.identity.account);
    (!needs.is_empty()).then(|| Arc::new(needs))
}

/// What of a status counts when its resource is compiled.
fn pinned(status: &RoleStatus) -> impl Hash {
    let applied = status.applied.as_ref().map(|applied| {
        let Applied { inline_policies, managed_policies, tags, .. } = applied;
        (inline_policies, managed_policies, tags)
    });
    // The saved end counts while the spec is refused.
    let end = status.expires_at.as_ref().map(|end| end.0);
    (&status.role_name, &status.path, &status.account_id, applied, end)
}

/// Runs what reads a tenant's text. The watch must outlive a panic in it; the pass meets the same
/// one and parks the resource.
fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok()
}
