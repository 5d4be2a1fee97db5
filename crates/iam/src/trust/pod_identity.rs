//! `podIdentity`: pods of EKS clusters, through EKS Pod Identity.
//!
//! EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity": the service
//! assumes the role with session tags, so the statement needs `sts:TagSession` too, and a trust
//! policy sees the tags as `aws:RequestTag/…`. Tags of the principal (`aws:PrincipalTag/…`) come
//! with the session and never match here. Associations that switch the tags off get nothing, and
//! that is meant: without tags any pod of the account would match.

use crate::account::Account;
use crate::arn::Arn;
use crate::finding::{Field, Finding};
use crate::placeholder;
use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;

use crate::policy::sessions::{ASSUME_ROLE, TAG_SESSION};
use crate::trust::{claim, refused};

#[cfg(test)]
mod tests;

/// The service that assumes the role for pods.
pub const SERVICE: &str = "pods.eks.amazonaws.com";
/// The namespace of the pod, as the request has it.
pub const NAMESPACE_KEY: &str = "aws:RequestTag/kubernetes-namespace";
/// The service account of the pod, as the request has it.
pub const SERVICE_ACCOUNT_KEY: &str = "aws:RequestTag/kubernetes-service-account";

/// The arguments of the grant, as the user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodIdentityGrant<'a> {
    /// Names of service accounts of the resource's namespace: at least one. A `*` at the end stands
    /// for what is generated.
    pub service_accounts: &'a [String],
    /// ARNs of EKS clusters of the account; placeholders are replaced. Empty: any cluster of the
    /// account.
    pub cluster_arns: &'a [String],
}

/// The statement of the grant for a resource in `namespace`.
///
/// # Errors
/// The first argument that is wrong.
pub fn statement(
    grant: &PodIdentityGrant<'_>,
    namespace: &str,
    account: &Account,
) -> Result<Statement, Finding> {
    let PodIdentityGrant { service_accounts, cluster_arns } = grant;
    if service_accounts.is_empty() {
        return Err(refused(
            "/serviceAccounts",
            "it names nobody",
            "name at least one service account",
        ));
    }
    if let Some((index, name)) =
        service_accounts.iter().enumerate().find(|(_, name)| !is_name(name))
    {
        return Err(refused(
            Field::of("/serviceAccounts").item(index),
            format!("{} is no name of a service account", shown(name)),
            "use lower-case letters, digits, - and .; a * may stand at the end",
        ));
    }
    let statement = Statement::allow([ASSUME_ROLE, TAG_SESSION])
        .principal(PrincipalKind::Service, [SERVICE])
        .when("StringEquals", NAMESPACE_KEY, [namespace])
        .when("StringEquals", "aws:SourceAccount", [account.id.as_str()]);
    let mut statement = claim::require(statement, false, SERVICE_ACCOUNT_KEY, service_accounts);
    let mut clusters = Vec::with_capacity(cluster_arns.len());
    for (index, arn) in cluster_arns.iter().enumerate() {
        let field = Field::of("/clusterArns").item(index);
        let arn = placeholder::fill(arn, account).map_err(|brace| brace.at(&field))?;
        let cluster = cluster(arn, account).map_err(|finding| finding.within(&field))?;
        clusters.push(cluster);
    }
    if !clusters.is_empty() {
        statement = statement.when("ArnEquals", "aws:SourceArn", clusters);
    }
    Ok(statement)
}

/// The ARN of one cluster, as it is.
fn cluster(arn: String, account: &Account) -> Result<String, Finding> {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let shape = Arn::split(&arn).filter(|arn| {
        let name = arn.resource.strip_prefix("cluster/");
        arn.service == "eks"
            && word(arn.region)
            && name.is_some_and(|name| word(name) && name.len() <= 100)
    });
    match shape {
        None => Err(refused(
            "",
            format!("{} is no ARN of one EKS cluster", shown(&arn)),
            "write arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME",
        )),
        // EKS assumes roles of the cluster's own account only.
        Some(found) if account.id != *found.account || found.partition != account.partition => {
            Err(refused(
                "",
                format!("{} is not in the account of the role", shown(&arn)),
                format!("name a cluster of account {}", account.id),
            ))
        }
        Some(_) => Ok(arn),
    }
}

/// The name of a service account, or how the names of several begin, with a `*` at the end.
fn is_name(name: &str) -> bool {
    match name.strip_suffix('*') {
        Some("") => false,
        // Whatever stands for the `*` ends the name, so a `-` or a dot may stand before it.
        Some(begin) => is_subdomain(&format!("{begin}x")),
        None => is_subdomain(name),
    }
}

/// A DNS subdomain, as Kubernetes names service accounts: up to 253 characters.
fn is_subdomain(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(inner)
        })
}
