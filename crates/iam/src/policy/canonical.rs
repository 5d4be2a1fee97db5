//! The canonical form: everything in which AWS evaluates nothing is folded away.
//!
//! A document is taken apart into groups: effect and conditions, one principal, one resource; and
//! with each group goes the list of all actions that are said of it. A `Not…` list stays together,
//! because it is an intersection. Of a trust policy, each subject of a token is a group of its own:
//! a list of them is the same as a statement for each. Order, repetition, Sids, the Id, letter case
//! and splits of statements are gone then; spelling is folded in `canonical/spelling.rs`, and
//! `canonical/covered.rs` leaves out an action that another of its list covers.
//!
//! The groups of one statement share their list, so the form is about as large as the document.
//! What costs more than its budget of work is not folded ([`Canonical::is_large`]).
//!
//! Two documents have equal canonical forms exactly when [`compare`](crate::policy::compare())
//! calls them Identical or Cosmetic; fingerprints are hashes of [`Canonical::bytes`].

mod bytes;
mod covered;
mod fold;
mod set;
mod spelling;
mod tidy;
mod unfold;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::account::Account;

use crate::policy::document::{Effect, Policy, PrincipalKind, Version};
use crate::policy::operator::Operator;
use crate::policy::work::Work;

/// A document in canonical form; it borrows what is spelled in the document as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical<'a>(Form<'a>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form<'a> {
    Folded(Folded<'a>),
    /// Over its budget: tidied only.
    Large(Box<LargeForm>),
}

/// What is compared of a document that is too large to fold: its printed form, tidied.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LargeForm {
    json: String,
}

/// Each table holds what the groups and the lists name, sorted and once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Folded<'a> {
    version: Version,
    cases: Vec<Case<'a>>,
    principals: Vec<Who<'a>>,
    resources: Vec<Listed<Cow<'a, str>>>,
    actions: Vec<Listed<Caseless<'a>>>,
    /// Sorted, without duplicates: places of actions, sorted and each once.
    lists: Vec<Vec<u32>>,
    /// Sorted, without duplicates.
    groups: Vec<Group>,
}

/// Places in the tables; [`NOWHERE`] for an element that a statement does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    case: u32,
    principal: u32,
    resource: u32,
    /// The actions.
    list: u32,
}

/// No table has an item at this place.
const NOWHERE: u32 = u32::MAX;

/// The effect of a statement and when it has it. Clauses are sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case<'a> {
    effect: Effect,
    clauses: Vec<Clause<'a>>,
}

/// A pattern, or all but some: those sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Listed<T> {
    One(T),
    Except(Vec<T>),
}

/// A principal, or all but some: those sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who<'a> {
    Everyone,
    One((PrincipalKind, Cow<'a, str>)),
    ExceptEveryone,
    Except(Vec<(PrincipalKind, Cow<'a, str>)>),
}

/// Text in which the case of ASCII letters does not count.
#[derive(Clone, Debug)]
struct Caseless<'a>(Cow<'a, str>);

impl Caseless<'_> {
    fn lower(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Caseless<'_> {}

impl Ord for Caseless<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for Caseless<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One operator on one key, its values sorted and each once. A statement may have two that differ
/// in their values alone: `ArnEquals` and `ArnLike` on one key are one operator, and both must
/// hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Clause<'a> {
    operator: Named<'a>,
    key: Caseless<'a>,
    values: Vec<Value<'a>>,
}

/// An operator that is known, or the name of one that is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named<'a> {
    Known(Operator),
    Odd(&'a str),
}

/// A value by the type of its operator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    /// In the one spelling of its type.
    Read(Cow<'a, str>),
    /// Not of the type, so never equal to one that is.
    Odd(&'a str),
}

impl Policy {
    /// The canonical form of this document in a role of `account`.
    #[must_use]
    pub fn canonical(&self, account: &Account) -> Canonical<'_> {
        self.canonical_within(account, &Work::new())
    }

    /// The same for one of several documents that have one budget together.
    #[must_use]
    pub fn canonical_within(&self, account: &Account, work: &Work) -> Canonical<'_> {
        Canonical(match fold::folded(self, account, work) {
            Some(folded) => Form::Folded(folded),
            None => Form::Large(Box::new(LargeForm { json: self.tidied(account).to_json() })),
        })
    }
}

impl Canonical<'_> {
    /// Whether the document was over its budget of work, so that it is equal only to one with the
    /// same statements.
    #[must_use]
    pub fn is_large(&self) -> bool {
        matches!(self.0, Form::Large(_))
    }
}
