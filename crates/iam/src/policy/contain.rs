//! Whether a document allows nothing that another does not: by containment of patterns, never by
//! listing actions.
//!
//! What `new` allows is cut into regions (one action pattern, one principal, one resource pattern,
//! the conditions). Each must lie in an Allow of `old`, outside the Denies of `old` that `new` does
//! not keep. The answer "yes" is proven; "no" comes with a request that the evaluator allows by
//! `new` and not by `old`; where neither can be had the answer is "unknown".
//!
//! A request is taken to be one that can exist: an account is in one partition, so its id and its
//! root ARN are the same.

mod clause;
mod element;
#[cfg(test)]
mod laws;
mod region;
#[cfg(test)]
mod tests;
mod witness;

use std::fmt;

use crate::quote::shown;

use crate::policy::document::{Policy, PrincipalKind};
use crate::policy::evaluate::{Context, Request};
use region::{Region, RegionDocument, Rule};

/// Most regions of a document, and most steps of one answer: what is larger is not compared.
const REGIONS: usize = 20_000;
const STEPS: usize = 2_000_000;

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
    contained(Some(old), Some(new))
}

/// Both directions of [`contains`]. No document allows nothing.
#[must_use]
pub fn access(old: Option<&Policy>, new: Option<&Policy>) -> AccessChange {
    AccessChange { widens: contained(old, new), narrows: contained(new, old) }
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
    match (within(old, new), within(new, old)) {
        (true, true) => Change::Same,
        (true, false) => Change::Narrower,
        (false, true) => Change::Wider,
        (false, false) => Change::Unknown,
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

fn contained(old: Option<&Policy>, new: Option<&Policy>) -> Containment {
    let empty = Policy::new(Vec::new());
    let Some(new) = new else { return Containment::NoNewAccess };
    match Question::new(old.unwrap_or(&empty), new) {
        Ok(mut question) => question.answer(),
        Err(doubt) => Containment::Unknown(doubt),
    }
}

/// Whether everything that `new` allows is allowed by `old`, and everything that `old` denies is
/// denied by `new`.
fn within(old: Option<&Policy>, new: Option<&Policy>) -> bool {
    let empty = Policy::new(Vec::new());
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let Ok(mut question) = Question::new(old, new) else { return false };
    question.kept = Vec::new();
    let allows = question
        .new
        .allows
        .iter()
        .all(|rule| rule.regions().all(|region| question.proven(&region)));
    let denies = question.old.denies.iter().all(|rule| question.keeps(rule));
    allows && denies && question.steps.get() < STEPS
}

struct Question<'a> {
    policies: (&'a Policy, &'a Policy),
    old: RegionDocument,
    new: RegionDocument,
    /// Indexes of the Denies of `old` that `new` does not keep, and that count.
    kept: Vec<usize>,
    steps: std::cell::Cell<usize>,
}

impl<'a> Question<'a> {
    fn new(old: &'a Policy, new: &'a Policy) -> Result<Self, Doubt> {
        let read = |policy: &Policy, which: &str| {
            RegionDocument::read(policy).map_err(|(index, why)| {
                let why =
                    format!("statement {index} of the {which} document can't be evaluated: {why}");
                Doubt { statement: if which == "new" { index } else { 0 }, why }
            })
        };
        let policies = (old, new);
        let (old, new) = (read(old, "old")?, read(new, "new")?);
        if let (Some(one), Some(other)) = (old.is_trust(), new.is_trust())
            && one != other
        {
            return Err(Doubt {
                statement: 0,
                why: "one document names principals, the other resources".to_owned(),
            });
        }
        let mixed = |document: &RegionDocument| {
            document.is_trust().is_none() && document.allows.len() + document.denies.len() > 0
        };
        if mixed(&old) || mixed(&new) {
            return Err(Doubt {
                statement: 0,
                why: "a document names principals and resources".to_owned(),
            });
        }
        let size = |document: &RegionDocument| {
            document
                .allows
                .iter()
                .chain(&document.denies)
                .map(Rule::size)
                .fold(0, usize::saturating_add)
        };
        if size(&old).max(size(&new)) > REGIONS {
            return Err(Doubt {
                statement: 0,
                why: "the documents are too large to compare".to_owned(),
            });
        }
        let mut question =
            Self { policies, old, new, kept: Vec::new(), steps: std::cell::Cell::new(0) };
        question.kept = (0..question.old.denies.len())
            .filter(|index| {
                question.old.denies.get(*index).is_some_and(|deny| !question.keeps(deny))
            })
            .collect();
        Ok(question)
    }

    /// Counts a step; false when there were too many.
    fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() < STEPS
    }

    /// Whether the new document denies all that this Deny of the old one denies.
    fn keeps(&self, deny: &Rule) -> bool {
        // Most Denies stay as they are: looked for whole before they are taken apart.
        deny.regions().all(|region| {
            self.step()
                && (region.is_empty() || self.new.denies.iter().any(|kept| kept.covers(&region)))
        })
    }

    fn answer(&mut self) -> Containment {
        let mut doubt = None;
        let mut tries = witness::TRIES;
        for rule in &self.new.allows {
            for region in rule.regions() {
                if self.proven(&region) {
                    continue;
                }
                if let Some(witness) = self.witness(rule, &region, &mut tries) {
                    return Containment::NewAccess(Box::new(witness));
                }
                if doubt.is_none() {
                    doubt = Some(Doubt { statement: rule.index, why: self.why(&region) });
                }
            }
        }
        match doubt {
            Some(doubt) => Containment::Unknown(doubt),
            None => Containment::NoNewAccess,
        }
    }

    /// Whether the region lies in an Allow of the old document and outside its Denies.
    fn proven(&self, region: &Region<'_>) -> bool {
        self.step() && (self.inside(region, 0) && self.undenied(region))
    }

    fn inside(&self, region: &Region<'_>, depth: usize) -> bool {
        if !self.step() {
            return false;
        }
        if self.old.allows.iter().any(|allow| allow.covers(region)) || region.is_empty() {
            return true;
        }
        if self.new.denies.iter().any(|deny| deny.covers(region)) {
            return true;
        }
        // Each cut adds a limit; a few of them are what people write.
        depth < 4
            && (self.new.denies.iter().any(|deny| {
                region
                    .without(deny)
                    .is_some_and(|rest| rest.iter().all(|region| self.inside(region, depth + 1)))
            }) || region
                .by_value()
                .is_some_and(|rest| rest.iter().all(|region| self.inside(region, depth + 1))))
    }

    /// Whether no Deny that is lost bites on the region, apart from what the new document denies
    /// all the same.
    fn undenied(&self, region: &Region<'_>) -> bool {
        self.kept.iter().filter_map(|index| self.old.denies.get(*index)).all(|deny| {
            deny.regions().all(|denied| {
                let both = region.and(&denied);
                self.step()
                    && (both.is_empty() || self.new.denies.iter().any(|kept| kept.covers(&both)))
            })
        })
    }

    fn why(&self, region: &Region<'_>) -> String {
        if self.steps.get() >= STEPS {
            return "the documents are too large to compare".to_owned();
        }
        if self.inside(region, 0) {
            return "the old document denies a part of it, and whether the new one does too can't \
                be told"
                .to_owned();
        }
        let near = self.old.allows.iter().find(|allow| {
            allow.covers_actions(region)
                && allow.covers_principals(region)
                && allow.covers_resources(region)
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
