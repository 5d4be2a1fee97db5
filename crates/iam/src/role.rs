//! What names one role: its name, its account and name, its unique id.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::account::AccountId;
use crate::name::fold;

/// The name of a role. Two that differ in letter case only are the same name, as in IAM; each keeps
/// the letters that it was written in. Whether it is one that IAM takes is not checked here.
#[derive(Clone)]
pub struct RoleName(Arc<str>);

impl RoleName {
    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all spellings.
    fn folded(&self) -> Cow<'_, str> {
        if self.0.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            Cow::Borrowed(&self.0)
        } else {
            Cow::Owned(fold(&self.0))
        }
    }
}

impl From<&str> for RoleName {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for RoleName {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq for RoleName {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.folded() == other.folded()
    }
}

impl Eq for RoleName {}

impl PartialEq<str> for RoleName {
    fn eq(&self, other: &str) -> bool {
        self.folded() == fold(other)
    }
}

impl PartialEq<&str> for RoleName {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl Hash for RoleName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl Ord for RoleName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl PartialOrd for RoleName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// One role: names are unique in an account only. Writes are serialised on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleKey {
    /// Where it lives.
    pub account: AccountId,
    /// What it is called there.
    pub name: RoleName,
}

/// The unique id of a role (`AROA…`): another one when a role is deleted and made again.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleId(Box<str>);

impl RoleId {
    /// The id as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RoleId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for RoleId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for RoleId {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for RoleId {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    const SPELLINGS: [&str; 3] = ["Team-A_Reader", "team-a_reader", "TEAM-A_READER"];

    #[test]
    fn names_that_differ_in_letter_case_are_one_name_in_every_collection() {
        let names = SPELLINGS.map(RoleName::from);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 1);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 1);
        assert!(names.iter().all(|name| *name == names[0] && *name == "team-A_reader"));
        assert_ne!(names[0], RoleName::from("team-a_reader2"));
        assert_eq!(names[0].to_string(), "Team-A_Reader", "each keeps its letters");
    }

    #[test]
    fn a_letter_that_folds_into_ascii_is_the_same_too() {
        // U+212A, the Kelvin sign.
        let names = ["\u{212a}ey", "key", "Key"].map(RoleName::from);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 1);
        assert!(names.iter().all(|name| *name == names[1]));
    }

    #[test]
    fn one_name_in_two_accounts_is_two_roles() {
        let key = |account: &str| RoleKey { account: account.parse().unwrap(), name: "x".into() };
        assert_ne!(key("123456789012"), key("210987654321"));
    }
}
