//! One spelling for each action, resource, principal and condition.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::iam::arn::{Account, is_account_id};
use crate::iam::policy::document::{Conditions, PrincipalKind, Version};
use crate::iam::policy::operator::{Base, Family, Operator};
use crate::iam::policy::pattern::{Pattern, Syntax};
use crate::iam::policy::value::{Decimal, Network, boolean, instant};

use super::{Clause, Value};

/// Letter case of an action does not count (Q15), nor does a `*` beside another.
pub(super) fn action(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if has_run(&lower) { Pattern::new(&lower, Syntax::ACTION).spelled(Syntax::ACTION) } else { lower }
}

/// Letter case of a resource counts; of a variable in it, the key's does not (Q48).
pub(super) fn resource(text: &str, version: Version) -> Cow<'_, str> {
    let syntax = Syntax::like(version);
    if is_plain(text, syntax) { Cow::Borrowed(text) } else { Cow::Owned(pattern(text, syntax)) }
}

/// Two wildcards side by side, which can be written in several ways.
fn has_run(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| matches!(pair, [b'*' | b'?', b'*' | b'?']) && pair != b"??")
}

fn pattern(text: &str, syntax: Syntax) -> String {
    Pattern::new(text, syntax).spelled(syntax)
}

/// An account id means the root of that account in the role's own partition, under `AWS` only (Q25).
pub(super) fn principal(kind: PrincipalKind, value: &str, account: &Account) -> String {
    if kind == PrincipalKind::Aws && is_account_id(value) { account.root_arn_of(value) } else { value.to_owned() }
}

/// A number under a numeric operator: quoted or not, `1.0` or `1`, it is the same text to AWS (Q42).
pub(super) fn number(operator: &str, value: &str) -> Option<String> {
    let numeric = operator.contains("Numeric") && Operator::parse(operator).is_some();
    numeric.then(|| Decimal::parse(value)).flatten().map(|number| number.to_string())
}

/// The clauses of a condition.
pub(super) fn clauses(conditions: &Conditions, version: Version) -> BTreeSet<Clause> {
    let mut out = BTreeSet::new();
    for (name, keys) in conditions {
        let operator = Operator::parse(name);
        let spelled = operator.map_or_else(|| name.clone(), |operator| one_name(operator).to_string());
        for (key, values) in keys {
            let read = |value: &String| match operator {
                None => Value::Odd(value.clone()),
                Some(operator) => typed(operator, value, version),
            };
            out.insert(Clause {
                operator: spelled.clone(),
                key: key.to_lowercase(),
                values: values.iter().map(read).collect(),
            });
        }
    }
    out
}

/// `ArnEquals` and `ArnLike` behave alike, and so do their negations (Q36).
fn one_name(operator: Operator) -> Operator {
    let base = match operator.base {
        Base::ArnEquals => Base::ArnLike,
        Base::ArnNotEquals => Base::ArnNotLike,
        other => other,
    };
    Operator { base, ..operator }
}

/// The name to write for a second clause of the same operator and key.
pub(super) fn other_name(operator: &str) -> Option<String> {
    let operator = Operator::parse(operator)?;
    let base = match operator.base {
        Base::ArnLike => Base::ArnEquals,
        Base::ArnNotLike => Base::ArnNotEquals,
        _ => return None,
    };
    Some(Operator { base, ..operator }.to_string())
}

fn typed(operator: Operator, value: &str, version: Version) -> Value {
    let syntax = match operator.base {
        Base::StringLike | Base::StringNotLike => Syntax::like(version),
        base if base.family() == Family::Arn => Syntax::like(version),
        _ => Syntax::exact(version),
    };
    let text = || if is_plain(value, syntax) { value.to_owned() } else { pattern(value, syntax) };
    let read = match operator.base.family() {
        Family::String if is_caseless(operator.base) && is_plain(value, syntax) => Some(value.to_lowercase()),
        Family::String | Family::Arn => Some(text()),
        Family::Numeric => Decimal::parse(value).map(|number| number.to_string()),
        Family::Date => instant(value).map(|at| at.to_string()),
        Family::Bool | Family::Null => boolean(value).map(|value| value.to_string()),
        Family::Ip => Network::parse(value).map(|block| block.to_string()),
        Family::Binary => Some(value.to_owned()),
    };
    read.map_or_else(|| Value::Odd(value.to_owned()), Value::Read)
}

fn is_caseless(base: Base) -> bool {
    matches!(base, Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase)
}

/// Nothing in it can be written in another way.
fn is_plain(text: &str, syntax: Syntax) -> bool {
    let in_other_words = (syntax.variables && text.contains('$')) || (syntax.wildcards && has_run(text));
    !in_other_words
}

/// The clauses as a condition again.
pub(super) fn conditions(clauses: &BTreeSet<Clause>) -> Conditions {
    let mut out = Conditions::new();
    for clause in clauses {
        let values: Vec<String> = clause
            .values
            .iter()
            .map(|value| match value {
                Value::Read(text) | Value::Odd(text) => text.clone(),
            })
            .collect();
        let taken = out.get(&clause.operator).is_some_and(|keys: &BTreeMap<_, _>| keys.contains_key(&clause.key));
        let operator = taken.then(|| other_name(&clause.operator)).flatten().unwrap_or_else(|| clause.operator.clone());
        out.entry(operator).or_default().insert(clause.key.clone(), values);
    }
    out
}
