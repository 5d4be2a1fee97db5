//! What a read of the role means, with all that is known besides. Reads of IAM lag behind writes,
//! and an answer can be wrong: what would let a role go for ever is believed when two reads show
//! it.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    api::reason,
    plan::{
        decide::{
            clocks::Clocks,
            lifetime::Lifetime,
            ownership::{self, Absence, Known, NotOurs, Proof},
        },
        form::{observed::RoleRecord, settle::within},
        scope::{config::Windows, identity::Identity},
    },
};

/// What is known besides the read.
#[derive(Clone, Debug)]
pub struct ReadContext<'a> {
    /// Which role.
    pub identity: &'a Identity,
    /// What status tells of it.
    pub known: Known<'a>,
    /// What the role is read for.
    pub aim: Aim,
    /// What we did to it lately.
    pub lately: RecentWrites,
    /// Since when a read shows no such role, or none of ours; `None` when this is the first.
    pub unseen_since: Option<Timestamp>,
    /// When it was read, by a steady clock.
    pub now: Timestamp,
    /// What the clocks showed then.
    pub clocks: Clocks,
    /// How long reads are not believed.
    pub windows: Windows,
}

/// What a role is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// It is to be as its resource says, until its end.
    Keep {
        /// How long.
        lifetime: Lifetime,
        /// Creation of the resource.
        created: Timestamp,
    },
    /// It is to go.
    Remove,
}

/// Our recent writes, as far as they bear on what a read shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentWrites {
    /// We created it, and a read may not show it yet.
    pub created: bool,
    /// The last thing that we did was to delete it.
    pub deleted: bool,
    /// We wrote our uid on it, and a read may not show that yet.
    pub took_up: bool,
}

/// What the read means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// There is no such role.
    Absent(Absence),
    /// That can't be told yet.
    NotYet(Wait),
    /// It exists and is not ours, or not ours alone.
    Foreign(NotOurs),
    /// It is ours.
    Ours(Proof),
    /// It is ours, and its time is over.
    Expired(Proof, Timestamp),
    /// There is no such role, and none is to be made.
    Gone(Gone),
}

/// Why another read is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// An expected role was not seen; it is looked for once more after this time.
    Unseen(Duration, String),
    /// We have just created it.
    JustCreated(String),
    /// It was to go, and does not show that it is ours; it is read once more after this time.
    NotOurs(Duration, String),
    /// It shows the uid that we have just replaced: nothing to tell.
    TakenUp,
}

/// Why no role is made where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was to go.
    Removed,
    /// Its time is over.
    Ended(Timestamp),
    /// Another object had taken it up.
    TakenUp(NotOurs),
}

/// Tells what a read means; `role` is `None` when AWS knows no role of that name.
#[must_use]
pub fn situation(role: Option<&RoleRecord>, facts: &ReadContext<'_>) -> Situation {
    match role {
        Some(role) => present(role, facts),
        None => unseen(facts).map_or_else(|| absent(facts), Situation::NotYet),
    }
}

fn present(role: &RoleRecord, facts: &ReadContext<'_>) -> Situation {
    match (ownership::judge(facts.identity, role, &facts.known, facts.now), facts.aim) {
        (Ok(proof), Aim::Keep { lifetime, created }) => {
            let end = lifetime.end(created, Some(role.created));
            match end.filter(|end| facts.clocks.passed(*end)) {
                Some(end) => Situation::Expired(proof, end),
                None => Situation::Ours(proof),
            }
        }
        (Ok(proof), Aim::Remove) => Situation::Ours(proof),
        (Err(not_ours), Aim::Keep { .. }) if not_ours.contested() && facts.lately.took_up => {
            Situation::NotYet(Wait::TakenUp)
        }
        // One read that is old, or broken off, must not leave the role behind for ever.
        (Err(not_ours), Aim::Remove) if facts.known.expected() || not_ours.contested() => {
            match left(facts.unseen_since, facts.now, facts.windows.absence) {
                None => Situation::Foreign(not_ours),
                Some(left) => Situation::NotYet(Wait::NotOurs(
                    left,
                    format!("{}; the controller reads it once more to be sure", not_ours.why),
                )),
            }
        }
        (Err(not_ours), _) => Situation::Foreign(not_ours),
    }
}

/// Why "no such role" is not believed yet.
fn unseen(facts: &ReadContext<'_>) -> Option<Wait> {
    let ReadContext { identity, known, aim, lately, unseen_since, now, windows, .. } = facts;
    if lately.deleted {
        return None;
    }
    if lately.created {
        return Some(Wait::JustCreated(format!(
            "role {} was just created, and IAM does not show it yet",
            identity.name
        )));
    }
    // Making a role that is there already harms nobody: AWS refuses the second one. Where none is
    // to be made, this is the last look at a role that may have been.
    let last = *aim == Aim::Remove || over(facts).is_some();
    if known.id.is_none() && !(known.creating && last) {
        return None;
    }
    let left = left(*unseen_since, *now, windows.absence)?;
    Some(Wait::Unseen(
        left,
        format!(
            "role {} is not found; the controller reads it once more to be sure",
            identity.name
        ),
    ))
}

fn absent(facts: &ReadContext<'_>) -> Situation {
    if facts.aim == Aim::Remove {
        return Situation::Gone(Gone::Removed);
    }
    if let Some(end) = over(facts) {
        return Situation::Gone(Gone::Ended(end));
    }
    if facts.known.uid.is_some_and(|uid| uid != facts.identity.uid) {
        return Situation::Gone(Gone::TakenUp(NotOurs::gone(facts.identity)));
    }
    Situation::Absent(Absence::believed())
}

/// The end of the lifetime, when it has come, as far as the resource alone tells.
fn over(facts: &ReadContext<'_>) -> Option<Timestamp> {
    let Aim::Keep { lifetime, created } = facts.aim else { return None };
    lifetime.end(created, None).filter(|end| facts.clocks.passed(*end))
}

/// How much of the window is left; `None` when it is over, or off.
fn left(since: Option<Timestamp>, now: Timestamp, window: Duration) -> Option<Duration> {
    let since = since.unwrap_or(now);
    within(since, now, window)
        .then(|| window.saturating_sub(now.duration_since(since).unsigned_abs()))
}

impl Wait {
    /// Reason and sentence; `None` when there is nothing to tell.
    #[must_use]
    pub fn words(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Unseen(_, message) | Self::NotOurs(_, message) => {
                Some((reason::WAITING_FOR_ABSENCE, message))
            }
            Self::JustCreated(message) => Some((reason::WAITING_FOR_CREATE, message)),
            Self::TakenUp => None,
        }
    }
}

#[cfg(test)]
mod tests;
