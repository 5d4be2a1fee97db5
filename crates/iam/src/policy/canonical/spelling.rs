//! One spelling for each action, resource, principal and condition.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::account::{Account, is_account_id};
use crate::policy::document::{Conditions, PrincipalKind, Version};
use crate::policy::operator::{Base, Family, Operator};
use crate::policy::pattern::{Pattern, Syntax};
use crate::policy::value::{Decimal, Network, boolean, instant};

use crate::policy::canonical::set::set;
use crate::policy::canonical::{Caseless, Clause, Named, Value};

/// Letter case of an action does not count (Q15), nor does a `*` beside another.
pub(super) fn action(text: &str) -> Caseless<'_> {
    Caseless(if has_run(text) {
        Cow::Owned(pattern(text, Syntax::ACTION))
    } else {
        Cow::Borrowed(text)
    })
}

/// Letter case of a resource counts; of a variable in it, the key's does not (Q48).
pub(super) fn resource(text: &str, version: Version) -> Cow<'_, str> {
    let syntax = Syntax::like(version);
    plain(text, syntax)
}

fn plain(text: &str, syntax: Syntax) -> Cow<'_, str> {
    if is_plain(text, syntax) { Cow::Borrowed(text) } else { Cow::Owned(pattern(text, syntax)) }
}

/// Two wildcards side by side, which can be written in several ways.
fn has_run(text: &str) -> bool {
    let pairs = text.bytes().zip(text.bytes().skip(1));
    // Without an early end: the compiler makes a loop over many bytes at once of it.
    pairs.fold(false, |found, pair| found | matches!(pair, (b'*', b'*' | b'?') | (b'?', b'*')))
}

fn pattern(text: &str, syntax: Syntax) -> String {
    Pattern::new(text, syntax).spelled(syntax)
}

/// An account id means the root of that account in the role's own partition, under `AWS` only
/// (Q25).
pub(super) fn principal<'a>(
    kind: PrincipalKind,
    value: &'a str,
    account: &Account,
) -> Cow<'a, str> {
    if kind == PrincipalKind::Aws && is_account_id(value) {
        Cow::Owned(account.root_arn_of(value))
    } else {
        Cow::Borrowed(value)
    }
}

/// A number under a numeric operator: quoted or not, `1.0` or `1`, it is the same text to AWS
/// (Q42).
pub(super) fn number(operator: &str, value: &str) -> Option<String> {
    let numeric = operator.contains("Numeric") && Operator::parse(operator).is_some();
    numeric.then(|| Decimal::parse(value)).flatten().map(|number| number.to_string())
}

/// The clauses of a condition, sorted and each once.
pub(super) fn clauses(conditions: &Conditions, version: Version) -> Vec<Clause<'_>> {
    set(conditions.iter().flat_map(|(name, keys)| {
        let operator = Operator::parse(name);
        keys.iter().map(move |(key, values)| Clause {
            operator: operator
                .map_or(Named::Odd(name), |operator| Named::Known(one_name(operator))),
            key: condition_key(key),
            values: set(values.iter().map(|value| match operator {
                None => Value::Odd(value),
                Some(operator) => typed(operator, value, version),
            })),
        })
    }))
}

/// Letter case of a key does not count, in any alphabet.
fn condition_key(key: &str) -> Caseless<'_> {
    Caseless(if key.is_ascii() { Cow::Borrowed(key) } else { Cow::Owned(key.to_lowercase()) })
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
fn other_name(operator: Operator) -> Option<Operator> {
    let base = match operator.base {
        Base::ArnLike => Base::ArnEquals,
        Base::ArnNotLike => Base::ArnNotEquals,
        _ => return None,
    };
    Some(Operator { base, ..operator })
}

fn typed(operator: Operator, value: &str, version: Version) -> Value<'_> {
    let syntax = match operator.base {
        Base::StringLike | Base::StringNotLike => Syntax::like(version),
        base if base.family() == Family::Arn => Syntax::like(version),
        _ => Syntax::exact(version),
    };
    let read = match operator.base.family() {
        Family::String if is_caseless(operator.base) && is_plain(value, syntax) => {
            Some(value.to_lowercase().into())
        }
        Family::String | Family::Arn => Some(plain(value, syntax)),
        Family::Numeric => Decimal::parse(value).map(|number| number.to_string().into()),
        Family::Date => instant(value).map(|at| at.to_string().into()),
        Family::Bool | Family::Null => boolean(value).map(|value| value.to_string().into()),
        Family::Ip => Network::parse(value).map(|block| block.to_string().into()),
        Family::Binary => Some(value.into()),
    };
    read.map_or(Value::Odd(value), Value::Read)
}

fn is_caseless(base: Base) -> bool {
    matches!(base, Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase)
}

/// Nothing in it can be written in another way.
fn is_plain(text: &str, syntax: Syntax) -> bool {
    let in_other_words =
        (syntax.variables && text.contains('$')) || (syntax.wildcards && has_run(text));
    !in_other_words
}

/// The clauses as a condition again.
pub(super) fn conditions(clauses: &[Clause<'_>]) -> Conditions {
    let mut out = Conditions::new();
    for Clause { operator, key, values } in clauses {
        let key = key.lower();
        let values: Vec<String> = values
            .iter()
            .map(|value| match value {
                Value::Read(text) => text.clone().into_owned(),
                Value::Odd(text) => (*text).to_owned(),
            })
            .collect();
        let name = match operator {
            Named::Odd(name) => (*name).to_owned(),
            Named::Known(operator) => {
                let name = operator.to_string();
                let taken =
                    out.get(&name).is_some_and(|keys: &BTreeMap<_, _>| keys.contains_key(&key));
                let other = taken.then(|| other_name(*operator)).flatten();
                other.map_or(name, |other| other.to_string())
            }
        };
        out.entry(name).or_default().insert(key, values);
    }
    out
}
