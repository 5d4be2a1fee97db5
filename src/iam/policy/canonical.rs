//! The canonical form: everything in which AWS evaluates nothing is folded away.
//!
//! A document is taken apart into atoms: effect, one action, one principal, one resource, the conditions. A `Not…` list stays
//! whole, because it is an intersection. Order, repetition, Sids, the Id, letter case and splits of statements are gone then;
//! spelling is folded in `canonical/spelling.rs`, and an action that another covers, with all else equal, is left out.
//!
//! Two documents have equal canonical forms exactly when [`compare`](crate::iam::policy::compare()) calls them Identical
//! or Cosmetic; fingerprints are hashes of [`Canonical::bytes`].

mod bytes;
mod fold;
mod spelling;
mod tidy;
mod unfold;

use std::collections::BTreeSet;

use crate::iam::arn::Account;

use super::document::{Effect, Policy, PrincipalKind, Version};

/// Atoms of a document at most; one with more is compared by its statements as they stand.
pub const ATOMS: usize = 20_000;

/// A document in canonical form. Its order is total and means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Canonical(Form);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Folded(Folded),
    /// Too many atoms: tidied only.
    Large(Box<LargeForm>),
}

/// What is compared of a document that is too large to fold: its printed form, tidied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct LargeForm {
    json: String,
}

/// Each table holds what the atoms name, sorted and once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Folded {
    version: Version,
    actions: Vec<Listed>,
    principals: Vec<Who>,
    resources: Vec<Listed>,
    conditions: Vec<BTreeSet<Clause>>,
    /// Sorted, without duplicates.
    atoms: Vec<Atom>,
}

/// Places in the tables; `None` for an element that a statement does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Atom {
    effect: Effect,
    conditions: u16,
    principal: Option<u16>,
    resource: Option<u16>,
    action: u16,
}

/// A pattern, or all but some.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Listed {
    One(String),
    Except(BTreeSet<String>),
}

/// A principal, or all but some.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Who {
    Everyone,
    One(PrincipalKind, String),
    ExceptEveryone,
    Except(BTreeSet<(PrincipalKind, String)>),
}

/// One operator on one key. A statement may have two that differ in their values alone: `ArnEquals` and `ArnLike` on one
/// key are one operator, and both must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Clause {
    operator: String,
    key: String,
    values: BTreeSet<Value>,
}

/// A value by the type of its operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    /// In the one spelling of its type.
    Read(String),
    /// Not of the type, so never equal to one that is.
    Odd(String),
}

impl Policy {
    /// The canonical form of this document in a role of `account`.
    #[must_use]
    pub fn canonical(&self, account: &Account) -> Canonical {
        Canonical(match fold::folded(self, account) {
            Some(folded) => Form::Folded(folded),
            None => Form::Large(Box::new(LargeForm { json: self.tidied(account).to_json() })),
        })
    }
}

impl Canonical {
    /// Whether the document has more than [`ATOMS`] atoms, so that it is equal only to one with the same statements.
    #[must_use]
    pub fn is_large(&self) -> bool {
        matches!(self.0, Form::Large(_))
    }
}
