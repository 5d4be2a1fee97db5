//! Whether a document allows nothing that another does not: by containment of patterns, never by
//! listing actions.
//!
//! What `new` allows is cut into regions (one action pattern, one principal, one resource pattern,
//! the conditions). Each must lie in an Allow of `old`, outside the Denies of `old` that `new` does
//! not keep. The answer "yes" is proven; "no" comes with a request that the evaluator allows by
//! `new` and not by `old`; where neither can be had the answer is "unknown".
//!
//! An answer has a budget of counted work ([`Work`]); the one that takes more is "unknown".
//!
//! A request is taken to be one that can exist: an account is in one partition, so its id and its
//! root ARN are the same.

mod choices;
mod clause;
mod element;
mod grid;
#[cfg(test)]
mod laws;
mod range;
mod reading;
mod region;
#[cfg(test)]
mod tests;
mod witness;

use std::fmt;

use crate::quote::shown;

use crate::policy::document::{Policy, PrincipalKind};
use crate::policy::evaluate::{Context, Request};
use crate::policy::work::Work;
use grid::Grid;
use reading::Reading;
use region::{Region, RegionDocument, Rule, TOO_COSTLY};

/// Whether one document contains another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Containment {
    /// Proven: nothing is allowed that was not.
    NoNewAccess,
    /// Shown: this request is allowed and was not.
    NewAccess(Box<Witness>),
    /// Neither could be shown.
    Unknown(Doubt),
}

/// A request that the new document allows and the old one does not, as the evaluator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Action.
    pub action: String,
    /// ARN; only for an identity policy.
    pub resource: Option<String>,
    /// Who asks; only for a trust policy.
    pub principal: Option<(PrincipalKind, String)>,
    /// Condition keys of the request.
    pub context: Context,
    /// Index in the new document of the statement that allows it.
    pub statement: usize,
}

/// Why containment could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Index in the new document.
    pub statement: usize,
    /// One sentence for people.
    pub why: String,
}

/// How a change of a document changes what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    /// Whether the new one allows something that the old one does not.
    pub widens: Containment,
    /// Whether the old one allowed something that the new one does not; statements are those of the
    /// old one.
    pub narrows: Containment,
}

/// A change of access, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The same requests are allowed.
    Same,
    /// Fewer, or as far as is known the same.
    Narrower,
    /// More; perhaps also fewer.
    Wider,
    /// It can't be told. To be treated as wider.
    Unknown,
}

/// Whether `new` allows nothing that `old` does not. Each is taken alone, as the only policy of a
/// role, or as its trust policy.
#[must_use]
pub fn contains(old: &Policy, new: &Policy) -> Containment {
    contained(Some(old), Some(new), &Work::new())
}

/// Both directions of [`contains`]. No document allows nothing.
#[must_use]
pub fn access(old: Option<&Policy>, new: Option<&Policy>) -> AccessChange {
    access_within(old, new, &Work::new())
}

/// The same as one of several questions that have one budget together.
pub(super) fn access_within(
    old: Option<&Policy>,
    new: Option<&Policy>,
    work: &Work,
) -> AccessChange {
    AccessChange { widens: contained(old, new, work), narrows: contained(new, old, work) }
}

/// What a change does to what a document allows by itself. No document allows nothing.
#[must_use]
pub fn change(old: Option<&Policy>, new: Option<&Policy>) -> Change {
    AccessChange::change(&access(old, new))
}

/// What a change does when the document is one of several of a role, whatever the others are: a
/// Deny in it also cuts what others allow, so one that is lost is a change to wider even where this
/// document allows nothing.
#[must_use]
pub fn change_among_others(old: Option<&Policy>, new: Option<&Policy>) -> Change {
    let work = Work::new();
    match (within(old, new, &work), within(new, old, &work)) {
        (true, true) => Change::Same,
        (true, false) => Change::Narrower,
        (false, true) => Change::Wider,
        (false, false) => Change::Unknown,
    }
}

/// A document that others are held against, several with one budget.
#[derive(Debug)]
pub struct Container<'a> {
    policy: &'a Policy,
    read: Result<RegionDocument, (usize, String)>,
    work: &'a Work,
}

