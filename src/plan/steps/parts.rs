//! What a role's policies are made of while they change: statements, each in its document. Says of
//! any mix of old and new whether it may stand for a moment, what it takes away meanwhile, and
//! whether AWS has room for it.
//!
//! A mix allows nothing beyond old and new (`is_safe`) when of each Allow in it
//!
//! - that only the old role has, all is denied that the old role denied of it;
//! - that only the new role has, all that the new role is to deny of it;
//! - that both have, all that both deny.
//!
//! What can't be read overlaps everything that can, and stands for an Allow and a Deny at once.

use std::collections::BTreeSet;

use crate::plan::steps::managed::Managed;
use iam::{
    limits,
    policy::{
        Effect, Policy, Scope, Statement, Version,
        contain::{self, Change},
        pattern::{Pattern, Syntax},
    },
};

/// A set of parts, as bits.
pub type Set = u128;

/// Most parts that are looked at one by one.
const MOST: usize = Set::BITS as usize;

/// What may change in one write.
#[derive(Debug)]
pub enum Subject<'a> {
    /// An inline policy: as it is, if it is there, with the characters that it has; and as it is to
    /// be.
    Inline { name: &'a str, old: Option<(Policy, usize)>, new: Option<&'a Policy> },
    /// An attached policy that comes, or else goes, and what it holds.
    Attached { arn: &'a str, comes: bool, policy: &'a Managed },
    /// An inline policy that stays.
    Stays(Policy),
    /// Policies that stay and can't be read; nothing of them is written.
    Unread,
}

/// How much room there is on the role for what changes.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Characters of inline policies.
    pub inline: usize,
    /// Attached policies.
    pub attached: usize,
}

/// A statement, or a policy that can't be read.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states")]
struct Part {
    subject: usize,
    allows: bool,
    denies: bool,
    old: bool,
    new: bool,
    /// Its subject stays as it is.
    fixed: bool,
    statement: Option<Statement>,
    size: usize,
}

/// What changes, taken apart.
#[derive(Debug)]
pub struct Parts<'a> {
    pub subjects: Vec<Subject<'a>>,
    all: Vec<Part>,
    /// Of each part those that have all of it, itself among them.
    covers: Vec<Set>,
    /// Of each part those that may have something of it.
    overlaps: Vec<Set>,
    /// An Allow of the old and one of the new role that may have something in common.
    kept: Vec<(usize, usize)>,
    /// Allows within what the old role allows, and within what the new one does.
    within: (Set, Set),
    room: Room,
    pub old: Set,
    pub new: Set,
}

fn bit(at: usize) -> Set {
    1 << at
}

/// The places of the bits of a set.
pub fn places(set: Set) -> impl Iterator<Item = usize> {
    (0..MOST).filter(move |at| set & bit(*at) != 0)
}

