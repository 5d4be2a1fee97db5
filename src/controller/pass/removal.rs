//! Takes a role away: on deletion of its resource, or when its lifetime is over. Ownership is
//! proven first and again right before the last call; blockers are looked for before anything is
//! taken.

use std::time::Duration;

use iam::role::RoleKey;

use crate::{
    api::reason,
    controller::pass::{
        context::Pass,
        drive::{Interrupted, Job, Progress, drive},
    },
    plan::{
        decide::{
            brakes::Brake,
            gate::{self, Facts, Hold},
            ownership::{Known, Leave, NotOurs},
            situation::{Aim, Situation, Wait},
        },
        failure::IamErrorClass,
        form::observed::{Contents, Observed},
        scope::identity::Identity,
        steps::{remove, step::Why},
    },
    ports::{Clock, Cluster, IamWrite},
};

/// How a removal ended.
#[derive(Debug)]
pub enum Removal {
    /// No such role any more.
    Gone,
    /// The role is not ours and was left alone.
    NotOurs(NotOurs),
    /// Something keeps it; nothing was taken away.
    Blocked(String),
    /// It can't be told yet; look again after this time.
    Waiting(Duration, String),
    /// Too many roles would go.
    Braked(Brake),
}

/// IAM shows what it has just done after about a second.
const SOON: Duration = Duration::from_secs(1);

impl<I: IamWrite, C: Cluster, K: Clock> Pass<'_, I, C, K> {
    /// Removes the role of `identity`.
    ///
    /// # Errors
    /// The first failure; the next pass begins anew.
    pub(super) async fn remove(
        &mut self,
        identity: &Identity,
        known: Known<'_>,
        why: Why,
    ) -> Result<Removal, Interrupted> {
        let role = self.access.iam.role(&identity.name).await?;
        let situation = self.situation(identity, role.as_ref(), known.clone(), Aim::Remove);
        let mut brake = None;
        if matches!(situation, Situation::Ours(_)) {
            self.shared.memory().absent_since.remove(&identity.key);
            // What can't go anyway is not counted.
            let profiles = self.access.iam.instance_profiles(&identity.name).await?;
            if let Some(profiles) = profiles.filter(|profiles| !profiles.is_empty()) {
                // The next sweep that sees it free ends the wait.
                self.shared.memory().held_by_profile.insert(identity.key.clone());
                return Ok(Removal::Blocked(format!(
                    "role {} is in instance profile {}, which rolewright does not own: remove the \
                     role from it",
                    identity.name,
                    profiles.join(", ")
                )));
            }
            brake = self.brake_removal(why).await?;
        }
        let mut leave = match may_remove(situation, brake) {
            Ok(leave) => leave,
            Err(removal) => return Ok(removal),
        };
        let Some(role) = role else { return Err(Interrupted::ProofTooOld) };
        let name = role.name.clone();
        let attached = self.access.iam.attached(&name).await?.unwrap_or_default();
        let inline = self.access.iam.inline_names(&name).await?.unwrap_or_default();
        let inline = inline.into_iter().map(|name| (name, String::new())).collect();
        let observed = Observed { role, attached, inline, contents: Contents::new() };
        let resource = self.resource.clone();
        let job = Job {
            access: self.access,
            resource: &resource,
            identity,
            observed: Some(&observed),
            reason: if why == Why::Expired { reason::EXPIRED } else { reason::DELETED },
        };
        let key = RoleKey { account: identity.account.id, name };
        let mut progress = Progress::default();
        let strip = remove::strip(&key, &observed, why);
        let delete = [remove::delete(&key, why)];
        if !strip.is_empty() {
            // IAM checks the right to delete before it looks at what hangs on the role: asked now,
            // it answers AccessDenied while nothing is taken away yet, or DeleteConflict when we
            // may go on.
            match drive(self.shared, &job, &delete, &mut leave, &mut progress, &mut self.told).await
            {
                Ok(()) => return self.confirm(identity).await,
                Err(failure) if failed_with(&failure, IamErrorClass::DeleteConflict) => {}
                other => return denied(other),
            }
            drive(self.shared, &job, &strip, &mut leave, &mut progress, &mut self.told).await?;
        }
        // Proven again right before the call that can't be undone. "No such role" is not our doing:
        // IAM's replicas may disagree, and two reads of one moment prove no absence.
        let again = self.access.iam.role(&key.name).await?;
        let id = known.id.clone().or_else(|| Some(observed.role.role_id.clone()));
        let known = Known { id, ..known };
        let situation = self.situation(identity, again.as_ref(), known, Aim::Remove);
        let mut leave = match may_remove(situation, None) {
            Ok(leave) => leave,
            Err(removal) => return Ok(removal),
        };
        match drive(self.shared, &job, &delete, &mut leave, &mut progress, &mut self.told).await {
            Ok(()) => self.confirm(identity).await,
            other => denied(other),
        }
    }

    /// After our own `DeleteRole` one "no such role" is enough.
    async fn confirm(&self, identity: &Identity) -> Result<Removal, Interrupted> {
        if self.access.iam.role(&identity.name).await?.is_none() {
            return Ok(Removal::Gone);
        }
        let message = format!("role {} is deleted, and IAM still shows it", identity.name);
        Ok(Removal::Waiting(SOON, message))
    }
}

/// The grounds on which the role may be removed, or how its removal ends without them.
fn may_remove(situation: Situation, brake: Option<Brake>) -> Result<Leave, Removal> {
    let facts = Facts { brake, ..Facts::default() };
    gate::before_writing(situation, &facts).map_err(|hold| match hold {
        Hold::NotYet(Wait::Unseen(left, message) | Wait::NotOurs(left, message)) => {
            Removal::Waiting(left, message)
        }
        Hold::NotYet(Wait::JustCreated(message)) => Removal::Waiting(SOON, message),
        Hold::Foreign(not_ours) => Removal::NotOurs(not_ours),
        Hold::Gone(_) => Removal::Gone,
        Hold::Braked(brake) => Removal::Braked(brake),
        other => Removal::Blocked(format!("the role may not be removed now: {other:?}")),
    })
}

/// A denial of the removal itself; other failures stay what they are.
fn denied(outcome: Result<(), Interrupted>) -> Result<Removal, Interrupted> {
    match outcome {
        Ok(()) => Ok(Removal::Gone),
        Err(failure) => match failure.error() {
            Some(error) if error.class == IamErrorClass::AccessDenied => {
                let remedy = "grant the controller iam:DeleteRole on this role";
                Ok(Removal::Blocked(format!("{error}: {remedy}")))
            }
            _ => Err(failure),
        },
    }
}

fn failed_with(failure: &Interrupted, class: IamErrorClass) -> bool {
    failure.error().is_some_and(|error| error.class == class)
}