impl<'a> Container<'a> {
    /// Of this document.
    #[must_use]
    pub fn new(policy: &'a Policy, work: &'a Work) -> Self {
        Self { policy, read: RegionDocument::read(policy, Reading::EVALUATED, work), work }
    }

    /// Whether it is proven that the other document allows nothing that this one does not.
    #[must_use]
    pub fn contains(&self, other: &Policy) -> bool {
        let policies = (self.policy, other);
        let holds = |old: &RegionDocument, reading| {
            RegionDocument::read(other, reading, self.work)
                .is_ok_and(|new| self.asks(policies, (old, &new)))
        };
        self.read.as_ref().is_ok_and(|old| holds(old, Reading::EVALUATED))
            && Reading::others([self.policy, other]).into_iter().all(|reading| {
                RegionDocument::read(self.policy, reading, self.work)
                    .is_ok_and(|old| holds(&old, reading))
            })
    }

    fn asks(&self, policies: (&Policy, &Policy), read: (&RegionDocument, &RegionDocument)) -> bool {
        Question::new(policies, read, self.work).is_ok_and(|question| question.all_hold())
    }
}

impl Containment {
    /// Whether it is proven that nothing new is allowed.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        *self == Self::NoNewAccess
    }
}

impl AccessChange {
    /// In one word.
    #[must_use]
    pub fn change(&self) -> Change {
        match (&self.widens, &self.narrows) {
            (Containment::NoNewAccess, Containment::NoNewAccess) => Change::Same,
            (Containment::NoNewAccess, _) => Change::Narrower,
            (Containment::NewAccess(_), _) => Change::Wider,
            (Containment::Unknown(_), _) => Change::Unknown,
        }
    }
}

impl Witness {
    /// The request.
    #[must_use]
    pub fn request(&self) -> Request {
        let Self { action, resource, principal, context, statement: _ } = self.clone();
        Request { action, resource, principal, context }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.action)?;
        if let Some(resource) = &self.resource {
            write!(f, " on {resource}")?;
        }
        if let Some((kind, who)) = &self.principal {
            write!(f, " by {kind} {who}")?;
        }
        for (index, (key, found)) in self.context.iter().enumerate() {
            let values: Vec<String> = found.values.iter().map(|value| shown(value)).collect();
            write!(f, "{} {key} {}", if index == 0 { " with" } else { "," }, values.join(" and "))?;
        }
        write!(f, ", by statement {}", self.statement)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}: {}", self.statement, self.why)
    }
}

fn contained(old: Option<&Policy>, new: Option<&Policy>, work: &Work) -> Containment {
    let empty = Policy::new(Vec::new());
    let Some(new) = new else { return Containment::NoNewAccess };
    let old = old.unwrap_or(&empty);
    let answer = asked((old, new), Reading::EVALUATED, work, |question| question.answer())
        .unwrap_or_else(Containment::Unknown);
    if !answer.is_proven() {
        return answer;
    }
    // What shows the contrary by another reading shows nothing that is documented.
    let in_doubt = Reading::others([old, new]).into_iter().find_map(|reading| {
        let open = asked((old, new), reading, work, |question| question.first_open());
        let why = if work.is_over() { TOO_COSTLY } else { reading.doubt() };
        open.map_or_else(Some, |open| {
            open.map(|statement| Doubt { statement, why: why.to_owned() })
        })
    });
    in_doubt.map_or(answer, Containment::Unknown)
}

/// Whether everything that `new` allows is allowed by `old`, and everything that `old` denies is
/// denied by `new`.
fn within(old: Option<&Policy>, new: Option<&Policy>, work: &Work) -> bool {
    let empty = Policy::new(Vec::new());
    let holds = |mut question: Question<'_>| {
        let all_kept = question.kept.is_empty();
        question.kept = Vec::new();
        all_kept && question.all_hold()
    };
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let others = Reading::others([old, new]).into_iter();
    std::iter::once(Reading::EVALUATED)
        .chain(others)
        .all(|reading| asked((old, new), reading, work, holds).unwrap_or(false))
}