impl<'a> Parts<'a> {
    /// Takes apart what changes; `None` when that is too much.
    #[must_use]
    pub fn new(subjects: Vec<Subject<'a>>, room: Room) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        for (subject, what) in subjects.iter().enumerate() {
            let opaque = |old, new, denies| Part {
                subject,
                allows: true,
                denies,
                old,
                new,
                fixed: old && new,
                statement: None,
                size: 1,
            };
            match what {
                Subject::Unread => parts.push(opaque(true, true, false)),
                Subject::Stays(policy) => {
                    let stays = statements(subject, Some(policy), Some(policy));
                    parts.extend(stays.into_iter().map(|part| Part { fixed: true, ..part }));
                }
                Subject::Attached { comes, policy: Managed::Read(policy), .. } => {
                    let (old, new) = (Some(policy).filter(|_| !comes), Some(policy));
                    parts.extend(statements(subject, old, new.filter(|_| *comes)));
                }
                Subject::Attached { comes, policy, .. } => {
                    let denies = matches!(policy, Managed::Unread);
                    parts.push(opaque(!comes, *comes, denies));
                }
                Subject::Inline { old, new, .. } => {
                    let old = old.as_ref().map(|(old, _)| old);
                    parts.extend(statements(subject, old, *new));
                }
            }
        }
        if parts.len() > MOST {
            return None;
        }
        let all = |of: fn(&Part) -> bool| {
            parts
                .iter()
                .enumerate()
                .filter(|(_, part)| of(part))
                .fold(0, |set, (at, _)| set | bit(at))
        };
        let (old, new) = (all(|part| part.old), all(|part| part.new));
        // What stays on both sides matters only beside what changes.
        let matters = |one: &Part, other: &Part| one.changes() || other.changes();
        let overlaps: Vec<Set> = parts
            .iter()
            .map(|one| set_of(&parts, |other| matters(one, other) && overlap(one, other)))
            .collect();
        let covers: Vec<Set> = parts
            .iter()
            .enumerate()
            .map(|(at, one)| {
                let same = |other: &Part| {
                    matters(one, other) && one.allows == other.allows && one.denies == other.denies
                };
                bit(at)
                    | set_of(&parts, |other| {
                        same(other) && overlap(one, other) && covers(other, one)
                    })
            })
            .collect();
        let allowed = |side: fn(&Part) -> bool| {
            let of_it = || parts.iter().filter(move |part| side(part) && part.allows);
            let policy = Policy::new(of_it().filter_map(|part| part.statement.clone()).collect());
            let in_any = |part: &Part| {
                part.allows
                    && (side(part)
                        || part.statement.as_ref().is_some_and(|statement| {
                            let alone = Policy::new(vec![statement.clone()]);
                            contain::contains(&policy, &alone).is_proven()
                        }))
            };
            set_of(&parts, in_any)
        };
        let within = (allowed(|part| part.old), allowed(|part| part.new));
        let mut whole = Self {
            subjects,
            all: parts,
            covers,
            overlaps,
            kept: Vec::new(),
            within,
            room,
            old,
            new,
        };
        whole.kept = whole.kept_pairs();
        Some(whole)
    }

    /// What both roles allow, as pairs of parts; without what either denies as a whole.
    fn kept_pairs(&self) -> Vec<(usize, usize)> {
        let denied = |at: usize| {
            let statement = self.all.get(at).and_then(|part| part.statement.clone());
            statement.is_some_and(|allow| {
                self.all.iter().any(|part| {
                    part.denies && part.statement.as_ref().is_some_and(|deny| has_all(deny, &allow))
                })
            })
        };
        let allows = set_of(&self.all, |part| part.allows);
        let mut pairs = Vec::new();
        for one in places(allows & self.old).filter(|one| !denied(*one)) {
            // Of two that can't be read nobody knows: they may allow the same.
            let others = Self::set(&self.overlaps, one) | self.unread_beside(one);
            let others = others & allows & self.new;
            pairs.extend(places(others).filter(|other| !denied(*other)).map(|other| (one, other)));
        }
        pairs
    }

    /// Those that change and can't be read, of one that can't be read.
    fn unread_beside(&self, at: usize) -> Set {
        let unread = |part: &Part| part.statement.is_none() && part.changes();
        if self.all.get(at).is_some_and(unread) { set_of(&self.all, unread) } else { 0 }
    }

    fn set(of: &[Set], at: usize) -> Set {
        of.get(at).copied().unwrap_or_default()
    }

    fn has(&self, state: Set, at: usize) -> bool {
        Self::set(&self.covers, at) & state != 0
    }

    /// Whether a mix allows nothing that is allowed neither by the old nor by the new role.
    #[must_use]
    pub fn is_safe(&self, state: Set) -> bool {
        let denies = set_of(&self.all, |part| part.denies);
        let allows = set_of(&self.all, |part| part.allows);
        let lacking =
            |set: Set| places(set).filter(|at| !self.has(state, *at)).fold(0, |s, at| s | bit(at));
        let (old, new) = (lacking(denies & self.old), lacking(denies & self.new));
        if old == 0 || new == 0 {
            // All that one of them denies is denied: only what the other has alone matters.
            let beyond = if old == 0 { !self.within.0 } else { !self.within.1 };
            if old == 0 && new == 0 {
                return true;
            }
            let lacks = if old == 0 { new } else { old };
            return places(allows & state & beyond)
                .all(|at| Self::set(&self.overlaps, at) & lacks == 0);
        }
        places(allows & state).all(|at| {
            let of_it = Self::set(&self.overlaps, at);
            let (old, new) = (old & of_it, new & of_it);
            match (self.within.0 & bit(at) != 0, self.within.1 & bit(at) != 0) {
                (true, true) => places(old).all(|at| Self::set(&self.overlaps, at) & new == 0),
                (true, false) => old == 0,
                (false, _) => new == 0,
            }
        })
    }

    /// What both roles allow and a mix does not, as far as can be told.
    #[must_use]
    pub fn paused(&self, state: Set) -> BTreeSet<(usize, usize)> {
        let lacks =
            |&&(one, other): &&(usize, usize)| !self.has(state, one) && !self.has(state, other);
        self.kept.iter().filter(lacks).copied().collect()
    }

    /// Whether AWS has room for a mix after another one; less than before always fits.
    #[must_use]
    pub fn fits(&self, before: Set, after: Set) -> bool {
        let (old, new) = (self.takes(before), self.takes(after));
        new.inline <= old.inline.max(self.room.inline)
            && new.attached <= old.attached.max(self.room.attached)
    }

    /// The room that a mix takes.
    fn takes(&self, state: Set) -> Room {
        let (mut inline, mut attached) = (0, 0);
        for (at, subject) in self.subjects.iter().enumerate() {
            let here = state & self.of(at);
            match subject {
                Subject::Inline { .. } => inline += self.size(at, here),
                Subject::Attached { .. } => attached += usize::from(here != 0),
                Subject::Stays(_) | Subject::Unread => {}
            }
        }
        Room { inline, attached }
    }

    /// The parts that deny.
    #[must_use]
    pub fn denies(&self) -> Set {
        set_of(&self.all, |part| part.denies)
    }

    /// The parts of a subject.
    #[must_use]
    pub fn of(&self, subject: usize) -> Set {
        set_of(&self.all, |part| part.subject == subject)
    }

    /// Whether all that a subject denies can be read: of two that can't, nobody knows which holds
    /// the other back.
    #[must_use]
    pub fn is_known(&self, subject: usize) -> bool {
        let unread = |part: &Part| part.subject == subject && part.denies;
        !self.all.iter().any(|part| unread(part) && part.statement.is_none())
    }

    /// Whether parts of old and new of a subject may stand in one document.
    #[must_use]
    pub fn may_mix(&self, subject: usize) -> bool {
        match self.subjects.get(subject) {
            Some(Subject::Inline { old, new, .. }) => {
                let versions = old.iter().map(|(old, _)| old.version);
                versions.chain(new.iter().map(|new| new.version)).all(|it| it == Version::V2012)
            }
            _ => false,
        }
    }

    fn size(&self, subject: usize, here: Set) -> usize {
        match self.subjects.get(subject) {
            _ if here == 0 => 0,
            Some(Subject::Inline { old: Some((_, size)), .. })
                if here == self.old & self.of(subject) =>
            {
                *size
            }
            Some(Subject::Inline { new: Some(new), .. }) if here == self.new & self.of(subject) => {
                limits::counted_size(&new.to_json())
            }
            _ => {
                let empty = limits::counted_size(&Policy::new(Vec::new()).to_json());
                let parts = places(here).filter_map(|at| self.all.get(at));
                parts.map(|part| part.size + 1).sum::<usize>() + empty - 1
            }
        }
    }

    /// The document of a subject with these parts; `None` without any.
    #[must_use]
    pub fn document(&self, subject: usize, here: Set) -> Option<Policy> {
        let Some(Subject::Inline { old, new, .. }) = self.subjects.get(subject) else {
            return None;
        };
        if here == 0 {
            return None;
        }
        match (old, new) {
            (_, Some(new)) if here == self.new & self.of(subject) => Some((*new).clone()),
            (Some((old, _)), _) if here == self.old & self.of(subject) => Some(old.clone()),
            _ => {
                let statements = places(here).filter_map(|at| self.all.get(at)?.statement.clone());
                Some(Policy::new(statements.collect()))
            }
        }
    }

    /// Whether a step of a subject, from some of its parts to others, is narrower whatever else
    /// there is: no Allow comes and no Deny goes.
    #[must_use]
    pub fn is_narrower(&self, subject: usize, before: Set, after: Set) -> bool {
        let (comes, goes) = (after & !before, before & !after);
        let is = |at: usize, of: fn(&Part) -> bool| self.all.get(at).is_some_and(of);
        let allowed = places(comes).all(|at| !is(at, |part| part.allows) || self.has(before, at));
        let denied = places(goes).all(|at| !is(at, |part| part.denies) || self.has(after, at));
        if allowed && denied {
            return true;
        }
        let Some(Subject::Inline { .. }) = self.subjects.get(subject) else { return false };
        let (old, new) = (self.document(subject, before), self.document(subject, after));
        let change = contain::change_among_others(old.as_ref(), new.as_ref());
        matches!(change, Change::Same | Change::Narrower)
    }

    /// Whether a step only lets things be allowed that the new role allows: nothing of the old role
    /// goes with it, and no Deny comes.
    #[must_use]
    pub fn only_adds(&self, subject: usize, before: Set, after: Set) -> bool {
        self.is_narrower(subject, after, before)
    }

    /// The mixes that a step needs, as the parts that must have come or gone before it, each as
    /// alternatives.
    #[must_use]
    pub fn needs(&self, before: Set, after: Set) -> Vec<Need> {
        let mut needs = Vec::new();
        let denies = |side: Set| set_of(&self.all, |part| part.denies) & side;
        let allows = set_of(&self.all, |part| part.allows);
        let (comes, goes) = (after & !before, before & !after);
        // What is denied from the beginning to the end, whichever steps fail, and with this step.
        // A Deny that goes with another step may be gone before.
        let throughout = (self.old & self.new) | comes;
        let open = |set: Set| places(set).filter(move |at| !self.has(throughout, *at));
        for one in places(comes & allows & !self.within.0) {
            let held_back = Self::set(&self.overlaps, one) & denies(self.new);
            needs.extend(open(held_back).map(|at| Need::Comes(Self::set(&self.covers, at))));
        }
        for one in places(goes & denies(self.old)) {
            let other = Self::set(&self.overlaps, one);
            needs.extend(
                open(other & denies(self.new)).map(|at| Need::Comes(Self::set(&self.covers, at))),
            );
            let freed = other & allows & self.old & !self.within.1 & !goes;
            needs.extend(places(freed).map(|at| Need::Goes(bit(at))));
        }
        needs
    }
}

