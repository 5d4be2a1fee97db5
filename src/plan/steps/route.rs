//! The way from the old to the new mix of policies, write by write.
//!
//! First each subject is written once, in an order in which every mix may stand, takes nothing away
//! that both allow, and fits. Where there is no such order, the way is searched for: documents in
//! several writes, what both allow taken away for a moment only where nothing else leads to the
//! end. The search is bounded; most roles never need it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
};

use crate::plan::steps::{
    parts::{Need, Parts, Set, Subject, places},
    step::IN_FLIGHT,
};

/// Most mixes that a search looks at.
const LOOKS: usize = 50_000;
/// Subjects with at most so many parts are mixed in every way.
const FEW: u32 = 8;
/// What a pause costs, in writes: no detour is too long to avoid one.
const PAUSE: u64 = 10_000;

/// One write: a subject goes from some of its parts to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which of the subjects.
    pub subject: usize,
    /// Its parts before.
    pub before: Set,
    /// Its parts after.
    pub after: Set,
    /// The moves that have to be done before.
    pub needs: Vec<usize>,
    /// Whether it takes away for a moment what both allow.
    pub pauses: bool,
    /// Those of one number may be in flight at the same time; it is the place of the first.
    pub group: usize,
}

/// The way, if one is found.
#[must_use]
pub fn route(parts: &Parts<'_>) -> Option<Vec<Move>> {
    each_once(parts).or_else(|| searched(parts)).map(|moves| grouped(parts, moves))
}

/// Tells which moves may be in flight at the same time.
fn grouped(parts: &Parts<'_>, moves: Vec<Move>) -> Vec<Move> {
    // The mix before the group that is being made, and its first move.
    let (mut mix, mut first) = (parts.old, 0);
    let mut placed: Vec<Move> = Vec::new();
    for next in moves {
        let group = placed.get(first..).unwrap_or_default();
        if !may_join(parts, mix, group, &next) {
            mix = group.iter().fold(mix, |mix, done| landed(parts, mix, done));
            first = placed.len();
        }
        placed.push(Move { group: first, ..next });
    }
    placed
}

/// The mix after a move.
fn landed(parts: &Parts<'_>, mix: Set, done: &Move) -> Set {
    (mix & !parts.of(done.subject)) | done.after
}

/// Whether a move may be in flight at the same time as the moves of `group`, before which the role
/// has `mix`: whichever of them have landed when it lands, the mix that it makes may stand, has
/// room, and takes nothing away; and so it is for those that land behind it.
fn may_join(parts: &Parts<'_>, mix: Set, group: &[Move], next: &Move) -> bool {
    let alone = |one: &Move| one.pauses || !parts.is_known(one.subject);
    let Some(first) = group.first() else { return true };
    if group.len() >= IN_FLIGHT
        || group.iter().chain([next]).any(alone)
        || group.iter().any(|other| other.subject == next.subject)
        || next.needs.iter().any(|need| *need >= first.group)
    {
        return false;
    }
    let paused = parts.paused(mix);
    (0..1_u32 << group.len()).all(|number| {
        let has_landed = |at: usize| number & (1 << at) != 0;
        let of_group = |which: bool| {
            let of_it = move |(at, _): &(usize, &Move)| has_landed(*at) == which;
            group.iter().enumerate().filter(of_it).map(|(_, other)| other)
        };
        let before = of_group(true).fold(mix, |mix, done| landed(parts, mix, done));
        let after = landed(parts, before, next);
        parts.is_safe(after)
            && parts.paused(after).is_subset(&paused)
            && parts.fits(before, after)
            && of_group(false).all(|later| parts.fits(after, landed(parts, after, later)))
    })
}

fn each_once(parts: &Parts<'_>) -> Option<Vec<Move>> {
    let mut moves: Vec<Move> = Vec::new();
    let mut state = parts.old;
    let whole = |subject: usize, state: Set| {
        let of = parts.of(subject);
        (state & of, parts.new & of, (state & !of) | (parts.new & of))
    };
    let mut open: BTreeSet<(u8, usize)> = (0..parts.subjects.len())
        .filter_map(|subject| {
            let (before, after, _) = whole(subject, state);
            (before != after).then(|| (rank(parts, subject, before, after), subject))
        })
        .collect();
    while !open.is_empty() {
        // The first of those that may go.
        let (rank, next) = open.iter().copied().find(|(_, subject)| {
            let (.., next) = whole(*subject, state);
            parts.is_safe(next) && parts.fits(state, next) && parts.paused(next).is_empty()
        })?;
        let (before, after, mix) = whole(next, state);
        let needs = if rank <= NARROW { Vec::new() } else { parts.needs(before, after) };
        let needs = needs.into_iter().filter_map(|need| {
            moves.iter().position(|done| match need {
                Need::Comes(set) => done.after & !done.before & set != 0,
                Need::Goes(set) => done.before & !done.after & set != 0,
            })
        });
        let needs: BTreeSet<usize> = needs.collect();
        let needs = needs.into_iter().collect();
        moves.push(Move { subject: next, before, after, needs, pauses: false, group: 0 });
        open.remove(&(rank, next));
        state = mix;
    }
    Some(moves)
}