/// Reads both and asks.
fn asked<T>(
    (old, new): (&Policy, &Policy),
    reading: Reading,
    work: &Work,
    ask: impl FnOnce(Question<'_>) -> T,
) -> Result<T, Doubt> {
    let read = |policy: &Policy, which: &str| {
        RegionDocument::read(policy, reading, work).map_err(|(index, why)| {
            let statement = if which == "new" { index } else { 0 };
            if work.is_over() {
                return Doubt { statement, why };
            }
            let why =
                format!("statement {index} of the {which} document can't be evaluated: {why}");
            Doubt { statement, why }
        })
    };
    let (before, after) = (read(old, "old")?, read(new, "new")?);
    Question::new((old, new), (&before, &after), work).map(ask)
}

/// Parts of a region that are searched for a request that shows new access.
const OPEN: usize = 4;
/// Conditions of a region that are cut into their values.
const DEEPEST: usize = 4;
/// What it costs to look at a part of a Deny.
const DENIED: usize = 8;

/// How a region is cut.
#[derive(Clone, Copy)]
struct Cut {
    /// The first Deny of the new document that it is not yet cut by.
    first: usize,
    /// Conditions that were cut into their values.
    depth: usize,
    /// Whether what an Allow of the old document covers is left out.
    allows: bool,
    /// Parts that are wanted.
    most: usize,
}

struct Question<'a> {
    policies: (&'a Policy, &'a Policy),
    old: &'a RegionDocument,
    new: &'a RegionDocument,
    /// The Denies of `old` that `new` does not keep, and that count.
    kept: Vec<&'a Rule>,
    work: &'a Work,
}

