//! In which order what differs is written, so that nothing is allowed on the way that neither was
//! before nor is in the end.
//!
//! A plan goes down to what the role is allowed both before and after, and then up:
//!
//! 1. a boundary where there was none: it can only take away;
//! 2. trust and inline policies that become narrower, and of those that do not only become wider
//!    what stays (two puts);
//! 3. attachments that go;
//! 4. another boundary, or else one inline policy that changes both ways, in one put: with all else
//!    at its narrowest it leads from "as before" to "as in the end" by itself;
//! 5. attachments that come, then inline policies that become wider; removing one that holds a Deny
//!    is among these;
//! 6. attributes and tags;
//! 7. trust that becomes wider, when the permissions are final; last a boundary that goes.
//!
//! Guaranteed, after each single write and for each pair of who assumes the role and what they then
//! ask for: allowed is what was allowed before the plan or is allowed at its end. Up to step 3 each
//! document allows no more and denies no less than before; from step 4 on it allows no more and
//! denies no less than in the end. `order_laws.rs` tests it with the evaluator.
//!
//! A step needs those that lead down to its place: what may allow something new needs each document
//! at no more than what is allowed in the end; what is proven to be narrower needs nothing. So any
//! steps may fail: the others are carried out whose needs are done, and the guarantee holds in each
//! state on the way.
//!
//! What managed policies and boundaries hold is not read. An attachment that comes counts as wider,
//! one that goes can't be told. The guarantee holds, whatever boundaries hold, when the policies
//! that come or go only allow. When they deny, too, it holds for one of {attach, detach, another
//! boundary} in a plan, not for several: to put all Denies first would take their content. It does
//! not hold for a document that can't be read (it is replaced in one put, a trust policy before
//! what becomes wider), nor for what tags of the role decide. A session that exists already keeps
//! the permissions of the role, whoever is trusted.

use crate::plan::steps::{
    interim,
    principals::{self, closed},
    step::{Call, Why},
};
use iam::{
    account::Account,
    policy::{
        Effect, Policy, compare,
        contain::{self, Change},
    },
};

/// What differs, not in order yet.
#[derive(Debug, Default)]
pub struct Differences<'a> {
    /// The boundary that is and the one that is to be.
    pub boundary: Option<(Option<&'a str>, Option<&'a str>)>,
    /// The trust that is, `None` when it can't be read, and the one that is to be.
    pub trust: Option<(Option<Policy>, &'a Policy)>,
    /// Inline policies.
    pub inline: Vec<Inline<'a>>,
    /// ARNs of policies that are to be attached.
    pub attach: Vec<&'a str>,
    /// ARNs of policies that are to be detached.
    pub detach: Vec<&'a str>,
    /// `UpdateRole`.
    pub attributes: Option<Call>,
    /// `UntagRole` and `TagRole`, in order.
    pub tags: Vec<(Call, Why)>,
}

/// One inline policy that differs.
#[derive(Debug)]
pub struct Inline<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is now.
    pub old: ObservedDocument,
    /// What it is to be; `None` when it is to go.
    pub new: Option<&'a Policy>,
}

/// An observed document.
#[derive(Debug)]
pub enum ObservedDocument {
    /// There is none.
    Absent,
    /// There is one that can't be read.
    Unreadable,
    /// There is this one.
    Read(Policy),
}

/// Where a step stands in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    FirstBoundary,
    NarrowTrust,
    NarrowDelete,
    NarrowPut,
    Detach,
    Turn,
    Attach,
    WidenDelete,
    WidenPut,
    Attributes,
    Tags,
    WidenTrust,
    NoBoundary,
}

impl Rank {
    /// Whether a step at this place may allow something new.
    fn may_widen(self) -> bool {
        self > Self::NarrowPut && !matches!(self, Self::Attributes | Self::Tags)
    }

    /// Whether a step at this place needs one at an `earlier` place.
    fn needs(self, earlier: Self) -> bool {
        // Those that become wider don't hold each other back: in any mix of old and new all of them
        // allow no more than in the end.
        self.may_widen() && earlier < self && earlier <= Self::Attach
    }
}

