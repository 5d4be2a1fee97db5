//! Whether a plan may be carried out now. Each reason to wait is one row here, and one in the table
//! of tests. The grounds to write come out of this gate and from nowhere else.

use iam::finding::Finding;
use jiff::Timestamp;

use crate::{
    api::ResourceKey,
    plan::decide::{
        brakes::Brake,
        ownership::{Leave, NotOurs},
        room::Room,
        situation::{Gone, Situation, Wait},
    },
};

/// What is asked of the role, and what its people and the operator say.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
pub struct Facts {
    /// The resource is being deleted.
    pub deleting: bool,
    /// The annotation says so.
    pub paused: bool,
    /// `driftPolicy: Observe`: nothing is written.
    pub observe: bool,
    /// The role is to stay when its resource goes.
    pub retain: bool,
    /// Why it can't be told whether the role is to stay when its resource goes.
    pub unclear: Option<Finding>,
    /// The account that the role lives in, when that is not the one that we can get into.
    pub elsewhere: Option<String>,
    /// Why the spec is refused.
    pub beyond: Vec<Finding>,
    /// What of the name and path a role may not be created under.
    pub out_of_scope: Vec<Finding>,
    /// The end, when it has come, as far as the resource alone tells.
    pub over: Option<Timestamp>,
    /// Our own clock and AWS's are so far apart that one of them is wrong.
    pub clocks_apart: bool,
    /// The role is known to exist.
    pub has_role: bool,
    /// The status says already that the lifetime is over.
    pub said_over: bool,
    /// The resource that asked for the name first.
    pub rival: Option<ResourceKey>,
    /// Room for a role in the namespace; `None` without a bound.
    pub room: Option<Room>,
    /// What the brakes say of a removal, or of a change that nobody made in the resource.
    pub brake: Option<Brake>,
}

/// Why nothing is done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Hold {
    /// Somebody has paused the resource.
    Paused,
    /// The spec asks for what it may not have.
    BeyondLimits(Vec<Finding>),
    /// It can't be told whether the role is to stay.
    Unclear(Finding),
    /// The role stays, because the resource says so.
    Retained,
    /// We have no way into the account that the role lives in.
    Elsewhere(String),
    /// Another read is needed.
    NotYet(Wait),
    /// The role is not ours.
    Foreign(NotOurs),
    /// There is no role, and none is to be made.
    Gone(Gone),
    /// The plan is shown, and nothing of it is done.
    Observing,
    /// The lifetime is over, and a role that is only observed stays.
    ObservingPastTheEnd(Timestamp),
    /// The lifetime is over, and nobody knows by which clock.
    ClocksApart(Timestamp),
    /// There is no role, and none may be made under what is pinned.
    OutOfScope(Vec<Finding>),
    /// Another resource asked for the name first.
    Rival(ResourceKey),
    /// The namespace has as many roles as it may have.
    NoRoom(Room),
    /// Too many roles would go, or change, at a time.
    Braked(Brake),
}

/// What keeps the role from being read at all.
///
/// # Errors
/// Why.
pub fn before_reading(facts: &Facts) -> Result<(), Hold> {
    let Facts {
        deleting, paused, observe, retain, unclear, elsewhere, beyond, over, brake, ..
    } = facts;
    if *paused {
        return Err(Hold::Paused);
    }
    if let Some(problem) = unclear {
        return Err(Hold::Unclear(problem.clone()));
    }
    if *deleting && *retain {
        return Err(Hold::Retained);
    }
    if let Some(account) = elsewhere.as_ref().filter(|_| *deleting) {
        return Err(Hold::Elsewhere(account.clone()));
    }
    if let Some(brake) = brake.as_ref().filter(|_| *deleting) {
        return Err(Hold::Braked(brake.clone()));
    }
    if beyond.is_empty() {
        return Ok(());
    }
    // A role that is there ends in its time all the same: neither a mistake nor a bound that was
    // tightened must keep it for ever.
    match over {
        Some(end) if facts.has_role && *observe => Err(Hold::ObservingPastTheEnd(*end)),
        Some(end) if facts.has_role && facts.clocks_apart => Err(Hold::ClocksApart(*end)),
        Some(_) if facts.has_role => Ok(()),
        Some(end) if facts.said_over => Err(Hold::Gone(Gone::Ended(*end))),
        _ => Err(Hold::BeyondLimits(beyond.clone())),
    }
}

/// The grounds on which the role may be written now.
///
/// # Errors
/// Why it may not.
pub fn before_writing(situation: Situation, facts: &Facts) -> Result<Leave, Hold> {
    match situation {
        Situation::NotYet(wait) => Err(Hold::NotYet(wait)),
        Situation::Foreign(not_ours) => Err(Hold::Foreign(not_ours)),
        Situation::Gone(gone) => Err(Hold::Gone(gone)),
        Situation::Expired(_, end) if facts.observe => Err(Hold::ObservingPastTheEnd(end)),
        Situation::Expired(_, end) if facts.clocks_apart => Err(Hold::ClocksApart(end)),
        Situation::Ours(_) | Situation::Absent(_) if facts.observe => Err(Hold::Observing),
        Situation::Ours(proof) | Situation::Expired(proof, _) => match &facts.brake {
            Some(brake) => Err(Hold::Braked(brake.clone())),
            None => Ok(Leave::Change(proof)),
        },
        Situation::Absent(_) if !facts.out_of_scope.is_empty() => {
            Err(Hold::OutOfScope(facts.out_of_scope.clone()))
        }
        Situation::Absent(absence) => match &facts.rival {
            Some(rival) => Err(Hold::Rival(rival.clone())),
            None => match facts.room.filter(|room| room.is_full()) {
                Some(room) => Err(Hold::NoRoom(room)),
                None => Ok(Leave::Create(absence)),
            },
        },
    }
}

#[cfg(test)]
mod tests;
