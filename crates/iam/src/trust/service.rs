//! `service`: an AWS service assumes the role, for this account's own use of it.

use crate::account::Account;
use crate::arn::Arn;
use crate::finding::{Check, Field, Finding};
use crate::placeholder;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::ASSUME_ROLE;
use crate::trust::service::name::{is_pods, is_service};
use crate::trust::{Compiled, refused};

pub(super) mod name;
pub mod sender;
pub mod session;
#[cfg(test)]
mod tests;

/// Whether the service must act for the role's own account: the guard against a confused deputy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceAccount {
    /// As `Own` for services that are known to send `aws:SourceAccount`, as `None` with a warning
    /// for others.
    #[default]
    Auto,
    /// `aws:SourceAccount` must be the role's account. A service that does not send the key cannot
    /// assume the role then.
    Own,
    /// No condition.
    None,
}

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceGrant<'a> {
    /// Service principal, such as `lambda.amazonaws.com`.
    pub name: &'a str,
    /// The guard.
    pub source_account: SourceAccount,
    /// What the service may act for; `*` and placeholders are taken. Empty: anything.
    pub source_arns: &'a [String],
}

/// The statement that lets the service in.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(grant: &ServiceGrant<'_>, account: &Account) -> Result<Compiled, Finding> {
    let ServiceGrant { name, source_account, source_arns } = grant;
    if !is_service(name) {
        return Err(refused(
            "/name",
            format!("{} is no service principal", shown(name)),
            "write a name such as lambda.amazonaws.com",
        ));
    }
    if is_pods(name) {
        // EKS Pod Identity without namespace and service account.
        return Err(refused(
            "/name",
            format!("{} would let in any pod of the account", shown(name)),
            "write podIdentity with the service accounts",
        ));
    }
    let actions = [ASSUME_ROLE].into_iter().chain(session::actions(name).iter().copied());
    let mut statement = Statement::allow(actions).principal(PrincipalKind::Service, [*name]);
    let known = sender::sends_source_account(name);
    if *source_account == SourceAccount::Own || (*source_account == SourceAccount::Auto && known) {
        statement = statement.when("StringEquals", "aws:SourceAccount", [account.id.as_str()]);
    }
    let mut arns = Vec::with_capacity(source_arns.len());
    for (index, arn) in source_arns.iter().enumerate() {
        let field = || Field::of("/sourceArns").item(index);
        let arn = placeholder::fill(arn, account).map_err(|brace| brace.at(field()))?;
        if Arn::split(&arn).is_none()
            || arn.contains("${")
            || arn.chars().any(|c| c.is_control() || c == ' ')
        {
            return Err(refused(
                field(),
                format!("{} is no ARN", shown(&arn)),
                "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with * where it may vary",
            ));
        }
        arns.push(arn);
    }
    let mut warnings = Vec::new();
    let held = !arns.is_empty() && arns.iter().all(|arn| names_its_account(arn, account));
    if *source_account == SourceAccount::Auto && !known && !held {
        let message = format!(
            "{} is not known to send aws:SourceAccount, so nothing holds it to this account",
            shown(name)
        );
        let finding = Finding::warning(Check::SOURCE_ACCOUNT, "/sourceAccount", message);
        warnings.push(finding.with_remedy(
            "write Own if it does, None if it does not, or add sourceArns with the account's id",
        ));
    }
    if !arns.is_empty() {
        statement = statement.when("ArnLike", "aws:SourceArn", arns);
    }
    Ok(Compiled { statement, warnings })
}

/// Whether a source can only be this account's, or one thing that was chosen. `ArnLike` compares
/// part by part, so wildcards elsewhere do not reach into the account.
fn names_its_account(arn: &str, account: &Account) -> bool {
    let own = Arn::split(arn).is_some_and(|arn| arn.account == account.id.as_str());
    own || !arn.contains(['*', '?'])
}
