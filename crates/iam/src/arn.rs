//! Amazon resource names.
//!
//! [`IamArn`] is strict: it names exactly one thing, so wildcards and policy variables are refused.
//! Patterns over ARNs live in `managed.rs`.

use std::fmt;

use crate::account::{Account, is_account_id, is_partition};
pub use crate::managed::{ManagedPolicyRules, RuleError, pattern_matches};
use crate::quote::shown;
use crate::role::RoleKey;

/// The five fields of any ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, borrowed from its
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `s3`, `iam`, …
    pub service: &'a str,
    /// May be empty.
    pub region: &'a str,
    /// May be empty.
    pub account: &'a str,
    /// Never empty; may contain colons.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN of any service; `None` when a field is missing or `resource` or `service` is
    /// empty. Wildcards are not looked at.
    #[must_use]
    pub fn split(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix("arn:")?.splitn(5, ':');
        let arn = Self {
            partition: fields.next()?,
            service: fields.next()?,
            region: fields.next()?,
            account: fields.next()?,
            resource: fields.next()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty())
            .then_some(arn)
    }
}

/// The ARN of one thing in IAM: `arn:PARTITION:iam::ACCOUNT:KIND` or
/// `arn:PARTITION:iam::ACCOUNT:KIND/PATH/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IamArn {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// Twelve digits, or `aws` for policies that AWS manages.
    pub account: String,
    /// `role`, `user`, `policy`, `root`, `oidc-provider`, `saml-provider`, …
    pub kind: String,
    /// What follows `KIND/`, without a slash in front: `team-a/reader`. Empty for `root`.
    pub path_and_name: String,
}

/// Why a text is not the ARN that is needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArnError {
    /// Not of the shape of an IAM ARN.
    #[error("{} is no IAM ARN; write arn:PARTITION:iam::ACCOUNT:KIND/NAME", shown(.0))]
    Shape(String),
    /// The partition is not one of AWS.
    #[error("the partition {} is not known; write aws, aws-cn or another that begins with \
        aws", shown(.0))]
    Partition(String),
    /// The account is not twelve digits.
    #[error("the account {} is not an account id; write its twelve digits", shown(.0))]
    AccountId(String),
    /// A part of the path is of dots only.
    #[error("the ARN {} holds a part of dots only, such as /../; write the path without \
        it", shown(.0))]
    Dots(String),
    /// A wildcard, variable, space or control character.
    #[error("the ARN {} holds a wildcard, a variable or a space; name exactly one \
        thing", shown(.0))]
    Characters(String),
}

impl IamArn {
    /// Reads the ARN of one thing in IAM.
    ///
    /// # Errors
    /// [`ArnError`] when the text has another shape, another service, a region, an account that is
    /// neither twelve digits nor `aws`, no name, or a character outside U+0021 to U+007E or one of
    /// `* ? $ { }` that could make it mean more than one thing.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let shape = || ArnError::Shape(text.to_owned());
        let arn = Arn::split(text)
            .filter(|arn| arn.service == "iam" && arn.region.is_empty())
            .ok_or_else(shape)?;
        if !is_partition(arn.partition) {
            return Err(ArnError::Partition(arn.partition.to_owned()));
        }
        if arn.account != "aws" && !is_account_id(arn.account) {
            return Err(ArnError::AccountId(arn.account.to_owned()));
        }
        if !arn
            .resource
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '*' | '?' | '$' | '{' | '}'))
        {
            return Err(ArnError::Characters(text.to_owned()));
        }
        if arn.resource.split('/').any(|part| part == "." || part == "..") {
            return Err(ArnError::Dots(text.to_owned()));
        }
        let (kind, path_and_name) = match arn.resource.split_once('/') {
            Some((kind, rest)) if kind != "root" && !rest.is_empty() && !rest.starts_with('/') => {
                (kind, rest)
            }
            None if arn.resource == "root" => ("root", ""),
            _ => return Err(shape()),
        };
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Err(shape());
        }
        Ok(Self {
            partition: arn.partition.to_owned(),
            account: arn.account.to_owned(),
            kind: kind.to_owned(),
            path_and_name: path_and_name.to_owned(),
        })
    }

    /// What follows the last slash; empty for `root`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path_and_name.rsplit_once('/').map_or(self.path_and_name.as_str(), |(_, name)| name)
    }

    /// The path in IAM's spelling: `/`, or `/…/`.
    #[must_use]
    pub fn path(&self) -> String {
        self.path_and_name
            .rsplit_once('/')
            .map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"))
    }

    /// The role that it names, if it names one.
    #[must_use]
    pub fn role(&self) -> Option<RoleKey> {
        let account = self.account.parse().ok().filter(|_| self.kind == "role")?;
        Some(RoleKey { account, name: self.name().into() })
    }

    /// Whether the thing lives in `account`: same id and same partition.
    #[must_use]
    pub fn is_in(&self, account: &Account) -> bool {
        account.id == *self.account && self.partition == account.partition
    }
}

