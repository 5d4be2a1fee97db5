//! Conditions on claims: which operator a list of values needs, and which texts may stand in one.
//!
//! A `*` makes a value a pattern. With one pattern in a list the whole key goes under `StringLike`;
//! so that the exact values beside it stay exact, `?` and variables are refused everywhere.

use crate::finding::{Check, Field, Finding};
use crate::policy::Statement;
use crate::quote::shown;
use crate::trust::refused;

/// What is wrong with a value of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// No text.
    Empty,
    /// Anything matches.
    Anything,
    /// A wildcard where only one exact text makes sense.
    Wildcard,
    /// Would match any one character.
    Question,
    /// Would be replaced by something of the request.
    Variable,
    /// Not printable.
    Control,
    /// Not a whole ref of Git.
    Ref,
    /// Not digits alone.
    Digits,
}

impl Flaw {
    /// What is wrong with a value that may hold `*` beside other text.
    pub(super) fn of_pattern(value: &str) -> Option<Self> {
        Some(if value.is_empty() {
            Self::Empty
        } else if value.contains('?') {
            Self::Question
        } else if value.contains('$') {
            Self::Variable
        } else if value.chars().any(char::is_control) {
            Self::Control
        } else if value.chars().all(|c| c == '*') {
            Self::Anything
        } else {
            return None;
        })
    }

    /// What is wrong with a value that may hold no wildcard.
    fn of_exact(value: &str) -> Option<Self> {
        if value.contains('*') { Some(Self::Wildcard) } else { Self::of_pattern(value) }
    }

    /// What stands behind the value in the message, and the remedy.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("is empty", "write a value"),
            Self::Anything => ("matches anything", "write more than wildcards"),
            Self::Wildcard => ("holds the wildcard *", "write the exact value"),
            Self::Question => (
                "holds ?, which IAM takes for any character",
                "write the exact character, or * for any text",
            ),
            Self::Variable => ("holds $, which begins a variable", "write it without"),
            Self::Control => ("holds a control character", "write it without"),
            Self::Ref => ("is no whole ref", "write refs/heads/NAME or refs/tags/NAME"),
            Self::Digits => ("is no id", "write its digits in quotes"),
        }
    }

    /// The finding about a value.
    pub(super) fn found(self, check: Check, field: Field, value: &str) -> Finding {
        let (message, remedy) = self.words();
        let message = format!("{} {message}", shown(value));
        Finding::error(check, field, message).with_remedy(remedy)
    }
}

/// Whether the value at `field` may stand in a condition; it may hold `*` beside other text.
pub(super) fn pattern(value: &str, field: impl FnOnce() -> Field) -> Result<(), Finding> {
    Flaw::of_pattern(value).map_or(Ok(()), |flaw| Err(flaw.found(Check::GRANT, field(), value)))
}

/// Whether the value at `field` may stand in a condition, without any wildcard.
pub(super) fn exact(value: &str, field: impl FnOnce() -> Field) -> Result<(), Finding> {
    Flaw::of_exact(value).map_or(Ok(()), |flaw| Err(flaw.found(Check::GRANT, field(), value)))
}

/// Whether the value at `field` is an id of digits alone, as GitHub and GitLab give them.
pub(super) fn digits(value: &str, field: impl FnOnce() -> Field) -> Result<(), Finding> {
    let digits =
        !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
    if digits { Ok(()) } else { Err(Flaw::Digits.found(Check::GRANT, field(), value)) }
}

/// A claim that another field of the grant speaks of.
pub(super) fn of_field(claim: &Field, field: &str) -> Finding {
    refused(claim, "another field says this", format!("write {field}"))
}

/// `statement` with the condition that `key` is one of `values`. `set` is for keys with several
/// values: one of them must be one of `values`.
pub(super) fn require(statement: Statement, set: bool, key: &str, values: &[String]) -> Statement {
    let operator = match (values.iter().any(|value| value.contains('*')), set) {
        (false, false) => "StringEquals",
        (true, false) => "StringLike",
        (false, true) => "ForAnyValue:StringEquals",
        (true, true) => "ForAnyValue:StringLike",
    };
    statement.when(operator, key, values)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("main", None, None)]
    #[case("rel*", None, Some(Flaw::Wildcard))]
    #[case("", Some(Flaw::Empty), Some(Flaw::Empty))]
    #[case("*", Some(Flaw::Anything), Some(Flaw::Wildcard))]
    #[case("**", Some(Flaw::Anything), Some(Flaw::Wildcard))]
    #[case("a?", Some(Flaw::Question), Some(Flaw::Question))]
    #[case("${aws:username}", Some(Flaw::Variable), Some(Flaw::Variable))]
    #[case("${*}x", Some(Flaw::Variable), Some(Flaw::Wildcard))]
    #[case("a\nb", Some(Flaw::Control), Some(Flaw::Control))]
    #[case("a$b", Some(Flaw::Variable), Some(Flaw::Variable))]
    #[case("a{b}", None, None)]
    fn values_mean_what_they_say(
        #[case] value: &str,
        #[case] as_pattern: Option<Flaw>,
        #[case] as_exact: Option<Flaw>,
    ) {
        assert_eq!(Flaw::of_pattern(value), as_pattern);
        assert_eq!(Flaw::of_exact(value), as_exact);
        assert_eq!(pattern(value, Field::whole).is_ok(), as_pattern.is_none());
        assert_eq!(exact(value, Field::whole).is_ok(), as_exact.is_none());
    }

    #[rstest]
    #[case("123", true)]
    #[case("", false)]
    #[case("12a", false)]
    #[case("1*", false)]
    #[case("-1", false)]
    fn ids_are_digits(#[case] value: &str, #[case] accepted: bool) {
        assert_eq!(digits(value, || Field::of("/ownerId")).is_ok(), accepted);
    }

    #[test]
    fn one_pattern_puts_the_whole_list_under_like() {
        let list =
            |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let made = |set, values: &[&str]| {
            let statement =
                require(Statement::allow(["sts:AssumeRole"]), set, "a:b", &list(values));
            statement.conditions.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(made(false, &["x", "y"]), ["StringEquals"]);
        assert_eq!(made(false, &["x", "y*"]), ["StringLike"]);
        assert_eq!(made(true, &["x"]), ["ForAnyValue:StringEquals"]);
        assert_eq!(made(true, &["x*"]), ["ForAnyValue:StringLike"]);
    }

    #[test]
    fn the_message_names_field_value_and_remedy() {
        assert_eq!(
            pattern("*", || Field::of("/claims/actor/0")).unwrap_err().to_string(),
            "claims.actor[0]: \"*\" matches anything; write more than wildcards"
        );
    }
}
