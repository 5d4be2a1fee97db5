//! Owned roles that no resource claims, as the sweeps of one account saw them. They are told, and
//! left as they are: a resource that is missing never removes a role.

use std::collections::{BTreeMap, BTreeSet};

use iam::role::RoleName;

use crate::api::ResourceKey;

/// What was seen and told of one account.
#[derive(Debug, Default)]
pub struct Unclaimed {
    /// As the last complete sweep saw them.
    seen: BTreeSet<RoleName>,
    /// Those that two sweeps in a row saw.
    told: BTreeSet<RoleName>,
}

impl Unclaimed {
    /// Takes in what a complete sweep found, each role with the resource that it names. Returns
    /// what is to be told now: one sweep alone may have been faster than the watch.
    pub fn swept(
        &mut self,
        found: BTreeMap<RoleName, ResourceKey>,
    ) -> Vec<(RoleName, ResourceKey)> {
        let seen: BTreeSet<RoleName> = found.keys().cloned().collect();
        let twice: BTreeSet<RoleName> = seen.intersection(&self.seen).cloned().collect();
        let news = found
            .into_iter()
            .filter(|(name, _)| twice.contains(name) && !self.told.contains(name))
            .collect();
        (self.seen, self.told) = (seen, twice);
        news
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.told.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> BTreeMap<RoleName, ResourceKey> {
        let key = |name: &str| ResourceKey { namespace: "a".into(), name: name.into() };
        names.iter().map(|name| (RoleName::from(*name), key(name))).collect()
    }

    #[test]
    fn a_role_is_told_once_when_two_sweeps_in_a_row_have_seen_it() {
        let mut unclaimed = Unclaimed::default();
        let mut sweep = |names: &[&str]| {
            let news = unclaimed.swept(found(names));
            let news: Vec<String> = news.into_iter().map(|(name, _)| name.to_string()).collect();
            (news, unclaimed.count())
        };
        let told = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(sweep(&["x", "y"]), (told(&[]), 0));
        assert_eq!(sweep(&["x"]), (told(&["x"]), 1));
        assert_eq!(sweep(&["x", "y"]), (told(&[]), 1));
        assert_eq!(sweep(&["x", "y"]), (told(&["y"]), 2));
        assert_eq!(sweep(&[]), (told(&[]), 0));
        assert_eq!(sweep(&["x"]), (told(&[]), 0));
        assert_eq!(sweep(&["x"]), (told(&["x"]), 1), "it came back");
    }
}
