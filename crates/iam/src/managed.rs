//! Which managed policies a resource may attach: ARN patterns with `*`, and a leading `!` for what
//! is excluded.
//!
//! The setting `--managed-policies` of the built-in class is such a list. Nothing is allowed by an
//! empty list.

use crate::quote::shown;
use crate::{account::Account, arn::IamArn};

/// Whether `pattern` covers the whole of `text`. Only `*` is special: any run of characters, also
/// none, also `/` and `:`.
///
/// The pieces between the stars are looked for from left to right, each at its first place, so
/// nothing is ever tried twice.
#[must_use]
pub fn pattern_matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail)) else {
        return false;
    };
    for piece in middle.split('*') {
        match text.find(piece) {
            Some(start) => text = text.get(start + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Why a list of patterns is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Empty, or with white space.
    #[error("the managed policy pattern {} is empty or holds white space; write an ARN with or \
        without *", shown(.0))]
    Shape(String),
    /// Begins neither as an ARN nor with a star: it covers no policy, and an exclusion would
    /// exclude nothing.
    #[error("the managed policy pattern {} covers no policy; begin it with arn: or *", shown(.0))]
    CoversNothing(String),
    /// A placeholder other than `{accountId}` and `{partition}`.
    #[error("the managed policy pattern {} holds an unknown placeholder; use {{accountId}} and \
        {{partition}}", shown(.0))]
    Placeholder(String),
}

/// Rules over the ARNs of managed policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedPolicyRules {
    allowed: Vec<String>,
    excluded: Vec<String>,
}

impl ManagedPolicyRules {
    /// Rules from patterns such as `arn:{partition}:iam::aws:policy/*` and
    /// `!*/AdministratorAccess`.
    ///
    /// # Errors
    /// [`RuleError`] for the first pattern that is empty, holds white space, or holds braces other
    /// than the two placeholders.
    pub fn new(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let (list, text) = match pattern.strip_prefix('!') {
                Some(text) => (&mut rules.excluded, text),
                None => (&mut rules.allowed, pattern),
            };
            if text.is_empty() || text.contains(char::is_whitespace) {
                return Err(RuleError::Shape(pattern.to_owned()));
            }
            if !text.starts_with("arn:") && !text.starts_with('*') {
                return Err(RuleError::CoversNothing(pattern.to_owned()));
            }
            if text.replace("{accountId}", "").replace("{partition}", "").contains(['{', '}']) {
                return Err(RuleError::Placeholder(pattern.to_owned()));
            }
            list.push(text.to_owned());
        }
        Ok(rules)
    }

    /// The patterns with their placeholders replaced: those that allow, and those that exclude.
    #[must_use]
    pub fn patterns(&self, account: &Account) -> (Vec<String>, Vec<String>) {
        let expanded =
            |list: &[String]| list.iter().map(|pattern| account.expand(pattern)).collect();
        (expanded(&self.allowed), expanded(&self.excluded))
    }

    /// Whether `arn` is the ARN of a policy that some pattern allows and none excludes, for a role
    /// in `account`.
    ///
    /// Exclusions ignore letter case: IAM names are unique ignoring case, and an exclusion must not
    /// be escaped by spelling.
    #[must_use]
    pub fn allows(&self, arn: &str, account: &Account) -> bool {
        let lower = arn.to_lowercase();
        IamArn::parse(arn).is_ok_and(|arn| arn.kind == "policy")
            && self.allowed.iter().any(|pattern| pattern_matches(&account.expand(pattern), arn))
            && !self
                .excluded
                .iter()
                .any(|pattern| pattern_matches(&account.expand(pattern).to_lowercase(), &lower))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("abc", "abc", true)]
    #[case("abc", "abcd", false)]
    #[case("*", "", true)]
    #[case("a*", "a", true)]
    #[case("a*a", "a", false)]
    #[case("a*a", "aa", true)]
    #[case("a*b*c", "a-b-b-c", true)]
    #[case("a*b*c", "ac", false)]
    #[case("*ab*ab*", "ab-a", false)]
    #[case("*ab*ab*", "abab", true)]
    #[case("ab*ba", "aba", false)]
    #[case("**x**", "axb", true)]
    #[case("a?c", "abc", false)]
    #[case("*é*", "caféx", true)]
    #[case("", "", true)]
    #[case("", "a", false)]
    fn a_star_stands_for_any_run(#[case] pattern: &str, #[case] text: &str, #[case] matches: bool) {
        assert_eq!(pattern_matches(pattern, text), matches);
    }

    #[test]
    fn a_hostile_pattern_costs_linear_time() {
        let started = Instant::now();
        assert!(!pattern_matches(&format!("{}b", "a*".repeat(50_000)), &"a".repeat(200_000)));
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    const DEFAULT: [&str; 5] = [
        "arn:{partition}:iam::aws:policy/*",
        "arn:{partition}:iam::{accountId}:policy/*",
        "!*/AdministratorAccess",
        "!*/IAMFullAccess",
        "!*/PowerUserAccess",
    ];

    #[rstest]
    #[case("arn:aws:iam::aws:policy/ReadOnlyAccess", true)]
    #[case("arn:aws:iam::aws:policy/job-function/Billing", true)]
    #[case("arn:aws:iam::123456789012:policy/team/mine", true)]
    #[case("arn:aws:iam::aws:policy/AdministratorAccess", false)]
    #[case("arn:aws:iam::aws:policy/administratoraccess", false)]
    #[case("arn:aws:iam::aws:policy/AdministratorAccess-Amplify", true)]
    #[case("arn:aws:iam::123456789012:policy/x/IAMFullAccess", false)]
    #[case("arn:aws:iam::210987654321:policy/mine", false)]
    #[case("arn:aws-cn:iam::aws:policy/ReadOnlyAccess", false)]
    #[case("arn:aws:iam::aws:role/ReadOnlyAccess", false)]
    #[case("arn:aws:iam::aws:policy/*", false)]
    #[case("ReadOnlyAccess", false)]
    fn the_default_rules_hold(#[case] arn: &str, #[case] allowed: bool) {
        let account = Account::new("123456789012", "aws").unwrap();
        assert_eq!(ManagedPolicyRules::new(DEFAULT).unwrap().allows(arn, &account), allowed);
    }

    #[test]
    fn no_rules_allow_nothing() {
        let account = Account::new("123456789012", "aws").unwrap();
        assert!(
            !ManagedPolicyRules::default()
                .allows("arn:aws:iam::aws:policy/ReadOnlyAccess", &account)
        );
        assert!(
            !ManagedPolicyRules::new(["!*/X"])
                .unwrap()
                .allows("arn:aws:iam::aws:policy/Y", &account)
        );
    }

    #[rstest]
    #[case("")]
    #[case("!")]
    #[case("arn:aws:iam::aws:policy/a b")]
    #[case("arn:{part}:iam::aws:policy/*")]
    #[case("arn:{partition:iam::aws:policy/*")]
    fn a_malformed_pattern_is_refused(#[case] pattern: &str) {
        assert!(ManagedPolicyRules::new([pattern]).is_err());
    }
}
