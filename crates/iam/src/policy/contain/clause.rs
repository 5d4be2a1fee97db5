//! Conditions: when one clause (operator, key, values) follows from another, and when two can't
//! hold together.
//!
//! A clause says three things, and each must follow: what it makes of an absent key, of one value,
//! of a list of values.

use std::rc::Rc;

use jiff::Timestamp;

use crate::policy::document::{Conditions, Version};
use crate::policy::evaluate::{Context, clause_matches};
use crate::policy::operator::{Base, Family, Operator, Quantifier};
use crate::policy::pattern::{Pattern, Syntax, Token};
use crate::policy::value::{Decimal, Network, boolean, instant};
use crate::policy::work::Work;
use crate::quote::shown;

use crate::policy::contain::element::{Element, Glob};
use crate::policy::contain::range::Range;

/// One operator on one key, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    pub(super) operator: Operator,
    /// In lower case.
    pub(super) key: String,
    /// In order.
    pub(super) values: Vec<String>,
    pub(super) version: Version,
    sets: Vec<Set>,
    /// The keys of its variables.
    variables: Vec<String>,
}

/// What a variable stands for in a request of which nothing is said.
pub(super) const ANYTHING: &str = "x";

/// What one value of a clause lets through, before a negation.
#[derive(Clone, Debug, PartialEq)]
enum Set {
    Text(Glob),
    /// In lower case.
    AnyCase(String),
    /// The same with a variable: known by its text only.
    AnyCaseText(String),
    /// Six fields; `None` for what is no ARN and matches nothing.
    Arn(Option<Vec<Glob>>),
    /// An ARN with a variable: known by its text only.
    ArnText(String),
    Numbers(Range<Decimal>),
    Dates(Range<Timestamp>),
    Truth(bool),
    Bytes(String),
    Block(Network),
}

impl Set {
    fn read(operator: Operator, value: &str, version: Version) -> Option<Self> {
        let (base, variables) = (operator.base, version == Version::V2012 && value.contains("${"));
        Some(match base.family() {
            Family::String => match base {
                Base::StringLike | Base::StringNotLike => {
                    Self::Text(Glob::new(value, Syntax::like(version)))
                }
                Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase if variables => {
                    Self::AnyCaseText(value.to_owned())
                }
                Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => {
                    Self::AnyCase(value.to_lowercase())
                }
                _ => Self::Text(Glob::new(value, Syntax::exact(version))),
            },
            Family::Arn if variables => Self::ArnText(value.to_owned()),
            Family::Arn => {
                let syntax = Syntax { wildcards: true, variables: false, fold: false };
                let fields: Vec<Glob> =
                    value.splitn(6, ':').map(|field| Glob::new(field, syntax)).collect();
                Self::Arn((fields.len() == 6).then_some(fields))
            }
            Family::Numeric => Self::Numbers(Range::of(base, Decimal::parse(value)?)),
            Family::Date => Self::Dates(Range::of(base, instant(value)?)),
            Family::Bool | Family::Null => Self::Truth(boolean(value)?),
            Family::Binary => Self::Bytes(value.trim_end_matches('=').to_owned()),
            Family::Ip => Self::Block(Network::parse(value)?),
        })
    }

    /// Everything that `other` lets through passes here too. `true` is never wrong.
    fn covers(&self, other: &Self, work: &Work) -> bool {
        if !work.spend(self.size().min(other.size())) {
            return false;
        }
        match (self, other) {
            (_, Self::Arn(None)) => true,
            (Self::Text(mine), Self::Text(theirs)) => mine.covers(theirs, work),
            (Self::Text(mine), _) if mine.is_all() => true,
            (Self::AnyCase(mine), Self::Text(theirs)) => {
                theirs.literal().is_some_and(|text| text.to_lowercase() == *mine)
            }
            (Self::Arn(Some(mine)), Self::Arn(Some(theirs))) => {
                mine.iter().zip(theirs).all(|(mine, theirs)| mine.covers(theirs, work))
            }
            (Self::Arn(Some(mine)), Self::Text(theirs)) => theirs.literal().is_some_and(|text| {
                let parts: Vec<&str> = text.splitn(6, ':').collect();
                parts.len() == 6
                    && mine
                        .iter()
                        .zip(parts)
                        .all(|(field, part)| field.pattern.matches_within(part, work))
            }),
            (Self::ArnText(mine), Self::ArnText(theirs))
            | (Self::AnyCase(mine), Self::AnyCase(theirs))
            | (Self::AnyCaseText(mine), Self::AnyCaseText(theirs))
            | (Self::Bytes(mine), Self::Bytes(theirs)) => mine == theirs,
            (Self::Numbers(mine), Self::Numbers(theirs)) => mine.covers(theirs),
            (Self::Dates(mine), Self::Dates(theirs)) => mine.covers(theirs),
            (Self::Truth(mine), Self::Truth(theirs)) => mine == theirs,
            (Self::Block(mine), Self::Block(theirs)) => mine.contains(theirs),
            _ => false,
        }
    }

