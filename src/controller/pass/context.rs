//! One pass over one resource: what all of its stages work on.

use jiff::Timestamp;

use crate::{
    accounts::Access,
    api::{RoleStatus, kinds::iam_role::Applied, reason, resource::Resource},
    controller::{pass::drive::Interrupted, shared::Shared},
    plan::{
        form::desired::Desired,
        say::verdict::Verdict,
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
    }

    /// Our role is at its end: one that appears under its name is somebody else's.
    pub(super) fn end_role(&mut self) {
        self.forget_role();
        self.status.role_uid = Some(self.resource.uid.clone());
    }

    pub(super) fn note_deadline(&self, end: Option<Timestamp>) {
        if let Some(entry) = self.shared.memory().index.get_mut(&self.resource.key) {
            entry.deadline = end;
        }
    }

    /// Names that we are about to write are saved first: an additive facet needs them to take back
    /// what is no longer wanted, and a crash must not lose them.
    pub(super) async fn save_applied(
        &mut self,
        desired: &Desired,
        before: &Applied,
    ) -> Result<(), Interrupted> {
        let next = applied::union(before, &applied::of(desired));
        if next != *before {
            self.status.applied = Some(next);
            let message = format!("role {} is being changed", desired.identity.name);
            self.save(&Verdict::Working(reason::PROGRESSING, message)).await?;
        }
        Ok(())
    }
}
