//! What is never a difference at all: order inside lists, the two spellings of an account, quotes
//! around numbers.

use crate::account::Account;
use crate::policy::document::{Policy, PrincipalSet, Statement};

use crate::policy::canonical::spelling;

impl Policy {
    /// Whether both say the same in the same words: only order inside lists and what never counts
    /// differ.
    pub(in crate::policy) fn is_identical(&self, other: &Self, account: &Account) -> bool {
        let Self { version, id, statements } = self;
        *version == other.version
            && filled(id.as_deref()) == filled(other.id.as_deref())
            && statements.len() == other.statements.len()
            && statements
                .iter()
                .zip(&other.statements)
                .all(|(one, other)| one.is_identical(other, account))
    }

    /// The same document with lists sorted and what never counts set right, but with its statements
    /// in order, its Sids, and its duplicates.
    pub(in crate::policy) fn tidied(&self, account: &Account) -> Self {
        Self {
            version: self.version,
            id: filled(self.id.as_deref()).map(str::to_owned),
            statements: self.statements.iter().map(|statement| statement.tidied(account)).collect(),
        }
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl Statement {
    /// Whether both are the same when tidied.
    fn is_identical(&self, other: &Self, account: &Account) -> bool {
        self == other || self.tidied(account) == other.tidied(account)
    }

    fn tidied(&self, account: &Account) -> Self {
        let mut out = self.clone();
        out.sid = out.sid.filter(|sid| !sid.is_empty());
        if let Some(principals) = &mut out.principals
            && let PrincipalSet::Kinds(kinds) = principals.content_mut()
        {
            for (kind, values) in kinds {
                for value in values.iter_mut() {
                    *value = spelling::principal(*kind, value, account).into_owned();
                }
                values.sort_unstable();
            }
        }
        out.actions.content_mut().sort_unstable();
        if let Some(resources) = &mut out.resources {
            resources.content_mut().sort_unstable();
        }
        for (operator, keys) in &mut out.conditions {
            for values in keys.values_mut() {
                for value in values.iter_mut() {
                    if let Some(number) = spelling::number(operator, value) {
                        *value = number;
                    }
                }
                values.sort_unstable();
            }
        }
        out
    }
}
