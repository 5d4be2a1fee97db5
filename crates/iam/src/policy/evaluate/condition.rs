//! Conditions. Source: the IAM user guide, "Condition operators" and "Multivalued context keys".

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::finding::{Check, Field, Finding};
use crate::policy::document::{Conditions, Version};
use crate::policy::operator::{Base, Family, Operator, Quantifier};
use crate::policy::pattern::{Pattern, Syntax, glob};
use crate::policy::value::{Decimal, Network, boolean, instant};
use crate::policy::work::Work;
use crate::quote::shown;
use crate::text::pointer::Pointer;

use crate::policy::evaluate::{Context, resolved};

/// An operator, its spelling, and its keys with their values.
pub(super) type Block<'a> = (Operator, &'a str, &'a BTreeMap<String, Vec<String>>);

/// The operators of a condition; an unknown one is an error, and so is a key without values: AWS
/// does not document what that means, and it depends on the operator (Q31).
pub(super) fn operators(conditions: &Conditions) -> Result<Vec<Block<'_>>, Finding> {
    let block = Pointer::Root.key("Condition");
    let mut read = Vec::with_capacity(conditions.len());
    for (text, keys) in conditions {
        let at = block.key(text);
        let operator = Operator::parse(text)
            .ok_or_else(|| refused(&at, format!("{} is no condition operator", shown(text)), ""))?;
        if let Some((key, _)) = keys.iter().find(|(_, values)| values.is_empty()) {
            let message = format!("{operator} {} has no values", shown(key));
            return Err(refused(&at.key(key), message, "add one, or remove the key"));
        }
        read.push((operator, text.as_str(), keys));
    }
    Ok(read)
}

/// Whether one key of one operator matches; an error when a value of the policy can't be of the
/// operator's type.
pub(in crate::policy) fn matches(
    operator: Operator,
    key: &str,
    values: &[String],
    version: Version,
    context: &Context,
    work: &Work,
) -> Result<bool, Finding> {
    let Operator { quantifier, base, if_exists } = operator;
    let found = context.get(key);
    if base == Base::Null {
        // All are read, so that the order of values decides nothing.
        let read = |value: &String| boolean(value).ok_or_else(|| unreadable(operator, key, value));
        let values = values.iter().map(read).collect::<Result<Vec<bool>, Finding>>()?;
        return Ok(values.contains(&found.is_none()));
    }
    let test = Test { operator, key, values, version, context, work };
    let Some(found) = found else {
        // Also when nothing is compared, a value that can't be read is told.
        test.one("")?;
        return Ok(if_exists
            || match quantifier {
                Some(Quantifier::ForAllValues) => true,
                Some(Quantifier::ForAnyValue) => false,
                None => base.is_negated(),
            });
    };
    match quantifier {
        None if found.listed => Ok(false),
        None | Some(Quantifier::ForAnyValue) => test.any(&found.values, true),
        Some(Quantifier::ForAllValues) => {
            test.any(&found.values, false).map(|one_fails| !one_fails)
        }
    }
}

fn unreadable(operator: Operator, key: &str, value: &str) -> Finding {
    let (block, name) = (Pointer::Root.key("Condition"), operator.to_string());
    let message = format!("{operator} {} can't have the value {}", shown(key), shown(value));
    refused(&block.key(&name).key(key), message, "correct it")
}

/// What is wrong at a place in the statement.
fn refused(at: &Pointer<'_>, message: String, remedy: &str) -> Finding {
    Finding::error(Check::EVALUATION, Field::of_document(at), message).with_remedy(remedy)
}

struct Test<'a> {
    operator: Operator,
    key: &'a str,
    values: &'a [String],
    version: Version,
    context: &'a Context,
    work: &'a Work,
}

impl Test<'_> {
    /// Whether any value of the request passes (or, with `false`, fails).
    fn any(&self, found: &[String], wanted: bool) -> Result<bool, Finding> {
        for value in found {
            if self.one(value)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether one value of the request passes: some value of the policy fits it, or none where the
    /// operator is negated.
    fn one(&self, found: &str) -> Result<bool, Finding> {
        let mut fits = false;
        for value in self.values {
            fits |= self.fits(found, value)?;
        }
        Ok(fits != self.operator.base.is_negated())
    }

    fn fits(&self, found: &str, value: &str) -> Result<bool, Finding> {
        let bad = || unreadable(self.operator, self.key, value);
        let base = self.operator.base;
        self.work.spend(match base.family() {
            Family::String | Family::Bool | Family::Binary | Family::Null => 4 + value.len() / 8,
            Family::Arn => 40 + 5 * value.len(),
            // Read anew each time.
            Family::Numeric | Family::Date | Family::Ip => 100 + value.len(),
        });
        let has_variable = self.version == Version::V2012 && value.contains("${");
        let resolve = |syntax| resolved(value, syntax, self.context);
        Ok(match base.family() {
            Family::String => match base {
                Base::StringLike | Base::StringNotLike if has_variable => {
                    resolve(Syntax::like(self.version))
                        .is_some_and(|pattern| pattern.matches_within(found, self.work))
                }
                Base::StringLike | Base::StringNotLike => glob(value, found, false, self.work),
                _ => {
                    let literal = if has_variable {
                        resolve(Syntax::exact(self.version))
                            .and_then(|pattern| pattern.literal())
                            .map(Cow::Owned)
                    } else {
                        Some(Cow::Borrowed(value))
                    };
                    let ignores_case = matches!(
                        base,
                        Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase
                    );
                    literal.is_some_and(|value| {
                        value == found
                            || (ignores_case && value.to_lowercase() == found.to_lowercase())
                    })
                }
            },
            Family::Arn => {
                let pattern = if has_variable {
                    resolve(Syntax::like(self.version))
                } else {
                    Some(Pattern::new(
                        value,
                        Syntax { wildcards: true, variables: false, fold: false },
                    ))
                };
                pattern.is_some_and(|pattern| arn_matches(&pattern, found, self.work))
            }
            Family::Numeric => {
                let value = Decimal::parse(value).ok_or_else(bad)?;
                Decimal::parse(found).is_some_and(|found| ordered(base, &found, &value))
            }
            Family::Date => {
                let value = instant(value).ok_or_else(bad)?;
                instant(found).is_some_and(|found| ordered(base, &found, &value))
            }
            Family::Bool => {
                let value = boolean(value).ok_or_else(bad)?;
                boolean(found) == Some(value)
            }
            Family::Binary => value.trim_end_matches('=') == found.trim_end_matches('='),
            Family::Ip => {
                let value = Network::parse(value).ok_or_else(bad)?;
                Network::parse(found).is_some_and(|found| value.contains(&found))
            }
            Family::Null => false,
        })
    }
}

/// The six fields of an ARN are compared one by one, so that a wildcard stays in its field.
fn arn_matches(pattern: &Pattern, found: &str, work: &Work) -> bool {
    let (fields, parts) = (pattern.split(':', 6), found.splitn(6, ':').collect::<Vec<_>>());
    fields.len() == 6
        && parts.len() == 6
        && fields.iter().zip(parts).all(|(field, part)| field.matches_within(part, work))
}

/// The comparison that a base names; for a negated one the comparison that it negates.
fn ordered<T: Ord>(base: Base, found: &T, value: &T) -> bool {
    match base {
        Base::NumericLessThan | Base::DateLessThan => found < value,
        Base::NumericLessThanEquals | Base::DateLessThanEquals => found <= value,
        Base::NumericGreaterThan | Base::DateGreaterThan => found > value,
        Base::NumericGreaterThanEquals | Base::DateGreaterThanEquals => found >= value,
        _ => found == value,
    }
}
