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

/// Whether one key of one operator matches; `None` when a value of the policy is not of the
/// operator's type. AWS takes such a value with a warning, and its statement never matches.
pub(in crate::policy) fn matches(
    operator: Operator,
    key: &str,
    values: &[String],
    version: Version,
    context: &Context,
    work: &Work,
) -> Option<bool> {
    let Operator { quantifier, base, if_exists } = operator;
    let found = context.get(key);
    if base == Base::Null {
        // All are read, so that the order of values decides nothing.
        let values: Vec<bool> = values.iter().map(|value| boolean(value)).collect::<Option<_>>()?;
        return Some(values.contains(&found.is_none()));
    }
    let test = Test { operator, values, version, context, work };
    let Some(found) = found else {
        // Also when nothing is compared, a value that can't be read is noticed.
        test.one("")?;
        return Some(
            if_exists
                || match quantifier {
                    Some(Quantifier::ForAllValues) => true,
                    Some(Quantifier::ForAnyValue) => false,
                    None => base.is_negated(),
                },
        );
    };
    match quantifier {
        None if found.listed => Some(false),
        None | Some(Quantifier::ForAnyValue) => test.any(&found.values, true),
        Some(Quantifier::ForAllValues) => {
            test.any(&found.values, false).map(|one_fails| !one_fails)
        }
    }
}

/// The first value that is not of the operator's type.
pub(super) fn misfit(operator: Operator, values: &[String]) -> Option<&str> {
    let fits = |value: &str| match operator.base.family() {
        Family::Numeric => Decimal::parse(value).is_some(),
        Family::Date => instant(value).is_some(),
        Family::Bool | Family::Null => boolean(value).is_some(),
        Family::Ip => Network::parse(value).is_some(),
        Family::String | Family::Arn | Family::Binary => true,
    };
    values.iter().map(String::as_str).find(|value| !fits(value))
}

/// What is wrong at a place in the statement.
fn refused(at: &Pointer<'_>, message: String, remedy: &str) -> Finding {
    Finding::error(Check::EVALUATION, Field::of_document(at), message).with_remedy(remedy)
}

struct Test<'a> {
    operator: Operator,
    values: &'a [String],
    version: Version,
    context: &'a Context,
    work: &'a Work,
}

impl Test<'_> {
    /// Whether any value of the request passes (or, with `false`, fails).
    fn any(&self, found: &[String], wanted: bool) -> Option<bool> {
        for value in found {
            if self.one(value)? == wanted {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Whether one value of the request passes: some value of the policy fits it, or none where the
    /// operator is negated.
    fn one(&self, found: &str) -> Option<bool> {
        let mut fits = false;
        for value in self.values {
            fits |= self.fits(found, value)?;
        }
        Some(fits != self.operator.base.is_negated())
    }

    fn fits(&self, found: &str, value: &str) -> Option<bool> {
        let base = self.operator.base;
        self.work.spend(match base.family() {
            Family::String | Family::Bool | Family::Binary | Family::Null => 4 + value.len() / 8,
            Family::Arn => 40 + 5 * value.len(),
            // Read anew each time.
            Family::Numeric | Family::Date | Family::Ip => 100 + value.len(),
        });
        let has_variable = self.version == Version::V2012 && value.contains("${");
        let resolve = |syntax| resolved(value, syntax, self.context);
        Some(match base.family() {
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
                let value = Decimal::parse(value)?;
                Decimal::parse(found).is_some_and(|found| ordered(base, &found, &value))
            }
            Family::Date => {
                let value = instant(value)?;
                instant(found).is_some_and(|found| ordered(base, &found, &value))
            }
            Family::Bool => {
                let value = boolean(value)?;
                boolean(found) == Some(value)
            }
            Family::Binary => value.trim_end_matches('=') == found.trim_end_matches('='),
            Family::Ip => {
                let value = Network::parse(value)?;
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
