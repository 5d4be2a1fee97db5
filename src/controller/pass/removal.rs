//! Takes a role away: on deletion of its resource, or when its lifetime is over. Ownership is
//! proven first and again right before the last call; blockers are looked for before anything is
//! taken; the boundary stays to the last.

use iam::role::RoleKey;
use std::time::Duration;

use crate::{
    accounts::Access,
    api::resource::Resource,
    controller::{
        pass::drive::{Interrupted, Job, drive},
        shared::Shared,
    },
    plan::{
        decide::ownership::{self, Known, NotOurs},
        failure::IamErrorClass,
        form::{
            observed::{Observed, RoleRecord},
            settle::within,
        },
        scope::identity::Identity,
        steps::step::{Call, Step, Why},
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
}

/// What is known about a role that a read did not find.
#[derive(Debug, PartialEq, Eq)]
pub enum Absence {
    /// It does not exist.
    Confirmed,
    /// Another read is needed after this time.
    Unconfirmed(Duration, String),
    /// We have just created it, and IAM does not show it yet.
    JustCreated(String),
}

/// Whether "no such role" is to be believed: reads of IAM lag behind writes. `expected` when status
/// has the role's id.
pub fn absence<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    identity: &Identity,
    expected: bool,
) -> Absence {
    let (now, windows) = (shared.clock.now(), shared.windows);
    if access.recent().deleted(&identity.role()) {
        return Absence::Confirmed;
    }
    if access.recent().created(&identity.role(), now, windows.create) {
        return Absence::JustCreated(format!(
            "role {} was just created, and IAM does not show it yet",
            identity.name
        ));
    }
    if !expected || windows.absence.is_zero() {
        return Absence::Confirmed;
    }
    let first = *shared.memory().absent_since.entry(identity.key.clone()).or_insert(now);
    if within(first, now, windows.absence) {
        let left = windows.absence.saturating_sub(now.duration_since(first).unsigned_abs());
        let message = format!(
            "role {} is not found; it is looked for once more before that is believed",
            identity.name
        );
        return Absence::Unconfirmed(left, message);
    }
    Absence::Confirmed
}

/// What a removal makes of a role that is not ours. That another cluster has taken it up is
/// believed after two reads: a read that lags behind our own taking up must not leave the role
/// behind for ever.
fn left<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    identity: &Identity,
    not_ours: NotOurs,
) -> Removal {
    let (now, window) = (shared.clock.now(), shared.windows.absence);
    if not_ours.contested() {
        let first = *shared.memory().absent_since.entry(identity.key.clone()).or_insert(now);
        if within(first, now, window) {
            let wait = window.saturating_sub(now.duration_since(first).unsigned_abs());
            let message = format!(
                "role {} shows another uid; it is read once more before that is believed",
                identity.name
            );
            return Removal::Waiting(wait, message);
        }
    }
    Removal::NotOurs(not_ours)
}

/// What a removal makes of a role that a read does not show.
fn not_found<I, C, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    identity: &Identity,
) -> Removal {
    match absence(shared, access, identity, true) {
        Absence::Confirmed => Removal::Gone,
        Absence::Unconfirmed(wait, message) => Removal::Waiting(wait, message),
        Absence::JustCreated(message) => Removal::Waiting(Duration::from_secs(1), message),
    }
}