impl Part {
    fn changes(&self) -> bool {
        !self.fixed
    }
}

/// What has to be before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// One of these has come.
    Comes(Set),
    /// These have gone.
    Goes(Set),
}

fn set_of(parts: &[Part], of: impl Fn(&Part) -> bool) -> Set {
    parts.iter().enumerate().filter(|(_, part)| of(part)).fold(0, |set, (at, _)| set | bit(at))
}

/// The statements of a document that changes: each once, as that of the old, of the new, or of
/// both.
fn statements(subject: usize, old: Option<&Policy>, new: Option<&Policy>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (policy, is_new) in [(old, false), (new, true)] {
        for statement in policy.into_iter().flat_map(|policy| &policy.statements) {
            // Two documents may use one Sid for different things.
            let statement = Statement { sid: None, ..statement.clone() };
            let readable = policy.is_some_and(|policy| policy.version == Version::V2012);
            if let Some(same) = parts.iter_mut().find(|part| {
                part.statement.as_ref().is_some_and(|other| *other == statement) && readable
            }) {
                same.new |= is_new;
                continue;
            }
            let size = limits::counted_size(&statement.to_node().to_text());
            let (allows, denies) =
                (statement.effect == Effect::Allow, statement.effect == Effect::Deny);
            let (old, new) = (!is_new, is_new);
            // In an older version a variable is plain text: it can't be put beside others.
            let statement = readable.then_some(statement);
            let fixed = false;
            parts.push(Part { subject, allows, denies, old, new, fixed, statement, size });
        }
    }
    parts
}

