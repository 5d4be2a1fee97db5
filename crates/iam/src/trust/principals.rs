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
    let mut generated = Vec::new();
    for (index, arn) in arns.iter().enumerate() {
        let field = || Field::of("/arns").item(index);
        let arn = placeholder::fill(arn, account).map_err(|brace| brace.at(field()))?;
        if let Some(owner) = permission_set(&arn) {
            named.insert(account.root_arn_of(owner));
            generated.push(arn);
            continue;
        }
        if arn.is_empty() || arn.contains(['*', '?', '$']) {
            // IAM takes neither in an ARN of a principal.
            return Err(refused(
                field(),
                format!("{} holds a wildcard or a variable", shown(&arn)),
                "name exactly one principal; only the end of …/AWSReservedSSO_NAME_* may be open",
            ));
        }
        named.insert(arn);
    }
    if !generated.is_empty() && (generated.len() < arns.len() || !accounts.is_empty()) {
        // The condition below would hold for the others too.
        let message = "roles of IAM Identity Center stand beside other principals";
        return Err(refused("/arns", message, "write them in a grant of their own"));
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
    if !generated.is_empty() {
        statement = statement.when("ArnLike", "aws:PrincipalArn", generated);
    }
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

/// The account of `…:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*`: the role of
/// a permission set, whose name ends at random and changes when it is assigned anew. IAM takes no
/// wildcard in a principal, so the account is named and the condition holds it to the role.
///
/// Source: IAM Identity Center user guide, "Referencing permission sets in resource policies,
/// Amazon EKS Cluster config maps, and AWS KMS key policies".
fn permission_set(arn: &str) -> Option<&str> {
    let (head, path) =
        arn.strip_suffix("_*")?.split_once(":role/aws-reserved/sso.amazonaws.com/")?;
    let (region, name) = match path.split_once('/') {
        Some((region, name)) => (region, name),
        None => ("", path),
    };
    let is_region =
        region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let set = name.strip_prefix("AWSReservedSSO_")?;
    let is_set = !set.is_empty()
        && set.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    let mut parts = head.split(':');
    let (start, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (no_region, owner) = (parts.next()?, parts.next()?);
    let is_partition = partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    (is_region
        && is_set
        && (start, service, no_region) == ("arn", "iam", "")
        && is_partition
        && is_account_id(owner)
        && parts.next().is_none())
    .then_some(owner)
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
