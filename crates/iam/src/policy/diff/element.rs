//! What differs inside a statement, element by element.

use std::borrow::Cow;
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

/// Values of an element: as they count, and as they are written.
type Values<'a> = BTreeMap<Cow<'a, str>, &'a str>;
/// Values by element.
type Elements<'a> = BTreeMap<(u8, String), Values<'a>>;

/// The elements that differ, in the order in which AWS documents them.
pub(super) fn changes(old: &Statement, new: &Statement, account: &Account) -> Vec<ElementChange> {
    let (old, new) = (elements(old, account), elements(new, account));
    let all: BTreeSet<&(u8, String)> = old.keys().chain(new.keys()).collect();
    let none = Values::new();
    let mut out = Vec::new();
    for element in all {
        let (was, is) = (old.get(element).unwrap_or(&none), new.get(element).unwrap_or(&none));
        let missing = |from: &Values<'_>, other: &Values<'_>| {
            from.iter()
                .filter(|(folded, _)| !other.contains_key(folded.as_ref()))
                .map(|(_, text)| (*text).to_owned())
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

/// The values of each element.
fn elements<'a>(statement: &'a Statement, account: &Account) -> Elements<'a> {
    let Statement { sid: _, effect, principals, actions, resources, conditions } = statement;
    let mut out = Elements::new();
    let one = |folded: &'a str, text: &'a str| Values::from([(Cow::Borrowed(folded), text)]);
    let as_written = |value: &'a String| Cow::Borrowed(value.as_str());
    let mut put = |rank: u8, element: String, values: Values<'a>| {
        if !values.is_empty() {
            out.entry((rank, element)).or_default().extend(values);
        }
    };
    put(0, "Effect".into(), one(effect.as_str(), effect.as_str()));
    if let Some(principals) = principals {
        let name = named("Principal", principals);
        match principals.content() {
            PrincipalSet::Everyone => put(1, name, one("*", "*")),
            PrincipalSet::Kinds(kinds) => {
                for (kind, values) in kinds {
                    let folded = |value: &'a String| {
                        let account_id = *kind == PrincipalKind::Aws && is_account_id(value);
                        if account_id {
                            account.root_arn_of(value).into()
                        } else {
                            as_written(value)
                        }
                    };
                    put(1, format!("{name} {kind}"), all(values, folded));
                }
            }
        }
    }
    put(
        2,
        named("Action", actions),
        all(actions.content(), |action| action.to_ascii_lowercase().into()),
    );
    if let Some(resources) = resources {
        put(3, named("Resource", resources), all(resources.content(), as_written));
    }
    for (operator, keys) in conditions {
        for (key, values) in keys {
            let element = format!("Condition {operator} {}", key.to_lowercase());
            if values.is_empty() {
                put(4, element, one("", "(no value)"));
            } else {
                put(4, element, all(values, as_written));
            }
        }
    }
    out
}

fn all<'a>(
    values: impl IntoIterator<Item = &'a String>,
    folded: impl Fn(&'a String) -> Cow<'a, str>,
) -> Values<'a> {
    values.into_iter().map(|value| (folded(value), value.as_str())).collect()
}

fn named<T>(element: &str, scope: &Scope<T>) -> String {
    if scope.is_except() { format!("Not{element}") } else { element.to_owned() }
}
