//! Comparing what a resource asks for with the text that AWS has: meaning, not text.

use std::collections::HashMap;

use crate::account::Account;
use crate::finding::Check;

use crate::policy::decode::decode;
use crate::policy::document::{Policy, Statement, Version};
use crate::policy::parse::{PolicyKind, Reading, Strictness};
use crate::policy::work::Work;

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Equality {
    /// Same document: only white space, key order, order inside lists, scalar or list, or spelling
    /// of an account differ.
    Identical,
    /// Differs only where AWS evaluates nothing: order of statements, duplicates, letter case of
    /// elements and operators, an empty condition.
    Cosmetic,
    /// Differs, or might: the observed document could not be read for certain. It is to be written.
    Different,
    /// What was observed cannot be the document of a role: empty, a list, without statements, a
    /// trust without principals. It is certainly not equal, and the reading itself is in doubt.
    Invalid,
}

impl Equality {
    /// Whether the canonical forms are equal, so that nothing is to be written.
    #[must_use]
    pub fn is_equal(self) -> bool {
        matches!(self, Self::Identical | Self::Cosmetic)
    }
}

/// Compares a desired policy with a document as AWS returned it, percent-encoded or plain, in a
/// role of `account`.
///
/// An observed document that cannot be read is [`Equality::Different`], unless everything wrong
/// with it is such that no role can hold it: then it is [`Equality::Invalid`].
#[must_use]
pub fn compare(
    desired: &Policy,
    observed_text: &str,
    kind: PolicyKind,
    account: &Account,
) -> Equality {
    if observed_text.trim().is_empty() {
        return Equality::Invalid;
    }
    let Ok(text) = decode(observed_text) else {
        return Equality::Different;
    };
    match Reading::parse(&text, kind, Strictness::Observed) {
        Ok(Reading { policy, folded }) => match between(desired, &policy, account) {
            // What reading folded away stands in AWS all the same.
            Equality::Identical if !folded.is_empty() => Equality::Cosmetic,
            verdict => verdict,
        },
        Err(problems) if problems.iter().all(|problem| problem.check() == Check::IMPOSSIBLE) => {
            Equality::Invalid
        }
        Err(_) => Equality::Different,
    }
}

/// Compares two policies in a role of `account`; never [`Equality::Invalid`]. A document that is
/// over its budget of work is equal only to one with the same statements.
#[must_use]
pub fn between(desired: &Policy, observed: &Policy, account: &Account) -> Equality {
    if desired.is_identical(observed, account) {
        Equality::Identical
    } else if desired.canonical(account) == observed.canonical(account) {
        Equality::Cosmetic
    } else {
        Equality::Different
    }
}

/// A number for each statement of two documents: those that say the same have the same one.
pub(super) fn meanings(
    policies: [&Policy; 2],
    version: Version,
    account: &Account,
    work: &Work,
) -> [Vec<usize>; 2] {
    let alone =
        |statement: &Statement| Policy { version, id: None, statements: vec![statement.clone()] };
    let each = |bytes: &dyn Fn(&Policy) -> Vec<u8>| {
        let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut number = |statement: &Statement| {
            let next = numbers.len();
            *numbers.entry(bytes(&alone(statement))).or_insert(next)
        };
        policies.map(|policy| policy.statements.iter().map(&mut number).collect())
    };
    let folded = each(&|policy| policy.canonical_within(account, work).bytes());
    // All are told apart in the same way: by what they say, or by how it is written.
    if work.is_over() { each(&|policy| policy.tidied(account).to_json().into()) } else { folded }
}
