//! The permissions of a role, down to what they allow both before and after, and up again behind
//! one change that can't be told.
//!
//! 1. Inline policies that become narrower, and of those that do not only become wider what stays
//!    (two puts);
//! 2. attachments that go, where it is not known that they only allow or only deny;
//! 3. the turn: another boundary, or one document that can't be told, in one put. With all else at
//!    its narrowest it leads from "as before" to "as in the end" by itself;
//! 4. attachments that come, then inline policies that become wider; removing one that holds a Deny
//!    is among these.
//!
//! Up to the turn each document allows no more and denies no less than before; from there on it
//! allows no more and denies no less than in the end.

use crate::plan::steps::{
    differences::{Differences, Inline, ObservedDocument, Permission, delete, put},
    interim,
    managed::Attached,
    step::{Call, IN_FLIGHT, Why},
};
use iam::policy::{
    Policy,
    contain::{self, Change},
};

/// Where a step stands in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    NarrowDelete,
    NarrowPut,
    Detach,
    Turn,
    Attach,
    WidenDelete,
    WidenPut,
}

impl Rank {
    /// Whether a step at this place only takes away.
    fn narrows(self) -> bool {
        self <= Self::NarrowPut
    }

    /// Whether a step at this place leads down to what is allowed in the end.
    fn lowers(self) -> bool {
        self <= Self::Attach
    }

    /// Whether steps at this place may land in any order: none holds another one back, and all make
    /// room.
    fn in_any_order(self) -> bool {
        matches!(self, Self::NarrowDelete | Self::WidenDelete)
    }

    /// Whether a step at this place needs one at an `earlier` place. Those that become wider don't
    /// hold each other back: in any mix of old and new all of them allow no more than in the end.
    fn needs(self, earlier: Self) -> bool {
        !self.narrows() && earlier < self && earlier.lowers()
    }
}

/// The writes of the permissions, and another boundary among them.
#[must_use]
pub fn down_and_up(differences: &Differences<'_>) -> Vec<Permission> {
    let Differences { inline, attach, detach, .. } = differences;
    let boundary = differences.unknown_boundary();
    let mut plan = Plan {
        steps: Vec::new(),
        // One change that can't be told may stand at the turn. What has no interim form has it
        // first.
        turn_is_free: boundary.is_none()
            && attach.is_empty()
            && detach.is_empty()
            && !inline.iter().any(|inline| matches!(inline.old, ObservedDocument::Unreadable)),
    };
    if let Some(arn) = boundary {
        plan.push(Rank::Turn, Call::PutBoundary { arn: arn.to_owned() }, Why::Differs);
    }
    for Attached { arn, policy } in detach {
        let rank = match policy.change() {
            Change::Same | Change::Wider => Rank::NarrowDelete,
            Change::Narrower => Rank::WidenDelete,
            Change::Unknown => Rank::Detach,
        };
        plan.push(rank, Call::Detach { arn: (*arn).to_owned() }, Why::NotWanted);
    }
    for Attached { arn, policy } in attach {
        let rank = match policy.change() {
            Change::Same | Change::Narrower => Rank::NarrowPut,
            Change::Wider => Rank::WidenPut,
            Change::Unknown => Rank::Attach,
        };
        plan.push(rank, Call::Attach { arn: (*arn).to_owned() }, Why::Missing);
    }
    for inline in inline {
        plan.inline(inline);
    }
    // Stable: steps of one place keep their order.
    plan.steps.sort_by_key(|(place, ..)| *place);
    let ranks: Vec<Rank> = plan.steps.iter().map(|(place, ..)| *place).collect();
    let needs = |rank: Rank| {
        let needed = ranks.iter().enumerate().filter(move |(_, earlier)| rank.needs(**earlier));
        needed.map(|(at, _)| at).collect()
    };
    let group = |rank: Rank, place: usize| {
        let first = ranks.iter().position(|other| *other == rank)?;
        rank.in_any_order().then_some(place - (place - first) % IN_FLIGHT)
    };
    plan.steps
        .into_iter()
        .enumerate()
        .map(|(place, (rank, call, why))| Permission {
            call,
            why,
            needs: needs(rank),
            narrower: rank.narrows(),
            lowers: rank.lowers(),
            group: group(rank, place),
        })
        .collect()
}

struct Plan {
    steps: Vec<(Rank, Call, Why)>,
    turn_is_free: bool,
}

impl Plan {
    fn push(&mut self, place: Rank, call: Call, why: Why) {
        self.steps.push((place, call, why));
    }

    fn inline(&mut self, inline: &Inline<'_>) {
        let Inline { name, old, size: _, new } = inline;
        let (call, why) = match (old, new) {
            (_, None) => (delete(name), Why::NotWanted),
            (ObservedDocument::Absent, Some(new)) => (put(name, new), Why::Missing),
            (_, Some(new)) => (put(name, new), Why::Differs),
        };
        let gone = new.is_none();
        let old = match old {
            ObservedDocument::Unreadable => return self.push(Rank::Turn, call, why),
            ObservedDocument::Absent => None,
            ObservedDocument::Read(old) => Some(old),
        };
        match contain::change_among_others(old, *new) {
            Change::Same | Change::Narrower => {
                self.push(if gone { Rank::NarrowDelete } else { Rank::NarrowPut }, call, why);
            }
            Change::Wider => {
                self.push(if gone { Rank::WidenDelete } else { Rank::WidenPut }, call, why);
            }
            Change::Unknown if self.turn_is_free => {
                self.turn_is_free = false;
                self.push(Rank::Turn, call, why);
            }
            Change::Unknown => {
                let nothing = Policy::new(Vec::new());
                let Some(between) =
                    interim::between(old.unwrap_or(&nothing), new.unwrap_or(&nothing))
                else {
                    return self.push(Rank::Turn, call, why);
                };
                if !between.statements.is_empty() {
                    self.push(Rank::NarrowPut, put(name, &between), Why::Interim);
                } else if old.is_some() {
                    self.push(Rank::NarrowDelete, delete(name), Why::Interim);
                }
                self.push(if gone { Rank::WidenDelete } else { Rank::WidenPut }, call, why);
            }
        }
    }
}
