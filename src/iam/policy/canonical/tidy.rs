//! What is never a difference at all: order inside lists, the two spellings of an account, quotes around numbers.

use crate::iam::arn::Account;
use crate::iam::policy::document::{Policy, PrincipalSet, Statement};

use super::spelling;

impl Policy {
    /// The same document with lists sorted and what never counts set right, but with its statements in order, its Sids, and
    /// its duplicates: equal such forms are Identical, not only Cosmetic.
    pub(in crate::iam::policy) fn tidied(&self, account: &Account) -> Self {
        Self {
            version: self.version,
            id: self.id.clone().filter(|id| !id.is_empty()),
            statements: self.statements.iter().map(|statement| statement.tidied(account)).collect(),
        }
    }
}

impl Statement {
    fn tidied(&self, account: &Account) -> Self {
        let mut out = self.clone();
        out.sid = out.sid.filter(|sid| !sid.is_empty());
        if let Some(principals) = &mut out.principals
            && let PrincipalSet::Kinds(kinds) = principals.content_mut()
        {
            for (kind, values) in kinds {
                for value in values.iter_mut() {
                    *value = spelling::principal(*kind, value, account);
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