    /// Some value may pass both. `false` is never wrong.
    fn meets(&self, other: &Self, work: &Work) -> bool {
        if !work.spend(self.size().min(other.size())) {
            return true;
        }
        match (self, other) {
            (Self::Arn(None), _) | (_, Self::Arn(None)) => false,
            (Self::Text(mine), Self::Text(theirs)) => mine.meets(theirs, work),
            (Self::AnyCase(mine), Self::Text(theirs))
            | (Self::Text(theirs), Self::AnyCase(mine)) => {
                theirs.literal().is_none_or(|text| text.to_lowercase() == *mine)
            }
            (Self::Arn(Some(mine)), Self::Arn(Some(theirs))) => {
                mine.iter().zip(theirs).all(|(mine, theirs)| mine.meets(theirs, work))
            }
            (Self::Arn(_), Self::Text(text)) if text.literal().is_some() => {
                self.covers(other, work)
            }
            (Self::Text(text), Self::Arn(_)) if text.literal().is_some() => {
                other.covers(self, work)
            }
            (Self::Numbers(mine), Self::Numbers(theirs)) => mine.meets(theirs),
            (Self::Dates(mine), Self::Dates(theirs)) => mine.meets(theirs),
            (Self::Truth(mine), Self::Truth(theirs)) => mine == theirs,
            (Self::AnyCase(mine), Self::AnyCase(theirs))
            | (Self::Bytes(mine), Self::Bytes(theirs)) => mine == theirs,
            (Self::Block(mine), Self::Block(theirs)) => {
                mine.contains(theirs) || theirs.contains(mine)
            }
            _ => true,
        }
    }

    /// What it costs at most to compare it by its text.
    fn size(&self) -> usize {
        match self {
            Self::AnyCase(text)
            | Self::AnyCaseText(text)
            | Self::ArnText(text)
            | Self::Bytes(text) => 1 + text.len() / 16,
            Self::Text(_)
            | Self::Arn(_)
            | Self::Numbers(_)
            | Self::Dates(_)
            | Self::Truth(_)
            | Self::Block(_) => 1,
        }
    }

    /// Lets every value through.
    fn is_all(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_all())
    }

    /// Whatever the request holds besides, the same values pass.
    fn is_fixed(&self) -> bool {
        match self {
            Self::Text(text) => text.is_fixed(),
            Self::AnyCaseText(_) | Self::ArnText(_) => false,
            _ => true,
        }
    }
}

/// The clauses of a statement; `None` when a value is not of its operator's type, so that the
/// statement never matches.
///
/// # Errors
/// A sentence, when the evaluator could not decide them either.
pub(super) fn clauses(
    conditions: &Conditions,
    version: Version,
) -> Result<Option<Vec<Rc<Clause>>>, String> {
    let mut out = Vec::new();
    let mut matches = true;
    for (name, keys) in conditions {
        let operator = Operator::parse(name)
            .ok_or_else(|| format!("{} is no condition operator", shown(name)))?;
        for (key, values) in keys {
            let mut values = values.clone();
            values.sort_unstable();
            values.dedup();
            let sets = values.iter().map(|value| Set::read(operator, value, version)).collect();
            match sets {
                Some(sets) => {
                    let variables = variables(&values, version);
                    let key = key.to_lowercase();
                    out.push(Rc::new(Clause { operator, key, values, version, sets, variables }));
                }
                None => matches = false,
            }
        }
    }
    Ok(matches.then_some(out))
}