/// A write, and the places in the plan of those that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is sent.
    pub call: Call,
    /// For what reason.
    pub why: Why,
    /// What has to be done before.
    pub needs: Vec<usize>,
}

/// The writes in order.
#[must_use]
pub fn ordered(differences: Differences<'_>, account: &Account) -> Vec<Placed> {
    let Differences { boundary, trust, inline, attach, detach, attributes, tags } = differences;
    let replaced = matches!(boundary, Some((Some(_), Some(_))));
    let mut plan = Plan {
        steps: Vec::new(),
        // One change that can't be told may stand at the turn. What has no interim form has it
        // first.
        turn_is_free: !replaced
            && attach.is_empty()
            && detach.is_empty()
            && !inline.iter().any(|inline| matches!(inline.old, ObservedDocument::Unreadable)),
    };
    match boundary {
        Some((None, Some(arn))) => {
            plan.push(Rank::FirstBoundary, Call::PutBoundary { arn: arn.to_owned() }, Why::Missing);
        }
        Some((Some(_), Some(arn))) => {
            plan.push(Rank::Turn, Call::PutBoundary { arn: arn.to_owned() }, Why::Differs);
        }
        Some((_, None)) => plan.push(Rank::NoBoundary, Call::DeleteBoundary, Why::NotWanted),
        None => {}
    }
    for arn in detach {
        plan.push(Rank::Detach, Call::Detach { arn: arn.to_owned() }, Why::NotWanted);
    }
    for arn in attach {
        plan.push(Rank::Attach, Call::Attach { arn: arn.to_owned() }, Why::Missing);
    }
    for inline in &inline {
        plan.inline(inline);
    }
    if let Some((old, new)) = trust {
        plan.trust(old.as_ref(), new, account);
    }
    if let Some(call) = attributes {
        plan.push(Rank::Attributes, call, Why::Differs);
    }
    for (call, why) in tags {
        plan.push(Rank::Tags, call, why);
    }
    // Stable: steps of one place keep their order.
    plan.steps.sort_by_key(|(place, ..)| *place);
    let ranks: Vec<Rank> = plan.steps.iter().map(|(place, ..)| *place).collect();
    let needs = |rank: Rank| {
        ranks.iter().enumerate().filter(move |(_, earlier)| rank.needs(**earlier)).map(|(at, _)| at)
    };
    plan.steps
        .into_iter()
        .map(|(rank, call, why)| Placed { call, why, needs: needs(rank).collect() })
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
        let Inline { name, old, new } = inline;
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

    /// To be called when all other parts have their places.
    fn trust(&mut self, old: Option<&Policy>, new: &Policy, account: &Account) {
        let step = |trust: &Policy, why| (Call::UpdateTrust { trust: trust.to_json() }, why);
        let (call, why) = step(new, Why::Differs);
        // One that can't be read is not closed meanwhile: that may be a lost answer, and the next
        // call may be lost as well.
        let Some(old) = old.filter(|old| !contain::contains(old, new).is_proven()) else {
            return self.push(Rank::NarrowTrust, call, why);
        };
        let grows = contain::contains(new, old).is_proven();
        if !grows && self.steps.iter().any(|(place, ..)| place.may_widen()) {
            // Who is no longer wanted must not get what is new.
            let between = interim::between(old, new)
                .map(|trust| principals::writable(&trust))
                .filter(|trust| {
                    trust.statements.iter().any(|statement| statement.effect == Effect::Allow)
                })
                .unwrap_or_else(closed);
            if !compare::between(old, &between, account).is_equal() {
                let (call, why) = step(&between, Why::Interim);
                self.push(Rank::NarrowTrust, call, why);
            }
        }
        self.push(Rank::WidenTrust, call, why);
    }
}

fn put(name: &str, policy: &Policy) -> Call {
    Call::PutInline { name: name.to_owned(), document: policy.to_json() }
}

fn delete(name: &str) -> Call {
    Call::DeleteInline { name: name.to_owned() }
}

#[cfg(test)]
mod tests;
