//! What differs inside a statement, element by element.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Account, is_account_id};
use crate::policy::document::{PrincipalKind, PrincipalSet, Scope, Statement};

/// One element that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementChange {
    /// `Effect`, `Action`, `NotResource`, `Principal AWS`, `Condition StringEquals
    /// aws:SourceAccount`.
    pub element: String,
    /// Values that are new.
    pub added: Vec<String>,
    /// Values that are gone.
    pub removed: Vec<String>,
}

/// Values by element.
type Elements = BTreeMap<(u8, String), BTreeMap<String, String>>;

/// The elements that differ, in the order in which AWS documents them.
pub(super) fn changes(old: &Statement, new: &Statement, account: &Account) -> Vec<ElementChange> {
    let (old, new) = (elements(old, account), elements(new, account));
    let all: BTreeSet<&(u8, String)> = old.keys().chain(new.keys()).collect();
    let none = BTreeMap::new();
    let mut out = Vec::new();
    for element in all {
        let (was, is) = (old.get(element).unwrap_or(&none), new.get(element).unwrap_or(&none));
        let missing = |from: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
            from.iter()
                .filter(|(folded, _)| !other.contains_key(*folded))
                .map(|(_, text)| text.clone())
                .collect()
        };
        let change = ElementChange {
            element: element.1.clone(),
            added: missing(is, was),
            removed: missing(was, is),
        };
        if !(change.added.is_empty() && change.removed.is_empty()) {
            out.push(change);
        }
    }
    out
}

/// The values of each element: as they count, and as they are written.
fn elements(statement: &Statement, account: &Account) -> Elements {
    let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
    let mut out = Elements::new();
    let mut put = |rank: u8, element: String, folded: String, text: &str| {
        out.entry((rank, element)).or_default().insert(folded, text.to_owned());
    };
    put(0, "Effect".into(), effect.as_str().into(), effect.as_str());
    if let Some(principals) = principals {
        let name = named("Principal", principals);
        match principals.content() {
            PrincipalSet::Everyone => put(1, name, "*".into(), "*"),
            PrincipalSet::Kinds(kinds) => {
                for (kind, values) in kinds {
                    for value in values {
                        let account_id = *kind == PrincipalKind::Aws && is_account_id(value);
                        let folded =
                            if account_id { account.root_arn_of(value) } else { value.clone() };
                        put(1, format!("{name} {kind}"), folded, value);
                    }
                }
            }
        }
    }
    for action in actions.content() {
        put(2, named("Action", actions), action.to_ascii_lowercase(), action);
    }
    if let Some(resources) = resources {
        for resource in resources.content() {
            put(3, named("Resource", resources), resource.clone(), resource);
        }
    }
    for (operator, keys) in conditions {
        for (key, values) in keys {
            let element = format!("Condition {operator} {}", key.to_lowercase());
            for value in values {
                put(4, element.clone(), value.clone(), value);
            }
            if values.is_empty() {
                put(4, element, String::new(), "(no value)");
            }
        }
    }
    out
}

fn named<T>(element: &str, scope: &Scope<T>) -> String {
    if scope.is_except() { format!("Not{element}") } else { element.to_owned() }
}