/// Whether two parts may have something in common; `false` is never wrong but for two that can't be
/// read: if each had to wait for the other, neither would ever go. What only allows waits alone.
fn overlap(one: &Part, other: &Part) -> bool {
    let (one, other) = match (&one.statement, &other.statement) {
        (Some(one), Some(other)) => (one, other),
        (None, None) => return one.allows && other.allows && one.denies != other.denies,
        _ => return true,
    };
    let some = |mine: &[String], theirs: &[String], syntax| {
        let read = |texts: &[String]| -> Vec<Pattern> {
            texts.iter().map(|text| Pattern::new(text, syntax)).collect()
        };
        let (mine, theirs) = (read(mine), read(theirs));
        mine.iter().any(|mine| theirs.iter().any(|theirs| mine.overlaps(theirs)))
    };
    let actions = match (&one.actions, &other.actions) {
        (Scope::Only(mine), Scope::Only(theirs)) => some(mine, theirs, Syntax::ACTION),
        _ => true,
    };
    actions
        && match (&one.resources, &other.resources) {
            (Some(Scope::Only(mine)), Some(Scope::Only(theirs))) => {
                some(mine, theirs, Syntax::like(Version::V2012))
            }
            _ => true,
        }
}

/// Whether `one` has all that `other` has; both allow or both deny.
fn covers(one: &Part, other: &Part) -> bool {
    match (&one.statement, &other.statement) {
        (Some(one), Some(other)) => has_all(one, other),
        _ => false,
    }
}

/// Whether all that `other` is about is what `one` is about, whatever they do with it.
fn has_all(one: &Statement, other: &Statement) -> bool {
    let alone = |statement: &Statement| {
        Policy::new(vec![Statement { effect: Effect::Allow, ..statement.clone() }])
    };
    contain::contains(&alone(one), &alone(other)).is_proven()
}
