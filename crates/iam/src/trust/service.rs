//! `service`: an AWS service assumes the role, for this account's own use of it.

use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;
use crate::{account::Account, arn::Arn};

use crate::trust::service::name::{is_pods, is_service};
use crate::trust::{ASSUME_ROLE, Compiled, Warning};

pub(super) mod name;
pub mod sender;
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

/// Why the grant makes no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Not a service principal.
    #[error("name: {} is no service principal; write a name such as \
        lambda.amazonaws.com", shown(.0))]
    Name(String),
    /// EKS Pod Identity without namespace and service account would let every pod in.
    #[error("name: {} would let in any pod of the account; write podIdentity with the service \
        accounts", shown(.0))]
    Pods(String),
    /// Not an ARN.
    #[error("sourceArns[{index}]: {} is no ARN; write \
        arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, with * where it may vary", shown(.arn))]
    SourceArn {
        /// Place in the list, from 0.
        index: usize,
        /// The text, placeholders replaced.
        arn: String,
    },
}

/// The statement that lets the service in.
///
/// # Errors
/// [`ServiceError`] with the first argument that is wrong.
pub fn statement(grant: &ServiceGrant<'_>, account: &Account) -> Result<Compiled, ServiceError> {
    let ServiceGrant { name, source_account, source_arns } = grant;
    if !is_service(name) {
        return Err(ServiceError::Name((*name).to_owned()));
    }
    if is_pods(name) {
        return Err(ServiceError::Pods((*name).to_owned()));
    }
    let mut statement = Statement::allow([ASSUME_ROLE]).principal(PrincipalKind::Service, [*name]);
    let mut warnings = Vec::new();
    let known = sender::sends_source_account(name);
    if *source_account == SourceAccount::Own || (*source_account == SourceAccount::Auto && known) {
        statement = statement.when("StringEquals", "aws:SourceAccount", [account.id.as_str()]);
    } else if *source_account == SourceAccount::Auto && source_arns.is_empty() {
        warnings.push(Warning::SourceAccountNotKnown { service: (*name).to_owned() });
    }
    let mut arns = Vec::with_capacity(source_arns.len());
    for (index, arn) in source_arns.iter().enumerate() {
        let arn = account.expand(arn);
        if Arn::split(&arn).is_none()
            || arn.contains("${")
            || arn.chars().any(|c| c.is_control() || c == ' ')
        {
            return Err(ServiceError::SourceArn { index, arn });
        }
        arns.push(arn);
    }
    if !arns.is_empty() {
        statement = statement.when("ArnLike", "aws:SourceArn", arns);
    }
    Ok(Compiled { statement, warnings })
}