impl<'a> Question<'a> {
    fn new(
        policies: (&'a Policy, &'a Policy),
        (old, new): (&'a RegionDocument, &'a RegionDocument),
        work: &'a Work,
    ) -> Result<Self, Doubt> {
        let doubt = |why: &str| Doubt { statement: 0, why: why.to_owned() };
        if let (Some(one), Some(other)) = (old.is_trust(), new.is_trust())
            && one != other
        {
            return Err(doubt("one document names principals, the other resources"));
        }
        let mixed = |document: &RegionDocument| {
            document.is_trust().is_none() && document.allows.len() + document.denies.len() > 0
        };
        if mixed(old) || mixed(new) {
            return Err(doubt("a document names principals and resources"));
        }
        // Whether the new document denies all that a Deny of the old one denies.
        let keeps = |deny: &Grid<'_>| {
            deny.is_covered(work)
                || deny.regions(work).all(|(region, kept)| kept || region.is_empty(work))
        };
        let denies = Grid::of(&old.denies, &new.denies, work);
        let kept = denies.iter().filter(|deny| !keeps(deny)).map(Grid::rule).collect();
        Ok(Self { policies, old, new, kept, work })
    }

    fn answer(&self) -> Containment {
        let mut doubt = None;
        let mut tries = witness::TRIES;
        for grid in self.grids() {
            if self.holds_whole(&grid) {
                continue;
            }
            for (region, covered) in grid.regions(self.work) {
                if self.work.is_over() {
                    let why = TOO_COSTLY.to_owned();
                    return Containment::Unknown(Doubt { statement: grid.rule().index, why });
                }
                let open = self.open(&region, covered, OPEN);
                for part in &open {
                    if let Some(witness) = self.witness(grid.rule(), part, &mut tries) {
                        return Containment::NewAccess(Box::new(witness));
                    }
                }
                if doubt.is_none() && !open.is_empty() {
                    doubt = Some(Doubt { statement: grid.rule().index, why: self.why(&region) });
                }
            }
        }
        match doubt {
            Some(doubt) => Containment::Unknown(doubt),
            None => Containment::NoNewAccess,
        }
    }

    /// The Allows of the new document, against those of the old one.
    fn grids(&self) -> Vec<Grid<'a>> {
        Grid::of(&self.new.allows, &self.old.allows, self.work)
    }

    /// Whether all that the new document allows is proven to be allowed by the old one, without a
    /// search for what shows the contrary.
    fn all_hold(&self) -> bool {
        self.first_open().is_none()
    }

    /// The first Allow of the new document of which that is not proven.
    fn first_open(&self) -> Option<usize> {
        let grids = self.grids();
        let open = grids.iter().find(|grid| !self.holds(grid) || self.work.is_over());
        open.map(|grid| grid.rule().index).or(self.work.is_over().then_some(0))
    }

    /// Whether all that an Allow of the new document allows is allowed by the old one.
    fn holds(&self, grid: &Grid<'_>) -> bool {
        self.holds_whole(grid)
            || grid.regions(self.work).all(|(region, covered)| self.proven(&region, covered))
    }

    /// The same, without a look at what lies in no Allow of the old document, or where a Deny is
    /// lost.
    fn holds_whole(&self, grid: &Grid<'_>) -> bool {
        self.kept.is_empty() && grid.is_covered(self.work)
    }

    fn proven(&self, region: &Region<'a>, covered: bool) -> bool {
        self.open(region, covered, 1).is_empty()
    }

    /// Parts of the region, a few at most, of which it is not proven that the old document allows
    /// them or the new one denies them: such as lie in no Allow of the old document (`covered`: it
    /// lies in a single one), and such as one of its Denies bites on that is lost.
    fn open(&self, region: &Region<'a>, covered: bool, most: usize) -> Vec<Region<'a>> {
        let work = self.work;
        let mut open = Vec::new();
        if !covered {
            self.left(region, Cut { first: 0, depth: 0, allows: true, most }, &mut open);
        }
        for denied in self.kept.iter().flat_map(|deny| deny.regions()) {
            if open.len() >= most {
                break;
            }
            if !work.spend(DENIED) {
                open.push(region.clone());
                break;
            }
            if !region.misses(&denied, work) {
                let both = region.and(&denied, work);
                self.left(&both, Cut { first: 0, depth: 0, allows: false, most }, &mut open);
            }
        }
        open
    }

    /// Parts of the region that the new document may allow, apart from what the Allows of the old
    /// one cover, if they count.
    fn left(&self, region: &Region<'a>, cut: Cut, open: &mut Vec<Region<'a>>) {
        let work = self.work;
        if open.len() >= cut.most {
            return;
        }
        if !work.spend(1) {
            open.push(region.clone());
            return;
        }
        if region.is_empty(work) || self.new.denies.iter().any(|deny| deny.covers(region, work)) {
            return;
        }
        // By one Deny after the other: which of them comes first changes nothing.
        let denies = self.new.denies.iter().enumerate().skip(cut.first);
        let mut pieces = denies
            .filter_map(|(index, deny)| Some((region.without(deny, work)?, index + 1, cut.depth)));
        // Each value by itself adds a limit; a few of them are what people write.
        let by_value = || {
            let few = cut.depth < DEEPEST;
            few.then(|| region.by_value(work)).flatten().map(|pieces| (pieces, 0, cut.depth + 1))
        };
        let Some((pieces, first, depth)) = pieces.next().or_else(by_value) else {
            open.push(region.clone());
            return;
        };
        for piece in &pieces {
            let allowed = || self.old.allows.iter().any(|allow| allow.covers(piece, work));
            if !(cut.allows && allowed()) {
                self.left(piece, Cut { first, depth, ..cut }, open);
            }
        }
    }

    fn why(&self, region: &Region<'a>) -> String {
        if self.work.is_over() {
            return TOO_COSTLY.to_owned();
        }
        let allowed = self.old.allows.iter().any(|allow| allow.covers(region, self.work));
        let mut outside = Vec::new();
        self.left(region, Cut { first: 0, depth: 0, allows: true, most: 1 }, &mut outside);
        if allowed || outside.is_empty() {
            return "the old document denies a part of it, and whether the new one does too can't \
                be told"
                .to_owned();
        }
        let near = self.old.allows.iter().find(|allow| {
            allow.covers_actions(region, self.work)
                && allow.covers_principals(region, self.work)
                && allow.covers_resources(region, self.work)
        });
        match near {
            Some(near) => {
                format!(
                    "whether its conditions are as narrow as those of old statement {} can't be \
                     told",
                    near.index
                )
            }
            None => "no single statement of the old document covers it".to_owned(),
        }
    }
}
