//! Conditions on claims: which operator a list of values needs, and which texts may stand in one.
//!
//! A `*` makes a value a pattern. With one pattern in a list the whole key goes under `StringLike`;
//! so that the exact values beside it stay exact, `?` and variables are refused everywhere.

use crate::policy::Statement;
use crate::quote::shown;

/// Why a text is not taken as a value of a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {} {flaw}", shown(.value))]
pub struct ValueError {
    field: String,
    value: String,
    flaw: Flaw,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// No text.
    #[error("is empty; write a value")]
    Empty,
    /// Anything matches.
    #[error("matches anything; write more than wildcards")]
    Anything,
    /// A wildcard where only one exact text makes sense.
    #[error("holds the wildcard *; write the exact value")]
    Wildcard,
    /// Would match any one character.
    #[error(
        "holds ?, which IAM takes for any character; write the exact character, or * for any text"
    )]
    Question,
    /// Would be replaced by something of the request.
    #[error("holds $, which begins a variable; write it without")]
    Variable,
    /// Not printable.
    #[error("holds a control character; write it without")]
    Control,
    /// Not a whole ref of Git.
    #[error("is no whole ref; write refs/heads/NAME or refs/tags/NAME")]
    Ref,
    /// Not digits alone.
    #[error("is no id; write its digits in quotes")]
    Digits,
}

impl ValueError {
    pub(super) fn new(field: impl Into<String>, value: &str, flaw: Flaw) -> Self {
        Self { field: field.into(), value: value.to_owned(), flaw }
    }

    /// What is wrong.
    #[must_use]
    pub fn flaw(&self) -> Flaw {
        self.flaw
    }
}

/// A value that may hold `*` beside other text.
pub(super) fn pattern(field: impl Into<String>, value: &str) -> Result<(), ValueError> {
    let flaw = if value.is_empty() {
        Flaw::Empty
    } else if value.contains('?') {
        Flaw::Question
    } else if value.contains('$') {
        Flaw::Variable
    } else if value.chars().any(char::is_control) {
        Flaw::Control
    } else if value.chars().all(|c| c == '*') {
        Flaw::Anything
    } else {
        return Ok(());
    };
    Err(ValueError::new(field, value, flaw))
}

/// A value without any wildcard.
pub(super) fn exact(field: impl Into<String>, value: &str) -> Result<(), ValueError> {
    let field = field.into();
    if value.contains('*') {
        return Err(ValueError::new(field, value, Flaw::Wildcard));
    }
    pattern(field, value)
}

/// An id of digits alone, as GitHub and GitLab give them.
pub(super) fn digits(field: impl Into<String>, value: &str) -> Result<(), ValueError> {
    let digits =
        !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
    if digits { Ok(()) } else { Err(ValueError::new(field, value, Flaw::Digits)) }
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
        assert_eq!(pattern("f", value).err().map(|error| error.flaw()), as_pattern);
        assert_eq!(exact("f", value).err().map(|error| error.flaw()), as_exact);
    }

    #[rstest]
    #[case("123", true)]
    #[case("", false)]
    #[case("12a", false)]
    #[case("1*", false)]
    #[case("-1", false)]
    fn ids_are_digits(#[case] value: &str, #[case] accepted: bool) {
        assert_eq!(digits("ownerId", value).is_ok(), accepted);
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
            pattern("claims.actor[0]", "*").unwrap_err().to_string(),
            "claims.actor[0]: \"*\" matches anything; write more than wildcards"
        );
    }
}
