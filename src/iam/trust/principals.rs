//! `principals`: accounts, roles and users by name.

use std::collections::BTreeSet;

use crate::iam::arn::{Account, is_account_id};
use crate::iam::policy::{PrincipalKind, Statement};
use crate::iam::quote::shown;

use super::ASSUME_ROLE;

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalGrant<'a> {
    /// ARNs of roles and users, or root ARNs; placeholders are replaced.
    pub arns: &'a [String],
    /// Account ids: every principal of the account that its own policies let.
    pub accounts: &'a [String],
    /// `o-…`: only while the caller belongs to this organization.
    pub organization_id: Option<&'a str>,
    /// A shared word that the caller must send: 2 to 1224 of `[A-Za-z0-9_+=,.@:/-]`.
    pub external_id: Option<&'a str>,
    /// Only sessions with multi-factor authentication.
    pub mfa: bool,
}

/// Why the grant makes no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// Nobody is named. An organization alone would need the principal `*`, which this release does not grant.
    #[error("the grant names nobody; add arns or accounts")]
    Nobody,
    /// Not an account id.
    #[error("accounts: {} is not an account id; write its twelve digits in quotes", shown(.0))]
    Account(String),
    /// Not an organization id.
    #[error("organizationId: {} is not an organization id; write o- and 10 to 32 letters and digits", shown(.0))]
    Organization(String),
    /// Not an external id.
    #[error("externalId: {} is not accepted; use 2 to 1224 letters, digits and _+=,.@:/-", shown(.0))]
    ExternalId(String),
}

/// The statement of the grant. Accounts become root ARNs; who may be named is for `limits::check` to say.
///
/// # Errors
/// [`PrincipalError`] with the first argument that is wrong.
pub fn statement(grant: &PrincipalGrant<'_>, account: &Account) -> Result<Statement, PrincipalError> {
    let PrincipalGrant { arns, accounts, organization_id, external_id, mfa } = grant;
    let mut named: BTreeSet<String> = arns.iter().map(|arn| account.expand(arn)).collect();
    for id in *accounts {
        if !is_account_id(id) {
            return Err(PrincipalError::Account(id.clone()));
        }
        named.insert(account.root_arn_of(id));
    }
    if named.is_empty() {
        return Err(PrincipalError::Nobody);
    }
    let mut statement = Statement::allow([ASSUME_ROLE]).principal(PrincipalKind::Aws, named);
    if let Some(id) = organization_id {
        if !is_organization_id(id) {
            return Err(PrincipalError::Organization((*id).to_owned()));
        }
        statement = statement.when("StringEquals", "aws:PrincipalOrgID", [*id]);
    }
    if let Some(id) = external_id {
        if !is_external_id(id) {
            return Err(PrincipalError::ExternalId((*id).to_owned()));
        }
        statement = statement.when("StringEquals", "sts:ExternalId", [*id]);
    }
    if *mfa {
        statement = statement.when("Bool", "aws:MultiFactorAuthPresent", ["true"]);
    }
    Ok(statement)
}

/// `o-[a-z0-9]{10,32}`, from the model of AWS Organizations.
fn is_organization_id(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// `[\w+=,.@:\/-]{2,1224}`, from the model of STS. It holds no `$`, so it cannot be a policy variable.
fn is_external_id(text: &str) -> bool {
    (2..=1224).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::iam::policy::{Kind, Policy};

    fn account() -> Account {
        Account::new("123456789012", "aws").unwrap()
    }

    #[test]
    fn every_argument_becomes_its_condition() {
        let arns = ["arn:{partition}:iam::{accountId}:role/audit".to_owned()];
        let accounts = ["123456789012".to_owned()];
        let grant = PrincipalGrant {
            arns: &arns,
            accounts: &accounts,
            organization_id: Some("o-a1b2c3d4e5"),
            external_id: Some("7f3c"),
            mfa: true,
        };
        let policy = Policy::new(vec![statement(&grant, &account()).unwrap()]);
        policy.check(Kind::Trust).unwrap();
        assert_eq!(
            policy.to_json(),
            concat!(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["#,
                r#""arn:aws:iam::123456789012:role/audit","arn:aws:iam::123456789012:root"]},"Action":"sts:AssumeRole","#,
                r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"#,
                r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5","sts:ExternalId":"7f3c"}}}]}"#
            )
        );
    }

    #[test]
    fn an_organization_alone_names_nobody() {
        let grant = PrincipalGrant { organization_id: Some("o-a1b2c3d4e5"), ..PrincipalGrant::default() };
        assert_eq!(statement(&grant, &account()), Err(PrincipalError::Nobody));
    }

    #[rstest]
    #[case("12345678901", None, None)]
    #[case("{accountId}", None, None)]
    #[case("123456789012", Some("o-a1b2c3d4e"), None)]
    #[case("123456789012", Some("o-*"), None)]
    #[case("123456789012", None, Some("x"))]
    #[case("123456789012", None, Some("${aws:username}"))]
    #[case("123456789012", None, Some("a b"))]
    fn near_misses_are_refused(
        #[case] id: &str,
        #[case] organization_id: Option<&str>,
        #[case] external_id: Option<&str>,
    ) {
        let accounts = [id.to_owned()];
        let grant = PrincipalGrant { accounts: &accounts, organization_id, external_id, ..PrincipalGrant::default() };
        assert!(statement(&grant, &account()).is_err());
    }
}
