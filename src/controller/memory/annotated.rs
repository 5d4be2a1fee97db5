//! The service accounts that grants with `annotate: true` name, and no other: what was seen of each
//! last, and how often it was annotated again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
};

use jiff::Timestamp;

use crate::{api::ResourceKey, plan::decide::contest::History};

/// All of them.
#[derive(Debug, Default)]
pub struct Annotated {
    /// By namespace, then name.
    accounts: BTreeMap<ResourceKey, Named>,
    /// By resource: the names, all of its own namespace.
    names: HashMap<ResourceKey, BTreeSet<Box<str>>>,
    hasher: RandomState,
}

/// One that is named.
#[derive(Debug, Default)]
struct Named {
    /// By whom, nearly always one, with the ARN that it is to carry.
    by: Vec<(ResourceKey, Box<str>)>,
    /// Digest of what was seen last.
    seen: Option<u64>,
    /// The list that is coming in has brought it.
    listed: bool,
    history: History,
}

/// A service account as it is seen: whether it is there, and which role it names.
pub type Seen<'a> = Option<Option<&'a str>>;

/// A resource whose service account is another one than it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    /// The resource.
    pub key: ResourceKey,
    /// The service account names the resource's role.
    pub names_it: bool,
    /// The next correction waits.
    pub waits: bool,
}

impl Annotated {
    /// A resource with a role names these, whatever it named before.
    pub fn names<'a>(
        &mut self,
        key: &ResourceKey,
        arn: &str,
        all: impl IntoIterator<Item = &'a String>,
    ) {
        for name in all {
            let named = self.accounts.entry(account(key, name)).or_default();
            match named.by.iter_mut().find(|(by, _)| by == key) {
                Some((_, there)) if **there == *arn => {}
                Some((_, there)) => *there = arn.into(),
                None => named.by.push((key.clone(), arn.into())),
            }
            self.names.entry(key.clone()).or_default().insert(name.as_str().into());
        }
    }

    /// A resource names these and no others.
    pub fn names_only(&mut self, key: &ResourceKey, arn: &str, names: &BTreeSet<String>) {
        self.names(key, arn, names);
        let there = self.names.remove(key).unwrap_or_default();
        let (keep, drop): (BTreeSet<_>, BTreeSet<_>) =
            there.into_iter().partition(|name| names.contains(&**name));
        self.drop(key, drop);
        if !keep.is_empty() {
            self.names.insert(key.clone(), keep);
        }
    }

    /// A resource names none.
    pub fn forget(&mut self, key: &ResourceKey) {
        let there = self.names.remove(key).unwrap_or_default();
        self.drop(key, there);
    }

    fn drop(&mut self, key: &ResourceKey, all: BTreeSet<Box<str>>) {
        for name in all {
            let account = account(key, &name);
            let Some(named) = self.accounts.get_mut(&account) else { continue };
            named.by.retain(|(by, _)| by != key);
            if named.by.is_empty() {
                self.accounts.remove(&account);
            }
        }
    }

    /// The watch has told of a service account: whom that concerns, when it is news.
    pub fn seen(
        &mut self,
        account: &ResourceKey,
        seen: Seen<'_>,
        now: Timestamp,
    ) -> Vec<Concerned> {
        let Some(named) = self.accounts.get_mut(account) else { return Vec::new() };
        named.listed = true;
        let digest = Some(self.hasher.hash_one(seen));
        if std::mem::replace(&mut named.seen, digest) == digest {
            return Vec::new();
        }
        let waits = named.history.wait(now).is_some();
        let concerned = |(key, arn): &(ResourceKey, Box<str>)| Concerned {
            key: key.clone(),
            names_it: seen == Some(Some(&**arn)),
            waits,
        };
        named.by.iter().map(concerned).collect()
    }

    /// We write the ARN on it: that comes back through the watch, and is no news.
    pub fn written(&mut self, account: &ResourceKey, arn: &str) {
        let seen: Seen<'_> = Some(Some(arn));
        let digest = self.hasher.hash_one(seen);
        if let Some(named) = self.accounts.get_mut(account) {
            named.seen = Some(digest);
        }
    }

    /// It had lost the ARN and has it again.
    pub fn corrected(&mut self, account: &ResourceKey, now: Timestamp) {
        if let Some(named) = self.accounts.get_mut(account) {
            named.history.corrected(now);
        }
    }

    /// Until when the next correction waits.
    #[must_use]
    pub fn wait(&self, account: &ResourceKey, now: Timestamp) -> Option<Timestamp> {
        self.accounts.get(account)?.history.wait(now)
    }

    /// A list of a namespace begins, or of all.
    pub fn list_begins(&mut self, namespace: Option<&str>) {
        self.within(namespace).for_each(|(_, named)| named.listed = false);
    }

    /// It has ended: those that it did not bring are gone.
    pub fn list_ends(&mut self, namespace: Option<&str>, now: Timestamp) -> Vec<Concerned> {
        let missing = self.within(namespace).filter(|(_, named)| !named.listed);
        let missing: Vec<ResourceKey> = missing.map(|(account, _)| account.clone()).collect();
        missing.iter().flat_map(|account| self.seen(account, None, now)).collect()
    }

    fn within(
        &mut self,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = (&ResourceKey, &mut Named)> {
        self.accounts
            .iter_mut()
            .filter(move |(account, _)| namespace.is_none_or(|within| account.namespace == within))
    }
}

