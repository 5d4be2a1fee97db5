//! In which order what differs is written, so that nothing is allowed on the way that neither was
//! before nor is in the end, that AWS has room for it, and that what both allow is allowed
//! throughout.
//!
//! 1. A boundary where there was none, or one that allows less: it can only take away.
//! 2. Trust that becomes narrower, or what stays of one that changes both ways.
//! 3. Inline and attached policies: the way that `route.rs` finds. Of what both roles allow
//!    something is taken away for a moment only where nothing else leads to the end.
//! 4. Attributes and tags.
//! 5. Trust that becomes wider, when the permissions are final; last a boundary that goes, or gives
//!    way to one that allows more.
//!
//! Another boundary of which that is not known, and a document that can't be read, are no mix of
//! statements: then the policies go down to what both allow, and up again behind the turn, as
//! `turn.rs` has it.
//!
//! Guaranteed, after each single write and for each pair of who assumes the role and what they then
//! ask for: allowed is what was allowed before the plan or is allowed at its end. `order_laws.rs`
//! tests it with the evaluator.
//!
//! A step needs those without which it could allow something else; what is proven to be narrower
//! needs nothing. So any steps may fail: the others are carried out whose needs are done, and the
//! guarantee holds in each state on the way.
//!
//! Steps of the policies that stand side by side may be in flight at the same time (`group`): where
//! each mix that their landing in any order can make is as good as those that the order makes.
//!
//! Where collide what is promised: safety comes first, then to reach the end, then what both allow.
//!
//! What managed policies and boundaries hold is read where it decides the order (`managed.rs`). The
//! guarantee holds, whatever boundaries hold, when of the policies that come or go each only allows
//! or only denies. One that does both, or that can't be read, may allow and deny everything: with
//! such ones the guarantee holds for one of {attach, detach, another boundary} in a plan, not for
//! several. It does not hold for a document that can't be read (it is replaced in one put, a trust
//! policy before what becomes wider), nor for what tags of the role decide. A session that exists
//! already keeps the permissions of the role, whoever is trusted. And it speaks of writes: in which
//! order IAM's replicas show them, nobody promises.

use crate::plan::steps::{
    differences::{Differences, Inline, ObservedDocument, Permission, delete, put},
    interim,
    managed::Attached,
    parts::{Parts, Subject},
    principals::{self, closed},
    route::{Move, route},
    step::{Call, Why},
    turn,
};
use iam::{
    account::Account,
    policy::{
        Effect, Policy, compare,
        contain::{self, Change},
    },
};

/// A write, and the places in the plan of those that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is sent.
    pub call: Call,
    /// For what reason.
    pub why: Why,
    /// What has to be done before.
    pub needs: Vec<usize>,
    /// It takes no access away.
    pub gives_back: bool,
    /// Those of one number may be in flight at the same time; it is the place of the first.
    pub group: Option<usize>,
}

impl Placed {
    fn new(call: Call, why: Why, needs: Vec<usize>, gives_back: bool) -> Self {
        Self { call, why, needs, gives_back, group: None }
    }
}

/// The writes in order.
#[must_use]
pub fn ordered(differences: Differences<'_>, account: &Account) -> Vec<Placed> {
    let permissions = permissions(&differences);
    let other = differences.other_boundary();
    let narrower = matches!(differences.replaced, Change::Same | Change::Narrower);
    let wider = differences.replaced == Change::Wider;
    let Differences { boundary, trust, attributes, tags, tags_are_full, .. } = differences;
    let mut steps: Vec<Placed> = Vec::new();
    let mut push = |step: Placed| {
        steps.push(step);
        steps.len() - 1
    };
    let mut first = Vec::new();
    if let Some((None, Some(arn))) = boundary {
        let put = Call::PutBoundary { arn: arn.to_owned() };
        first.push(push(Placed::new(put, Why::Missing, Vec::new(), false)));
    }
    if let Some(arn) = other.filter(|_| narrower) {
        let put = Call::PutBoundary { arn: arn.to_owned() };
        first.push(push(Placed::new(put, Why::Differs, Vec::new(), false)));
    }
    // One that goes, or that allows more than the one before it.
    let last = match (boundary, other.filter(|_| wider)) {
        (Some((_, None)), _) => Some((Call::DeleteBoundary, Why::NotWanted)),
        (_, Some(arn)) => Some((Call::PutBoundary { arn: arn.to_owned() }, Why::Differs)),
        _ => None,
    };
    let widens = last.is_some() || permissions.iter().any(|step| !step.narrower);
    let grows = trust.as_ref().is_some_and(|(old, new)| {
        old.as_ref().is_some_and(|old| contain::contains(new, old).is_proven())
    });
    let (closing, opening) =
        trust.map(|(old, new)| trust_steps(old.as_ref(), new, account, widens)).unwrap_or_default();
    if let Some((call, why)) = closing {
        first.push(push(Placed::new(call, why, Vec::new(), false)));
    }
    let offset = first.len();
    let mut lowering = first.clone();
    for Permission { call, why, needs, narrower, lowers, group } in permissions {
        let mut needs: Vec<usize> = needs.into_iter().map(|need| need + offset).collect();
        if !narrower {
            needs.extend(&first);
            needs.sort_unstable();
        }
        let group = group.map(|place| place + offset);
        let place = push(Placed { group, ..Placed::new(call, why, needs, !lowers) });
        if lowers {
            lowering.push(place);
        }
    }
    if let Some((call, shortens)) = attributes {
        push(Placed::new(call, Why::Differs, Vec::new(), !shortens));
    }
    let mut before = Vec::new();
    for (call, why, decides) in tags {
        let place = push(Placed::new(call, why, before.clone(), !decides));
        if tags_are_full {
            before.push(place);
        }
    }
    if let Some((call, why)) = opening {
        push(Placed::new(call, why, lowering.clone(), grows));
    }
    if let Some((call, why)) = last {
        push(Placed::new(call, why, lowering, true));
    }
    steps
}

