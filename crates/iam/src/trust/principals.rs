//! `principals`: accounts, roles and users by name.

use std::collections::BTreeSet;

use crate::account::{Account, is_account_id};
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::trust::ASSUME_ROLE;

#[cfg(test)]
mod tests;

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalGrant<'a> {
    /// ARNs of roles and users, or root ARNs; placeholders are replaced. Without `arns` and
    /// `accounts`, an organization means every principal of it.
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
    /// Nobody is named.
    #[error("the grant names nobody; add arns, accounts or organizationId")]
    Nobody,
    /// A wildcard or a variable: IAM takes neither in an ARN of a principal.
    #[error("arns[{index}]: {} holds a wildcard or a variable; name exactly one \
        principal", shown(.arn))]
    Loose {
        /// Place in the list, from 0.
        index: usize,
        /// The text, placeholders replaced.
        arn: String,
    },
    /// Not an account id.
    #[error("accounts: {} is not an account id; write its twelve digits in quotes", shown(.0))]
    Account(String),
    /// Not an organization id.
    #[error("organizationId: {} is not an organization id; write o- and 10 to 32 letters and \
        digits", shown(.0))]
    Organization(String),
    /// Not an external id.
    #[error("externalId: {} is not accepted; use 2 to 1224 letters, digits and \
        _+=,.@:/-", shown(.0))]
    ExternalId(String),
}

/// The statement of the grant. Accounts become root ARNs; who may be named is for `limits::check`
/// to say.
///
/// # Errors
/// [`PrincipalError`] with the first argument that is wrong.
pub fn statement(
    grant: &PrincipalGrant<'_>,
    account: &Account,
) -> Result<Statement, PrincipalError> {
    let PrincipalGrant { arns, accounts, organization_id, external_id, mfa } = grant;
    let mut named = BTreeSet::new();
    for (index, arn) in arns.iter().enumerate() {
        let arn = account.expand(arn);
        if arn.is_empty() || arn.contains(['*', '?', '$']) {
            return Err(PrincipalError::Loose { index, arn });
        }
        named.insert(arn);
    }
    for id in *accounts {
        if !is_account_id(id) {
            return Err(PrincipalError::Account(id.clone()));
        }
        named.insert(account.root_arn_of(id));
    }
    if named.is_empty() {
        if organization_id.is_none() {
            return Err(PrincipalError::Nobody);
        }
        // AWS takes `*` under AWS; the condition below holds it to the organization.
        named.insert("*".to_owned());
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
        (10..=32).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// `[\w+=,.@:\/-]{2,1224}`, from the model of STS. It holds no `$`, so it cannot be a policy
/// variable.
fn is_external_id(text: &str) -> bool {
    (2..=1224).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}
