//! Takes a role away: on deletion of its resource, or when its lifetime is over. Ownership is
//! proven first and again right before the last call; blockers are looked for before anything is
//! taken.

use std::{collections::BTreeMap, time::Duration};

use futures::{FutureExt, StreamExt, join, stream, try_join};
use iam::role::{RoleKey, RoleName};
use jiff::Timestamp;

use crate::{
    accounts::Access,
    api::reason,
    controller::pass::{
        context::Pass,
        drive::{Interrupted, Job, Progress, drive},
        observe::{self, Versions},
    },
    plan::{
        decide::{
            brakes::Brake,
            gate::{self, Facts, Hold},
            ownership::{Known, Leave, NotOurs},
            situation::{Aim, Situation, Wait},
        },
        failure::{IamError, IamErrorClass},
        form::observed::{self, Contents, Observed},
        scope::identity::Identity,
        steps::{
            remove,
            step::{IN_FLIGHT, Why},
        },
    },
    ports::{Clock, Cluster, IamRead, IamWrite},
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
        // Where a role is expected, what hangs on it is read beside it: mostly it is there.
        let iam = &self.access.iam;
        let (role, beside) = if known.expected() {
            let (role, all) =
                join!(iam.role(&identity.name), attachments(iam, &identity.name).boxed());
            (role?, Some(all))
        } else {
            (iam.role(&identity.name).await?, None)
        };
        let situation = self.situation(identity, role.as_ref(), known.clone(), Aim::Remove);
        let (mut brake, mut on_it) = (None, Attachments::default());
        if matches!(situation, Situation::Ours(_)) {
            self.shared.memory().absent_since.remove(&identity.key);
            on_it = match beside {
                Some(all) => all?,
                None => attachments(&self.access.iam, &identity.name).await?,
            };
            // What can't go anyway is not counted.
            if !on_it.profiles.is_empty() {
                // The next sweep that sees it free ends the wait.
                self.shared.memory().held_by_profile.insert(identity.key.clone());
                return Ok(Removal::Blocked(format!(
                    "role {} is in instance profile {}, which rolewright does not own: remove the \
                     role from it",
                    identity.name,
                    on_it.profiles.join(", ")
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
        // Of a document that is not read nothing is known.
        let inline = on_it.inline.into_iter().map(|name| (name, String::new())).collect();
        let (attached, contents) = (on_it.attached, Contents::new());
        let mut found = Observed { role, attached, inline, contents };
        let resource = self.resource.clone();
        let reason = if why == Why::Expired { reason::EXPIRED } else { reason::DELETED };
        let account = self.limits.account.clone();
        let key = RoleKey { account: account.id, name };
        let delete = [remove::delete(&key, why)];
        let (access, observed) = (self.access, None);
        let about = Job { access, resource: &resource, identity, observed, reason };
        let mut progress = Progress::default();
        if !(found.attached.is_empty() && found.inline.is_empty()) {
            // IAM checks the right to delete before it looks at what hangs on the role: asked now,
            // it answers AccessDenied while nothing is taken away yet, or DeleteConflict when we
            // may go on. Meanwhile is read what decides in which order that goes.
            let now = self.shared.clock.steady();
            let (answer, held) = {
                let job = Job { observed: Some(&found), ..about };
                let told = &mut self.told;
                join!(
                    drive(self.shared, &job, &delete, &mut leave, &mut progress, told),
                    what_they_hold(self.access, &found, now).boxed()
                )
            };
            match answer {
                Ok(()) => return self.confirm(identity, &progress).await,
                Err(failure) if failed_with(&failure, IamErrorClass::DeleteConflict) => {}
                other => return denied(other),
            }
            (found.inline, found.contents) = held;
            let strip = remove::strip(&key, &found, why, &account);
            let (job, told) = (Job { observed: Some(&found), ..about }, &mut self.told);
            drive(self.shared, &job, &strip, &mut leave, &mut progress, told).await?;
        }
        // Proven again right before the call that can't be undone. "No such role" is not our doing:
        // IAM's replicas may disagree, and two reads of one moment prove no absence.
        let again = self.access.iam.role(&key.name).await?;
        let id = known.id.clone().or_else(|| Some(found.role.role_id.clone()));
        let known = Known { id, ..known };
        let situation = self.situation(identity, again.as_ref(), known, Aim::Remove);
        let mut leave = match may_remove(situation, None) {
            Ok(leave) => leave,
            Err(removal) => return Ok(removal),
        };
        let (job, mut progress) = (Job { observed: Some(&found), ..about }, Progress::default());
        let told = &mut self.told;
        match drive(self.shared, &job, &delete, &mut leave, &mut progress, told).await {
            Ok(()) => self.confirm(identity, &progress).await,
            other => denied(other),
        }
    }

    /// What AWS says to have deleted is gone. Of a role that it did not find nobody knows whether
    /// all of IAM has lost it: then one "no such role" has to be read.
    async fn confirm(
        &self,
        identity: &Identity,
        progress: &Progress,
    ) -> Result<Removal, Interrupted> {
        if !progress.was_gone || self.access.iam.role(&identity.name).await?.is_none() {
            return Ok(Removal::Gone);
        }
        let message = format!("role {} is deleted, and IAM still shows it", identity.name);
        Ok(Removal::Waiting(SOON, message))
    }
}

/// What hangs on a role.
#[derive(Default)]
struct Attachments {
    profiles: Vec<String>,
    attached: observed::Attachments,
    inline: Vec<String>,
}

/// Reads what hangs on a role; nothing does where there is none.
async fn attachments(iam: &impl IamRead, name: &RoleName) -> Result<Attachments, IamError> {
    let (profiles, attached, inline) =
        try_join!(iam.instance_profiles(name), iam.attached(name), iam.inline_names(name))?;
    Ok(Attachments {
        profiles: profiles.unwrap_or_default(),
        attached: attached.unwrap_or_default(),
        inline: inline.unwrap_or_default(),
    })
}

/// The inline policies of a role and what its managed ones hold, as far as that decides in which
/// order they go. Of what can't be read nothing is known, and it has its place all the same.
async fn what_they_hold<I: IamRead>(
    access: &Access<I>,
    found: &Observed,
    now: Timestamp,
) -> (BTreeMap<String, String>, Contents) {
    let mut observed = found.clone();
    if remove::asks_for_contents(&observed) {
        let arns = observed.attached.clone();
        observed.contents = observe::contents(access, arns, Versions::Lately, now).await;
    }
    if remove::asks_for_documents(&observed) {
        let name = &observed.role.name;
        let mut read = Vec::new();
        for policy in observed.inline.keys() {
            let text = access.iam.inline(name, policy);
            let with_name = |text: Result<Option<String>, IamError>| {
                (policy.clone(), text.ok().flatten().unwrap_or_default())
            };
            read.push(text.map(with_name).boxed());
        }
        observed.inline = stream::iter(read).buffered(IN_FLIGHT).collect().await;
    }
    (observed.inline, observed.contents)
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