fn variables(values: &[String], version: Version) -> Vec<String> {
    let varied = values.iter().filter(|value| value.contains("${"));
    let patterns = varied.map(|value| Pattern::new(value, Syntax::exact(version)));
    let keys = patterns.flat_map(|pattern| {
        let keys = pattern.tokens().iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable.key.clone()),
            _ => None,
        });
        keys.collect::<Vec<_>>()
    });
    keys.collect()
}

impl Clause {
    /// The keys that its values name as variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(String::as_str)
    }

    fn is_null(&self) -> bool {
        self.operator.base == Base::Null
    }

    /// What it makes of a request without the key.
    pub(super) fn passes_absent(&self) -> bool {
        if self.is_null() {
            return self.sets.contains(&Set::Truth(true));
        }
        self.operator.if_exists
            || match self.operator.quantifier {
                Some(Quantifier::ForAllValues) => true,
                Some(Quantifier::ForAnyValue) => false,
                None => self.operator.base.is_negated(),
            }
    }

    fn negated(&self) -> bool {
        self.operator.base.is_negated()
    }

    /// Its value by itself, as clauses of one value each: their union is this clause. Empty where
    /// that does not hold.
    pub(super) fn split(&self) -> Vec<Rc<Self>> {
        if self.negated()
            || self.values.len() < 2
            || self.operator.quantifier == Some(Quantifier::ForAllValues)
        {
            return Vec::new();
        }
        let single = |(value, set): (&String, &Set)| {
            Rc::new(Self {
                operator: self.operator,
                key: self.key.clone(),
                values: vec![value.clone()],
                version: self.version,
                sets: vec![set.clone()],
                variables: variables(std::slice::from_ref(value), self.version),
            })
        };
        self.values.iter().zip(&self.sets).map(single).collect()
    }

    /// Whether each value that passes this clause passes `other`.
    fn values_follow(&self, other: &Self, work: &Work) -> bool {
        let (mine, theirs) = (&self.sets, &other.sets);
        match (self.negated(), other.negated()) {
            (false, false) => {
                mine.iter().all(|mine| theirs.iter().any(|theirs| theirs.covers(mine, work)))
            }
            (false, true) => {
                mine.iter().all(|mine| theirs.iter().all(|theirs| !theirs.meets(mine, work)))
            }
            // What is shut out there must be shut out here, also when a variable has no value.
            (true, true) => theirs.iter().all(|theirs| {
                mine.iter()
                    .any(|mine| mine == theirs || (mine.is_fixed() && mine.covers(theirs, work)))
            }),
            (true, false) => theirs.iter().any(Set::is_all),
        }
    }

    /// Whether a request that passes this clause passes `other`; `present` when the request is
    /// known to have the key. `true` is never wrong.
    pub(super) fn implies(&self, other: &Self, present: bool, work: &Work) -> bool {
        if !work.spend(1) || self.key != other.key {
            return false;
        }
        work.spend(self.values.len().min(other.values.len()));
        if self.operator == other.operator
            && self.version == other.version
            && self.values == other.values
        {
            return true;
        }
        // What an empty list means is not documented (Q31).
        if self.values.is_empty() || other.values.is_empty() {
            return false;
        }
        let absent = present || !self.passes_absent() || other.passes_absent();
        match (self.is_null(), other.is_null()) {
            (true, true) => {
                absent
                    && (!self.sets.contains(&Set::Truth(false))
                        || other.sets.contains(&Set::Truth(false)))
            }
            (true, false) => absent && !self.sets.contains(&Set::Truth(false)),
            (false, true) => absent && other.sets.contains(&Set::Truth(false)),
            (false, false) => {
                let form = match (self.operator.quantifier, other.operator.quantifier) {
                    (mine, theirs) if mine == theirs => true,
                    // Without a set prefix a list never passes; with one value all forms say the
                    // same.
                    (None, _) | (Some(Quantifier::ForAllValues), Some(Quantifier::ForAnyValue)) => {
                        true
                    }
                    _ => false,
                };
                absent && form && self.values_follow(other, work)
            }
        }
    }

    /// Whether no request passes both. `true` is never wrong.
    pub(super) fn contradicts(&self, other: &Self, work: &Work) -> bool {
        if !work.spend(1)
            || self.key != other.key
            || self.values.is_empty()
            || other.values.is_empty()
            || (self.passes_absent() && other.passes_absent())
        {
            return false;
        }
        match (self.is_null(), other.is_null()) {
            (true, true) => self.sets.iter().all(|set| !other.sets.contains(set)),
            (true, false) => !self.sets.contains(&Set::Truth(false)),
            (false, true) => !other.sets.contains(&Set::Truth(false)),
            (false, false) => {
                let any = Some(Quantifier::ForAnyValue);
                if self.operator.quantifier == any && other.operator.quantifier == any {
                    return false;
                }
                let shut_out = |open: &Self, shut: &Self| {
                    open.sets.iter().all(|open| {
                        shut.sets.iter().any(|shut| shut.is_fixed() && shut.covers(open, work))
                    })
                };
                match (self.negated(), other.negated()) {
                    (false, false) => self
                        .sets
                        .iter()
                        .all(|mine| other.sets.iter().all(|theirs| !mine.meets(theirs, work))),
                    (false, true) => shut_out(self, other),
                    (true, false) => shut_out(other, self),
                    (true, true) => false,
                }
            }
        }
    }

    /// Whether a request passes that has these values under the key (the flag tells a list), or not
    /// the key at all, and under other keys what `others` has: for choosing requests to try.
    pub(super) fn passes(
        &self,
        found: Option<&(Vec<String>, bool)>,
        others: &Context,
        work: &Work,
    ) -> bool {
        if work.is_over() {
            return false;
        }
        let others = if self.variables.is_empty() { Context::default() } else { others.clone() };
        let context = match found {
            None => others.with_list(&self.key, [""; 0]),
            Some((values, true)) => others.with_list(&self.key, values.clone()),
            Some((values, false)) => {
                others.with(&self.key, values.first().map_or("", String::as_str))
            }
        };
        clause_matches(self.operator, &self.key, &self.values, self.version, &context, work)
            .unwrap_or(false)
    }

    /// Values that a request could have under the key: such as pass, and such as just do not.
    /// `variable` tells what the request has under other keys.
    pub(super) fn candidates(&self, variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let variable = |key: &str| variable(key).or_else(|| Some(ANYTHING.to_owned()));
        let texts = |pattern: &Pattern| match pattern.resolve(variable) {
            Some(pattern) => [pattern.example(), filled(&pattern)],
            None => [pattern.example(), filled(pattern)],
        };
        let mut out = Vec::new();
        for (value, set) in self.values.iter().zip(&self.sets) {
            match set {
                Set::Text(text) => out.extend(texts(&text.pattern)),
                Set::Numbers(_) => {
                    out.extend([value.clone(), format!("{value}1"), "0".into(), "-1".into()]);
                }
                Set::Dates(_) => {
                    let at = instant(value).map(Timestamp::as_second).unwrap_or_default();
                    out.extend([at - 1, at, at + 1].map(|second| second.to_string()));
                }
                Set::Truth(_) => out.extend(["true", "false"].map(str::to_owned)),
                Set::Block(block) => out.extend(block.ends()),
                Set::Arn(_) | Set::ArnText(_) => {
                    out.extend(texts(&Pattern::new(value, Syntax::like(self.version))));
                }
                Set::AnyCaseText(_) => {
                    out.extend(texts(&Pattern::new(value, Syntax::exact(self.version))));
                }
                Set::AnyCase(_) | Set::Bytes(_) => out.push(value.clone()),
            }
        }
        out.push(match self.operator.base.family() {
            Family::Numeric => "7".into(),
            Family::Date => "2031-01-01T00:00:00Z".into(),
            Family::Ip => "198.51.100.77".into(),
            Family::Arn => "arn:aws:iam::999999999999:role/zz-other".into(),
            _ => "zz-other".into(),
        });
        out
    }
}

/// A text that matches, with something in the place of each `*`.
pub(super) fn filled(pattern: &Pattern) -> String {
    let piece = |token: &Token| match token {
        Token::Char(c) => c.to_string(),
        Token::One => "q".to_owned(),
        Token::Variable(_) => ANYTHING.to_owned(),
        Token::Any => "zz9".to_owned(),
    };
    pattern.tokens().iter().map(piece).collect()
}
