//! `principals`: accounts, roles and users by name.

use std::collections::BTreeSet;

use crate::account::{Account, is_account_id};
use crate::finding::{Field, Finding};
use crate::placeholder;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::{ASSUME_ROLE, TAG_SESSION};
use crate::trust::refused;

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
    /// The caller may pass session tags.
    pub tag_session: bool,
}

/// The statement of the grant. Accounts become root ARNs; who may be named is for `limits::check`
/// to say.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &PrincipalGrant<'_>, account: &Account) -> Result<Statement, Finding> {
    let PrincipalGrant { arns, accounts, organization_id, external_id, mfa, tag_session } = grant;
    let mut named = BTreeSet::new();
    for (index, arn) in arns.iter().enumerate() {
        let field = || Field::of("/arns").item(index);
        let arn = placeholder::fill(arn, account).map_err(|brace| brace.at(field()))?;
        if arn.is_empty() || arn.contains(['*', '?', '$']) {
            // IAM takes neither in an ARN of a principal.
            return Err(refused(
                field(),
                format!("{} holds a wildcard or a variable", shown(&arn)),
                "name exactly one principal",
            ));
        }
        named.insert(arn);
    }
    for id in *accounts {
        if !is_account_id(id) {
            let message = format!("{} is not an account id", shown(id));
            return Err(refused("/accounts", message, "write its twelve digits in quotes"));
        }
        named.insert(account.root_arn_of(id));
    }
    if named.is_empty() {
        if organization_id.is_none() {
            let remedy = "add arns, accounts or organizationId";
            return Err(refused("", "the grant names nobody", remedy));
        }
        // AWS takes `*` under AWS; the condition below holds it to the organization.
        named.insert("*".to_owned());
    }
    let actions = [ASSUME_ROLE].into_iter().chain(tag_session.then_some(TAG_SESSION));
    let mut statement = Statement::allow(actions).principal(PrincipalKind::Aws, named);
    if let Some(id) = organization_id {
        if !is_organization_id(id) {
            return Err(refused(
                "/organizationId",
                format!("{} is not an organization id", shown(id)),
                "write o- and 10 to 32 letters and digits",
            ));
        }
        statement = statement.when("StringEquals", "aws:PrincipalOrgID", [*id]);
    }
    if let Some(id) = external_id {
        if !is_external_id(id) {
            return Err(refused(
                "/externalId",
                format!("{} is not accepted", shown(id)),
                "use 2 to 1224 letters, digits and _+=,.@:/-",
            ));
        }
        statement = statement.when("StringEquals", "sts:ExternalId", [*id]);
    }
    if *mfa {
        statement = statement.when("Bool", "aws:MultiFactorAuthPresent", ["true"]);
    }
    Ok(statement)
}

/// `o-[a-z0-9]{10,32}`, from the model of AWS Organizations.
#[must_use]
pub fn is_organization_id(text: &str) -> bool {
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
