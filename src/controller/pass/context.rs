//! One pass over one resource: what all of its stages work on.

use std::time::Duration;

use iam::{role::RoleKey, tag};
use jiff::Timestamp;
use tracing::warn;

use crate::{
    accounts::Access,
    api::{RoleStatus, condition, kinds::iam_role::Applied, reason, resource::Resource},
    controller::{
        memory::queue::Hint,
        pass::drive::{Interrupted, Progress, Told},
        shared::Shared,
    },
    plan::{
        decide::{
            ownership::{self, Known},
            situation::{Aim, ReadContext, RecentWrites, Situation, Wait, situation},
        },
        failure::IamError,
        form::{
            desired::Desired,
            fingerprint::{self, Owned},
            observed::{Observed, RoleRecord},
            settle::{Certainty, Recent},
        },
        say::{conditions, verdict::Verdict},
        scope::{identity::Identity, limits::Limits},
        steps::applied,
    },
    ports::{Clock, Cluster, IamWrite},
};

/// One pass: the resource as it was read, and the status as it is to be.
pub(in crate::controller) struct Pass<'a, I, C, K> {
    pub(super) shared: &'a Shared<I, C, K>,
    /// What the resource may ask for.
    pub(super) limits: &'a Limits,
    /// The account that its role is in.
    pub(super) access: &'a Access<I>,
    pub(super) resource: Resource,
    pub(super) status: RoleStatus,
    /// What was done to the role, and is not told yet.
    pub(super) told: Told,
    /// The brakes hold it.
    pub(super) is_held: bool,
}

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Nothing is created or changed in AWS for a resource that could vanish without our noticing.
    pub(super) async fn hold(&mut self) -> Result<(), Interrupted> {
        if !self.resource.finalizer {
            self.shared.cluster.add_finalizer(&self.resource).await?;
            self.resource.finalizer = true;
        }
        Ok(())
    }

    pub(super) fn pin(&mut self, identity: &Identity) {
        self.status.role_name = Some(identity.name.to_string());
        self.status.path = Some(identity.path.clone());
    }

    pub(super) fn forget_role(&mut self) {
        self.status.role_id = None;
        self.status.arn = None;
        self.status.held = None;
    }

    /// Our role is at its end: one that appears under its name is somebody else's.
    pub(super) fn end_role(&mut self) {
        self.forget_role();
        self.status.creating = None;
        self.status.role_uid = Some(self.resource.uid.clone());
    }

    pub(super) fn note_deadline(&self, end: Option<Timestamp>) {
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.deadline = end;
        }
    }

    /// Names that we are about to write are saved first: an additive facet needs them to take back
    /// what is no longer wanted, and a crash must not lose them. So is the id of a role that we
    /// have just found to be ours: a deletion that knows of none looks once only.
    pub(super) async fn save_applied(
        &mut self,
        desired: &Desired,
        before: &Applied,
    ) -> Result<(), Interrupted> {
        let next = applied::union(before, &applied::of(desired));
        if next != *before || self.status.role_id != self.resource.status.role_id {
            self.status.applied = Some(next);
            let message = format!("role {} is being changed", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        Ok(())
    }

    /// Notes how the role is left behind by the steps that were carried out: a sweep compares a
    /// role with that which is not as written. Nothing is noted when it can't be known.
    pub(super) fn note_left(&self, observed: &Observed, progress: &Progress, scope: &Owned) {
        let Progress { done, unsure, .. } = progress;
        let account = &self.limits.account;
        let key = RoleKey { account: account.id, name: observed.role.name.clone() };
        let (mut recent, mut observed) = (Recent::default(), observed.clone());
        let now = self.shared.clock.now();
        for step in done {
            recent.record(step, Certainty::Applied, now);
        }
        recent.overlay(&key, &mut observed, |_| true, now, Duration::MAX);
        let (form, role) = (observed.form(), &observed.role);
        let left = (!unsure).then(|| {
            let authorization = fingerprint::authorization(form, scope, account);
            let attributes = fingerprint::attributes(role.description.as_deref(), role.max_session);
            (authorization, attributes)
        });
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.left = left.map(Box::new);
        }
    }

    /// Nothing is known of how the role was left behind.
    pub(super) fn forget_left(&self) {
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.left = None;
        }
    }

    /// What a request of a user changes before anything is decided.
    pub(super) fn take_up_request(&mut self) -> bool {
        // An annotation that is taken away asks for nothing.
        let requested = self.resource.reconcile_requested_at.is_some()
            && self.resource.reconcile_requested_at != self.status.last_handled_reconcile_at;
        if requested {
            self.status.applied_generation = None;
            // What another one has taken up is taken back, also when that needs more than this
            // pass.
            if self.status.role_uid.take().is_some_and(|uid| uid != self.resource.uid) {
                self.forget_role();
            }
        }
        self.status.last_handled_reconcile_at.clone_from(&self.resource.reconcile_requested_at);
        requested
    }

    /// The role under the name that an earlier version gave it, if it is this resource's: then that
    /// stays its name.
    pub(super) async fn find_former(
        &self,
        identity: &mut Identity,
    ) -> Result<Option<RoleRecord>, IamError> {
        let Some(former) = identity.former.take() else { return Ok(None) };
        let role = self.access.iam.role(&former).await?;
        let role = role.filter(|role| ownership::carries_our_tags(identity, role));
        if role.is_some() {
            identity.own = self.limits.own.role.as_ref() == Some(&former);
            identity.name = former;
        }
        Ok(role)
    }

    /// What a read of the role means, with all that we know of it. A first read that is not
    /// believed is remembered.
    pub(super) fn situation(
        &self,
        identity: &Identity,
        role: Option<&RoleRecord>,
        known: Known<'_>,
        aim: Aim,
    ) -> Situation {
        let (now, clocks) = (self.shared.clock.steady(), self.shared.clocks(self.access));
        let (windows, key) = (self.shared.windows, identity.role());
        let recent = self.access.recent();
        let lately = RecentWrites {
            created: recent.created(&key, now, windows.create),
            deleted: recent.deleted(&key),
            took_up: recent.tag(&key, tag::UID, now, windows.settle) == Some(&identity.uid),
        };
        drop(recent);
        let unseen_since = self.shared.memory().absent_since.get(&identity.key).copied();
        let facts =
            ReadContext { identity, known, aim, lately, unseen_since, now, clocks, windows };
        let situation = situation(role, &facts);
        if let Situation::NotYet(Wait::Unseen(..) | Wait::NotOurs(..)) = situation {
            self.shared.memory().absent_since.entry(identity.key.clone()).or_insert(now);
        }
        situation
    }

    /// What a read of the role tells of its account: whether pages show boundaries.
    pub(super) fn note_boundary(&self, hint: Option<&Hint>, role: &RoleRecord) {
        let key = RoleKey { account: self.access.id(), name: role.name.clone() };
        let page = hint.and_then(|hint| hint.detail.as_deref());
        let hides = page.is_some_and(|page| page.role.boundary.is_none())
            && role.boundary.is_some()
            // A page that is older than our own writes hides nothing.
            && !self.access.recent().knows(&key);
        let mut boundaries = self.access.boundaries();
        if hides && boundaries.hide() {
            warn!(
                account = %self.access.id(),
                role = %role.name,
                "pages of GetAccountAuthorizationDetails do not show the permissions boundary that \
                 GetRole shows: boundaries of this account are read role by role, so that drift \
                     in them is noticed within 60 sweeps"
            );
        }
        boundaries.read(&role.name, role.boundary.as_deref());
    }

    /// The role is there, and is what the resource is about.
    pub(super) fn found(&mut self, desired: &Desired, (id, arn): (String, String)) {
        self.pin(&desired.identity);
        (self.status.role_id, self.status.arn) = (Some(id), Some(arn));
        self.status.creating = None;
        self.status.plan = None;
    }

    /// True when the API server holds already what must stand there before `CreateRole`: a create
    /// that is denied again and again is no news.
    pub(super) fn create_is_saved(&self) -> bool {
        let (next, saved) = (&self.status, &self.resource.status);
        next.role_name == saved.role_name
            && next.path == saved.path
            && next.account_id == saved.account_id
            && next.applied == saved.applied
            && next.creating == saved.creating
            && next.role_id == saved.role_id
            && next.arn == saved.arn
    }

    /// True when the status says that the lifetime is over.
    pub(super) fn says_over(&self) -> bool {
        conditions::is_true(&self.status.conditions, condition::EXPIRED)
    }
}