fn permissions(differences: &Differences<'_>) -> Vec<Permission> {
    let Differences { inline, attach, detach, stay, attached_stay, room, .. } = differences;
    let replaced = differences.unknown_boundary().is_some();
    let unreadable = inline.iter().any(|inline| matches!(inline.old, ObservedDocument::Unreadable));
    if replaced || unreadable {
        return turn::down_and_up(differences);
    }
    let way = |all: bool| {
        let (mut room, mut subjects) = (*room, Vec::new());
        subjects.extend(inline.iter().map(changing));
        subjects.extend(detach.iter().map(|it| attached(it, false)));
        subjects.extend(attach.iter().map(|it| attached(it, true)));
        for inline in stay {
            if all && inline.new.is_some() {
                room.inline += inline.size;
                subjects.push(changing(inline));
            } else {
                subjects.push(match &inline.old {
                    ObservedDocument::Read(policy) => Subject::Stays(policy.clone()),
                    ObservedDocument::Absent | ObservedDocument::Unreadable => Subject::Unread,
                });
            }
        }
        subjects.extend(attached_stay.then_some(Subject::Unread));
        let parts = Parts::new(subjects, room)?;
        let moves = route(&parts)?;
        let pauses = moves.iter().any(|step| step.pauses);
        Some((pauses, moves.iter().map(|step| permission(&parts, step)).collect()))
    };
    let way = match way(false) {
        Some((false, way)) => Some(way),
        // Only then what stays as it is may be touched, too.
        other => way(true).or(other).map(|(_, way)| way),
    };
    // Where there is no way, AWS refuses what has no room, and what needs that is left.
    way.unwrap_or_else(|| turn::down_and_up(differences))
}

fn changing<'a>(inline: &Inline<'a>) -> Subject<'a> {
    let Inline { name, old, size, new } = inline;
    let old = match old {
        ObservedDocument::Read(old) => Some((old.clone(), *size)),
        ObservedDocument::Absent | ObservedDocument::Unreadable => None,
    };
    Subject::Inline { name, old, new: *new }
}

fn attached<'a>(attached: &'a Attached<'_>, comes: bool) -> Subject<'a> {
    Subject::Attached { arn: attached.arn, comes, policy: &attached.policy }
}

/// The write that a move is.
fn permission(parts: &Parts<'_>, step: &Move) -> Permission {
    let Move { subject, before, after, needs, pauses, group } = step;
    let narrower = parts.is_narrower(*subject, *before, *after);
    let last = *after == parts.new & parts.of(*subject);
    let (call, why) = match parts.subjects.get(*subject) {
        Some(Subject::Attached { arn, comes: true, .. }) => {
            (Call::Attach { arn: (*arn).to_owned() }, Why::Missing)
        }
        Some(Subject::Attached { arn, comes: false, .. }) => {
            (Call::Detach { arn: (*arn).to_owned() }, Why::NotWanted)
        }
        Some(Subject::Inline { name, old, new }) => match parts.document(*subject, *after) {
            None if new.is_none() => (delete(name), Why::NotWanted),
            None => (delete(name), Why::Interim),
            Some(document) if !last && narrower => (put(name, &document), Why::Interim),
            Some(document) if !last => (put(name, &document), Why::Both),
            Some(document) if old.is_none() => (put(name, &document), Why::Missing),
            Some(document) => (put(name, &document), Why::Differs),
        },
        Some(Subject::Stays(_) | Subject::Unread) | None => (delete(""), Why::Interim),
    };
    Permission {
        call,
        why: if *pauses { Why::Pause } else { why },
        needs: needs.clone(),
        narrower,
        lowers: !parts.only_adds(*subject, *before, *after),
        group: Some(*group),
    }
}

type Write = Option<(Call, Why)>;

/// What is written of a trust policy before and after all that `widens`.
fn trust_steps(
    old: Option<&Policy>,
    new: &Policy,
    account: &Account,
    widens: bool,
) -> (Write, Write) {
    let step = |trust: &Policy, why| Some((Call::UpdateTrust { trust: trust.to_json() }, why));
    // One that can't be read is not closed meanwhile: that may be a lost answer, and the next call
    // may be lost as well.
    let Some(old) = old.filter(|old| !contain::contains(old, new).is_proven()) else {
        return (step(new, Why::Differs), None);
    };
    let grows = contain::contains(new, old).is_proven();
    if grows || !widens {
        return (None, step(new, Why::Differs));
    }
    // Who is no longer wanted must not get what is new.
    let between = interim::between(old, new)
        .map(|trust| principals::writable(&trust))
        .filter(|trust| trust.statements.iter().any(|statement| statement.effect == Effect::Allow))
        .unwrap_or_else(closed);
    let closing = if compare::between(old, &between, account).is_equal() {
        None
    } else {
        step(&between, Why::Interim)
    };
    (closing, step(new, Why::Differs))
}

#[cfg(test)]
mod tests;