/// Removes the role of `identity`.
///
/// # Errors
/// The first failure; the next pass begins anew.
pub async fn remove<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    access: &Access<I>,
    resource: &Resource,
    identity: &Identity,
    known: Known<'_>,
    why: Why,
    reason: &'static str,
) -> Result<Removal, Interrupted> {
    let Some(role) = access.iam.role(&identity.name).await? else {
        // Before a role may be called gone, it is looked for twice, also when status never pinned
        // it.
        return Ok(not_found(shared, access, identity));
    };
    if let Err(not_ours) = ownership::judge(identity, &role, &known) {
        return Ok(left(shared, identity, not_ours));
    }
    shared.memory().absent_since.remove(&identity.key);
    let proven_at = shared.clock.now();
    let name = role.name.clone();
    if let Some(profiles) =
        access.iam.instance_profiles(&name).await?.filter(|profiles| !profiles.is_empty())
    {
        return Ok(Removal::Blocked(format!(
            "role {name} is in instance profile {}, which is not ours: remove the role from it",
            profiles.join(", ")
        )));
    }
    let (attached, inline) = (
        access.iam.attached(&name).await?.unwrap_or_default(),
        access.iam.inline_names(&name).await?.unwrap_or_default(),
    );
    let observed = Observed {
        role,
        attached,
        inline: inline.into_iter().map(|name| (name, String::new())).collect(),
    };
    take_away(
        shared,
        &Job {
            access,
            resource,
            identity,
            observed: Some(&observed),
            uid: known.uid,
            proven_at,
            reason,
        },
        &observed,
        known,
        why,
    )
    .await
}

async fn take_away<I: IamWrite, C: Cluster, K: Clock>(
    shared: &Shared<I, C, K>,
    job: &Job<'_, I>,
    observed: &Observed,
    known: Known<'_>,
    why: Why,
) -> Result<Removal, Interrupted> {
    let Observed { role, attached, inline } = observed;
    let step = |call| Step {
        role: RoleKey { account: job.identity.account.id, name: role.name.clone() },
        call,
        why,
        change: None,
    };
    let delete = [step(Call::DeleteRole)];
    let strip: Vec<Step> = attached
        .iter()
        .map(|arn| step(Call::Detach { arn: arn.clone() }))
        .chain(inline.keys().map(|name| step(Call::DeleteInline { name: name.clone() })))
        .collect();
    if !strip.is_empty() {
        // IAM checks the right to delete before it looks at what hangs on the role: asked now, it
        // answers AccessDenied while nothing is taken away yet, or DeleteConflict when we may go
        // on.
        match drive(shared, job, &delete, &mut None).await {
            Ok(()) => return confirm(job.access, job.identity).await,
            Err(Interrupted::Iam(error, _)) if error.class == IamErrorClass::DeleteConflict => {}
            Err(Interrupted::Iam(error, _)) if error.class == IamErrorClass::AccessDenied => {
                return Ok(Removal::Blocked(format!(
                    "{error}: grant the controller iam:DeleteRole on this role"
                )));
            }
            Err(other) => return Err(other),
        }
        drive(shared, job, &strip, &mut None).await?;
    }
    // Proven again right before the call that can't be undone.
    let again: Option<RoleRecord> = job.access.iam.role(&role.name).await?;
    // Not our doing: IAM's replicas may disagree, and two reads of one moment prove no absence.
    let Some(again) = again else { return Ok(not_found(shared, job.access, job.identity)) };
    let known = Known { id: known.id.or_else(|| Some(role.role_id.clone())), ..known };
    if let Err(not_ours) = ownership::judge(job.identity, &again, &known) {
        return Ok(left(shared, job.identity, not_ours));
    }
    let job = Job { proven_at: shared.clock.now(), ..*job };
    match drive(shared, &job, &delete, &mut None).await {
        Ok(()) => confirm(job.access, job.identity).await,
        Err(Interrupted::Iam(error, _)) if error.class == IamErrorClass::AccessDenied => Ok(
            Removal::Blocked(format!("{error}: grant the controller iam:DeleteRole on this role")),
        ),
        Err(other) => Err(other),
    }
}

/// After our own `DeleteRole` one "no such role" is enough.
async fn confirm<I: IamWrite>(
    access: &Access<I>,
    identity: &Identity,
) -> Result<Removal, Interrupted> {
    if access.iam.role(&identity.name).await?.is_none() {
        return Ok(Removal::Gone);
    }
    Ok(Removal::Waiting(
        Duration::from_secs(1),
        format!("role {} is deleted, and IAM still shows it", identity.name),
    ))
}