/// The last rank of what only takes away.
const NARROW: u8 = 1;

/// What only takes away goes first, and what frees something last.
fn rank(parts: &Parts<'_>, subject: usize, before: Set, after: Set) -> u8 {
    let attached = matches!(parts.subjects.get(subject), Some(Subject::Attached { .. }));
    match (attached, after == 0) {
        _ if parts.is_narrower(subject, before, after) => u8::from(after != 0),
        (true, true) => 2,
        (true, false) => 3,
        (false, false) if parts.only_adds(subject, before, after) => 5,
        (false, false) => 4,
        (false, true) => 6,
    }
}

fn searched(parts: &Parts<'_>) -> Option<Vec<Move>> {
    let mut best: HashMap<Set, (u64, Set, usize)> = HashMap::new();
    let mut open = BinaryHeap::from([Reverse((0_u64, parts.old))]);
    let mut looks = 0;
    while let Some(Reverse((cost, state))) = open.pop() {
        if state == parts.new {
            return Some(moves(parts, &way(&best, parts)));
        }
        if best.get(&state).is_some_and(|(known, ..)| *known < cost) {
            continue;
        }
        let paused = parts.paused(state);
        for subject in 0..parts.subjects.len() {
            for after in choices(parts, subject, state) {
                let next = (state & !parts.of(subject)) | after;
                looks += 1;
                if looks > LOOKS {
                    return None;
                }
                let fresh = parts.paused(next).difference(&paused).count() as u64;
                let total = cost + 1 + PAUSE * fresh;
                let known = best.get(&next).is_none_or(|(known, ..)| total < *known);
                if known && next != parts.old && parts.fits(state, next) && parts.is_safe(next) {
                    best.insert(next, (total, state, subject));
                    open.push(Reverse((total, next)));
                }
            }
        }
    }
    None
}

/// The mixes on the way, the old one first.
fn way(best: &HashMap<Set, (u64, Set, usize)>, parts: &Parts<'_>) -> Vec<(Set, usize)> {
    let (mut way, mut at) = (Vec::new(), parts.new);
    while let Some((_, before, subject)) = best.get(&at).filter(|_| at != parts.old) {
        way.push((at, *subject));
        at = *before;
    }
    way.reverse();
    way
}

/// What a subject may be made of next: what goes does not come back, what comes stays.
fn choices(parts: &Parts<'_>, subject: usize, state: Set) -> Vec<Set> {
    let of = parts.of(subject);
    let (here, old, new) = (state & of, parts.old & of, parts.new & of);
    let every = |free: Set| {
        let places: Vec<usize> = places(free).collect();
        (0..1_u32 << places.len()).map(move |number| {
            let chosen = places.iter().enumerate().filter(|(at, _)| number & (1 << at) != 0);
            chosen.fold(0, |set, (_, place)| set | (1 << place))
        })
    };
    let kept = here & new & !old;
    let free = (here & old) | (new & !kept);
    let found: BTreeSet<Set> = match parts.subjects.get(subject) {
        Some(Subject::Inline { .. }) if !parts.may_mix(subject) => [new, 0].into(),
        Some(Subject::Inline { .. }) if free.count_ones() <= FEW => {
            every(free).map(|set| set | kept).collect()
        }
        Some(Subject::Inline { .. }) => {
            let one_more = places(new & !here).map(|at| here | (1 << at));
            let one_less = places(here & !kept).map(|at| here & !(1 << at));
            let swapped = places(new & !here).map(|at| (here & new) | (1 << at));
            let wholes = [new, 0, here | new, here & new, parts.denies() & (here | new)];
            wholes.into_iter().chain(one_more).chain(one_less).chain(swapped).collect()
        }
        Some(Subject::Attached { .. }) => [new].into(),
        _ => BTreeSet::new(),
    };
    found.into_iter().filter(|after| *after != here).collect()
}

/// The moves of a way. What is no narrower than before needs all that comes before it, and each the
/// former writes of its own subject.
fn moves(parts: &Parts<'_>, way: &[(Set, usize)]) -> Vec<Move> {
    let (mut moves, mut state) = (Vec::<Move>::new(), parts.old);
    for (next, subject) in way {
        let of = parts.of(*subject);
        let (before, after) = (state & of, next & of);
        let needs = if parts.is_narrower(*subject, before, after) {
            (0..moves.len())
                .filter(|at| moves.get(*at).is_some_and(|done| done.subject == *subject))
                .collect()
        } else {
            (0..moves.len()).collect()
        };
        let pauses = !parts.paused(*next).is_subset(&parts.paused(state));
        moves.push(Move { subject: *subject, before, after, needs, pauses, group: 0 });
        state = *next;
    }
    moves
}