/// The service account of that name in the namespace of a resource.
#[must_use]
pub fn account(resource: &ResourceKey, name: &str) -> ResourceKey {
    ResourceKey { namespace: resource.namespace.clone(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:role/x";

    fn key(name: &str) -> ResourceKey {
        ResourceKey { namespace: "a".into(), name: name.into() }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn told(annotated: &mut Annotated, name: &str, seen: Seen<'_>) -> Vec<(String, bool)> {
        let concerned = annotated.seen(&key(name), seen, now());
        concerned.into_iter().map(|concerned| (concerned.key.name, concerned.names_it)).collect()
    }

    #[test]
    fn only_what_is_named_is_kept_and_all_of_it_goes_with_the_last_that_names_it() {
        let mut annotated = Annotated::default();
        annotated.seen(&key("other"), Some(None), now());
        annotated.names(&key("x"), ARN, &names(&["one", "two"]));
        annotated.names(&key("y"), "other", &names(&["two"]));
        assert_eq!(annotated.accounts.len(), 2);
        annotated.names_only(&key("x"), ARN, &names(&["two", "three"]));
        let kept: Vec<&str> = annotated.accounts.keys().map(|key| key.name.as_str()).collect();
        assert_eq!(kept, ["three", "two"]);
        annotated.names_only(&key("x"), ARN, &names(&[]));
        annotated.forget(&key("y"));
        annotated.forget(&key("z"));
        assert!(annotated.accounts.is_empty() && annotated.names.is_empty());
    }

    #[test]
    fn a_change_is_told_once_and_our_own_writing_not_at_all() {
        let mut annotated = Annotated::default();
        annotated.names(&key("x"), ARN, &names(&["pod"]));
        assert_eq!(told(&mut annotated, "pod", Some(Some(ARN))), [("x".to_owned(), true)]);
        assert_eq!(told(&mut annotated, "pod", Some(Some(ARN))), []);
        for seen in [Some(None), Some(Some("other")), None] {
            assert_eq!(told(&mut annotated, "pod", seen), [("x".to_owned(), false)], "{seen:?}");
            assert_eq!(told(&mut annotated, "pod", seen), [], "{seen:?}");
        }
        annotated.written(&key("pod"), ARN);
        assert_eq!(told(&mut annotated, "pod", Some(Some(ARN))), []);
        assert_eq!(told(&mut annotated, "unknown", Some(None)), []);
    }

    #[test]
    fn what_a_list_of_its_namespace_does_not_bring_is_gone() {
        let mut annotated = Annotated::default();
        annotated.names(&key("x"), ARN, &names(&["here", "gone"]));
        let elsewhere = ResourceKey { namespace: "b".into(), name: "y".into() };
        annotated.names(&elsewhere, ARN, &names(&["pod"]));
        for name in ["here", "gone"] {
            annotated.written(&key(name), ARN);
        }
        let mut list = |namespace: Option<&str>| {
            annotated.list_begins(namespace);
            assert_eq!(annotated.seen(&key("here"), Some(Some(ARN)), now()), []);
            let gone = annotated.list_ends(namespace, now());
            gone.into_iter().map(|concerned| concerned.key).collect::<Vec<_>>()
        };
        assert_eq!(list(Some("a")), [key("x")]);
        assert_eq!(list(Some("a")), [], "told once");
        assert_eq!(list(None), [elsewhere]);
    }

    #[test]
    fn the_third_correction_makes_the_next_one_wait() {
        let mut annotated = Annotated::default();
        annotated.names(&key("x"), ARN, &names(&["pod"]));
        for _ in 0..2 {
            annotated.corrected(&key("pod"), now());
            assert_eq!(annotated.wait(&key("pod"), now()), None);
        }
        annotated.corrected(&key("pod"), now());
        assert!(annotated.wait(&key("pod"), now()).is_some());
        assert!(annotated.seen(&key("pod"), Some(None), now())[0].waits);
    }
}