impl fmt::Display for IamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:{}", self.partition, self.account, self.kind)?;
        if self.path_and_name.is_empty() { Ok(()) } else { write!(f, "/{}", self.path_and_name) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn account() -> Account {
        Account::new("123456789012", "aws-cn").unwrap()
    }

    #[test]
    fn placeholders_are_replaced_and_other_braces_stay() {
        let text = account().expand("arn:{partition}:iam::{accountId}:policy/{x}-${aws:username}");
        assert_eq!(text, "arn:aws-cn:iam::123456789012:policy/{x}-${aws:username}");
        assert_eq!(account().root_arn(), "arn:aws-cn:iam::123456789012:root");
    }

    #[rstest]
    #[case("arn:aws:iam::123456789012:role/team-a/reader", "role", "/team-a/", "reader")]
    #[case("arn:aws:iam::aws:policy/ReadOnlyAccess", "policy", "/", "ReadOnlyAccess")]
    #[case("arn:aws-us-gov:iam::123456789012:root", "root", "/", "")]
    #[case(
        "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/ABC",
        "oidc-provider",
        "/oidc.eks.eu-west-2.amazonaws.com/id/",
        "ABC"
    )]
    fn an_arn_is_taken_apart_and_prints_the_same(
        #[case] text: &str,
        #[case] kind: &str,
        #[case] path: &str,
        #[case] name: &str,
    ) {
        let arn = IamArn::parse(text).unwrap();
        assert_eq!((arn.kind.as_str(), arn.path().as_str(), arn.name()), (kind, path, name));
        assert_eq!(arn.to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("arn:aws:iam:123456789012:role/x")]
    #[case("arn:aws:iam:eu-west-2:123456789012:role/x")]
    #[case("arn:aws:sts::123456789012:assumed-role/x/y")]
    #[case("arn:awsome:iam::123456789012:role/x")]
    #[case("arn:aws-:iam::123456789012:role/x")]
    #[case("arn:*:iam::123456789012:role/x")]
    #[case("arn:aws:iam::12345678901:role/x")]
    #[case("arn:aws:iam::12345678901x:role/x")]
    #[case("arn:aws:iam::*:role/x")]
    #[case("arn:aws:iam::123456789012:role/*")]
    #[case("arn:aws:iam::123456789012:role/a?c")]
    #[case("arn:aws:iam::123456789012:role/${aws:username}")]
    #[case("arn:aws:iam::123456789012:role/a b")]
    #[case("arn:aws:iam::123456789012:role/ü")]
    #[case("arn:aws:iam::123456789012:role/")]
    #[case("arn:aws:iam::123456789012:role//x")]
    #[case("arn:aws:iam::123456789012:role")]
    #[case("arn:aws:iam::123456789012:root/x")]
    #[case("arn:aws:iam::123456789012:ROOT")]
    #[case(" arn:aws:iam::123456789012:root")]
    fn what_does_not_name_one_thing_in_iam_is_refused(#[case] text: &str) {
        assert!(IamArn::parse(text).is_err(), "{text}");
    }

    #[test]
    fn an_arn_of_another_partition_is_not_in_the_account() {
        assert!(IamArn::parse("arn:aws-cn:iam::123456789012:role/x").unwrap().is_in(&account()));
        assert!(!IamArn::parse("arn:aws:iam::123456789012:role/x").unwrap().is_in(&account()));
        assert!(!IamArn::parse("arn:aws-cn:iam::123456789013:role/x").unwrap().is_in(&account()));
    }

    #[test]
    fn any_arn_is_split_into_its_fields() {
        let arn = Arn::split("arn:aws:lambda:eu-west-2:123456789012:function:x:1").unwrap();
        assert_eq!(
            (arn.service, arn.region, arn.resource),
            ("lambda", "eu-west-2", "function:x:1")
        );
        assert_eq!(Arn::split("arn:aws:s3:::bucket/key").map(|arn| arn.account), Some(""));
        assert_eq!(Arn::split("arn:aws:s3::bucket"), None);
        assert_eq!(Arn::split("*"), None);
    }

    #[rstest]
    #[case("12345678901", "aws")]
    #[case("123456789012", "AWS")]
    #[case("123456789012", "")]
    #[case("１23456789012", "aws")]
    fn an_account_needs_twelve_digits_and_a_partition(#[case] id: &str, #[case] partition: &str) {
        assert!(Account::new(id, partition).is_err());
    }
}
