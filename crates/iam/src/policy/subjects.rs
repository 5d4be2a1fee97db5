//! Statements of a trust policy that say the same of several subjects: one with a list of them, or
//! one for each, which is longer and means the same.
//!
//! Only values of `…:sub`, and only where a statement has one condition on one: to join lists of
//! several keys would depend on the order.

use crate::policy::document::Statement;
use crate::policy::operator::{Base, Operator};

#[cfg(test)]
mod tests;

/// Whether a condition key is about the subject of a token, such as `gitlab.com:sub`. The case of
/// letters does not count in it.
pub(in crate::policy) fn is_subject(key: &str) -> bool {
    let key = key.as_bytes();
    key.len()
        .checked_sub(":sub".len())
        .and_then(|start| key.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(b":sub"))
}

/// Whether a list of values matches when one of them does, so that it can be taken apart.
pub(in crate::policy) fn is_choice(operator: Operator) -> bool {
    operator.quantifier.is_none()
        && matches!(
            operator.base,
            Base::StringEquals | Base::StringEqualsIgnoreCase | Base::StringLike
        )
}

/// The statements of a trust policy in their order, those that differ in subjects alone as one, at
/// the place of the first. With each its former place.
#[must_use]
pub fn joined(statements: Vec<Statement>) -> Vec<(usize, Statement)> {
    let mut out: Vec<(usize, Statement)> = Vec::with_capacity(statements.len());
    // Without its subjects, and where it stands in `out`.
    let mut known: Vec<(Statement, usize)> = Vec::new();
    for (place, mut statement) in statements.into_iter().enumerate() {
        // A list without values lets nobody in, and stays as it is.
        let more = subjects(&mut statement).map(std::mem::take).unwrap_or_default();
        if !more.is_empty() {
            let same = known.iter().find(|(rest, _)| *rest == statement);
            let first = same.and_then(|(_, at)| out.get_mut(*at));
            if let Some(list) = first.and_then(|(_, first)| subjects(first)) {
                for subject in more {
                    if !list.contains(&subject) {
                        list.push(subject);
                    }
                }
                continue;
            }
            known.push((statement.clone(), out.len()));
            if let Some(list) = subjects(&mut statement) {
                *list = more;
            }
        }
        out.push((place, statement));
    }
    out
}

/// The only list of subjects of a statement that says who may assume a role.
fn subjects(statement: &mut Statement) -> Option<&mut Vec<String>> {
    statement.principals.as_ref()?;
    let mut lists = statement.conditions.iter_mut().flat_map(|(operator, keys)| {
        keys.iter_mut()
            .filter(|(key, _)| is_subject(key))
            .map(move |(_, values)| (operator, values))
    });
    match (lists.next(), lists.next()) {
        (Some((operator, values)), None) => {
            Operator::parse(operator).is_some_and(is_choice).then_some(values)
        }
        _ => None,
    }
}
