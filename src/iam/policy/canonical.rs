//! The canonical form: everything in which AWS evaluates nothing is folded away.
//!
//! Two documents have equal canonical forms exactly when [`compare`](crate::iam::policy::compare()) calls them Identical
//! or Cosmetic; fingerprints are hashes of [`Canonical::bytes`]. Folded: order and duplicates of statements, actions,
//! resources, principals and values; scalar or list; an empty Sid; a missing Version; the id of an account and its root ARN.
//! Not folded in this release, so Different: other Sids, letter case, wildcards that cover each other, split statements.

use std::collections::{BTreeMap, BTreeSet};

use crate::iam::arn::{Account, is_account_id};

use super::document::{Effect, Policy, PrincipalKind, PrincipalSet, Scope, Statement, Version};

/// A document in canonical form. Its order is total and means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Canonical {
    version: Version,
    id: Option<String>,
    statements: BTreeSet<CanonicalStatement>,
}

/// A statement in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalStatement {
    /// Never empty.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Lists are sorted and without duplicates; account ids under `AWS` are root ARNs.
    pub principals: Option<Scope<PrincipalSet>>,
    /// Sorted, without duplicates.
    pub actions: Scope<BTreeSet<String>>,
    /// Sorted, without duplicates.
    pub resources: Option<Scope<BTreeSet<String>>>,
    /// Operator, key, values.
    pub conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Policy {
    /// The canonical form of this document in a role of `account`.
    #[must_use]
    pub fn canonical(&self, account: &Account) -> Canonical {
        Canonical {
            version: self.version,
            id: filled(self.id.as_ref()),
            statements: self.statements.iter().map(|statement| statement.canonical(account)).collect(),
        }
    }

    /// The same document with what never counts set right and lists sorted, but with its statements in order and with
    /// its duplicates: equal such forms are Identical, not only Cosmetic.
    pub(super) fn tidied(&self, account: &Account) -> Self {
        Self {
            version: self.version,
            id: filled(self.id.as_ref()),
            statements: self.statements.iter().map(|statement| statement.tidied(account)).collect(),
        }
    }
}

impl Statement {
    /// The canonical form of this statement in a role of `account`.
    #[must_use]
    pub fn canonical(&self, account: &Account) -> CanonicalStatement {
        let Self { sid, effect, principals, actions, resources, conditions } = self.tidied(account);
        let set = |list: &Vec<String>| list.iter().cloned().collect();
        let principals = principals.map(|mut scope| {
            let (Scope::Only(principals) | Scope::Except(principals)) = &mut scope;
            if let PrincipalSet::Kinds(kinds) = principals {
                kinds.values_mut().for_each(Vec::dedup);
            }
            scope
        });
        CanonicalStatement {
            sid,
            effect,
            principals,
            actions: actions.map(set),
            resources: resources.map(|resources| resources.map(set)),
            conditions: convert(conditions, |values| values.into_iter().collect()),
        }
    }

    fn tidied(&self, account: &Account) -> Self {
        let Self { sid, effect, principals, actions, resources, conditions } = self;
        let principals = principals.as_ref().map(|scope| {
            scope.map(|principals| match principals {
                PrincipalSet::Everyone => PrincipalSet::Everyone,
                PrincipalSet::Kinds(kinds) => PrincipalSet::Kinds(
                    kinds
                        .iter()
                        .map(|(kind, values)| {
                            (*kind, sorted(values.iter().map(|value| spelled(*kind, value, account))))
                        })
                        .collect(),
                ),
            })
        });
        Self {
            sid: filled(sid.as_ref()),
            effect: *effect,
            principals,
            actions: actions.map(|list| sorted(list.iter().cloned())),
            resources: resources.as_ref().map(|scope| scope.map(|list| sorted(list.iter().cloned()))),
            conditions: convert(conditions.clone(), sorted),
        }
    }
}

impl Canonical {
    /// The version of the policy language.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The statements, each once, in an order that means nothing.
    #[must_use]
    pub fn statements(&self) -> impl ExactSizeIterator<Item = &CanonicalStatement> {
        self.statements.iter()
    }

    /// A document with this canonical form.
    #[must_use]
    pub fn to_policy(&self) -> Policy {
        Policy {
            version: self.version,
            id: self.id.clone(),
            statements: self.statements.iter().map(CanonicalStatement::to_statement).collect(),
        }
    }

    /// An encoding for hashing: equal exactly for equal canonical forms. Every text is preceded by its length and every
    /// list by its count, so no two different forms share one. It begins with a number of the encoding itself.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Encoder(Vec::new());
        out.text("rolewright policy 1");
        out.text(self.version.as_str());
        out.option(self.id.as_ref(), |out, id| out.text(id));
        out.list(&self.statements, |out, statement| {
            let CanonicalStatement { sid, effect, principals, actions, resources, conditions } = statement;
            out.option(sid.as_ref(), |out, sid| out.text(sid));
            out.text(effect.as_str());
            out.option(principals.as_ref(), |out, scope| {
                out.form(scope);
                match scope.content() {
                    PrincipalSet::Everyone => out.0.push(0),
                    PrincipalSet::Kinds(kinds) => {
                        out.0.push(1);
                        out.list(kinds, |out, (kind, values)| {
                            out.text(kind.as_str());
                            out.list(values, |out, value| out.text(value));
                        });
                    }
                }
            });
            out.form(actions);
            out.list(actions.content(), |out, value| out.text(value));
            out.option(resources.as_ref(), |out, scope| {
                out.form(scope);
                out.list(scope.content(), |out, value| out.text(value));
            });
            out.list(conditions, |out, (operator, keys)| {
                out.text(operator);
                out.list(keys, |out, (key, values)| {
                    out.text(key);
                    out.list(values, |out, value| out.text(value));
                });
            });
        });
        out.0
    }
}

impl CanonicalStatement {
    /// A statement with this canonical form.
    #[must_use]
    pub fn to_statement(&self) -> Statement {
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect();
        Statement {
            sid: self.sid.clone(),
            effect: self.effect,
            principals: self.principals.clone(),
            actions: self.actions.map(list),
            resources: self.resources.as_ref().map(|resources| resources.map(list)),
            conditions: convert(self.conditions.clone(), |values| values.into_iter().collect()),
        }
    }
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

fn sorted(values: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.into_iter().collect();
    values.sort_unstable();
    values
}

/// An account id means the root of that account in the role's own partition, under `AWS` only (Q25).
fn spelled(kind: PrincipalKind, value: &str, account: &Account) -> String {
    if kind == PrincipalKind::Aws && is_account_id(value) { account.root_arn_of(value) } else { value.to_owned() }
}

type Keyed<V> = BTreeMap<String, BTreeMap<String, V>>;

fn convert<A, B>(conditions: Keyed<A>, change: impl Fn(A) -> B) -> Keyed<B> {
    let keys = |keys: BTreeMap<String, A>| keys.into_iter().map(|(key, values)| (key, change(values))).collect();
    conditions.into_iter().map(|(operator, found)| (operator, keys(found))).collect()
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn form<T>(&mut self, scope: &Scope<T>) {
        self.0.push(u8::from(scope.is_except()));
    }

    fn option<T>(&mut self, value: Option<&T>, encode: impl FnOnce(&mut Self, &T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            encode(self, value);
        }
    }

    fn list<I: IntoIterator<IntoIter: ExactSizeIterator>>(&mut self, items: I, encode: impl Fn(&mut Self, I::Item)) {
        let items = items.into_iter();
        self.count(items.len());
        items.for_each(|item| encode(self, item));
    }
}
