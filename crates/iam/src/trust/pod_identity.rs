//! `podIdentity`: pods of EKS clusters, through EKS Pod Identity.
//!
//! EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity": the service
//! assumes the role with session tags, so the statement needs `sts:TagSession` too, and a trust
//! policy sees the tags as `aws:RequestTag/…`. Tags of the principal (`aws:PrincipalTag/…`) come
//! with the session and never match here. Associations that switch the tags off get nothing, and
//! that is meant: without tags any pod of the account would match.

use crate::policy::{PrincipalKind, Statement};
use crate::quote::shown;
use crate::{account::Account, arn::Arn};

use crate::trust::{ASSUME_ROLE, TAG_SESSION};

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
    /// Names of service accounts of the resource's namespace: at least one.
    pub service_accounts: &'a [String],
    /// ARNs of EKS clusters of the account; placeholders are replaced. Empty: any cluster of the
    /// account.
    pub cluster_arns: &'a [String],
}

/// Why the grant makes no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PodIdentityError {
    /// Nobody is named.
    #[error("serviceAccounts: it names nobody; name at least one service account")]
    Nobody,
    /// Not a name of a service account.
    #[error("serviceAccounts[{index}]: {} is no name of a service account; use lower-case letters, \
        digits, - and .", shown(.name))]
    ServiceAccount {
        /// Place in the list, from 0.
        index: usize,
        /// The text.
        name: String,
    },
    /// Not the ARN of one cluster.
    #[error(
        "clusterArns[{index}]: {} is no ARN of one EKS cluster; write \
         arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME",
        shown(.arn)
    )]
    Cluster {
        /// Place in the list, from 0.
        index: usize,
        /// The text, placeholders replaced.
        arn: String,
    },
    /// A cluster of another account: EKS assumes roles of the cluster's own account only.
    #[error("clusterArns[{index}]: {} is not in the account of the role; name a cluster of account \
        {account}", shown(.arn))]
    Elsewhere {
        /// Place in the list, from 0.
        index: usize,
        /// The text, placeholders replaced.
        arn: String,
        /// The role's account.
        account: String,
    },
}

/// The statement of the grant for a resource in `namespace`.
///
/// # Errors
/// [`PodIdentityError`] with the first argument that is wrong.
pub fn statement(
    grant: &PodIdentityGrant<'_>,
    namespace: &str,
    account: &Account,
) -> Result<Statement, PodIdentityError> {
    let PodIdentityGrant { service_accounts, cluster_arns } = grant;
    if service_accounts.is_empty() {
        return Err(PodIdentityError::Nobody);
    }
    if let Some((index, name)) =
        service_accounts.iter().enumerate().find(|(_, name)| !is_subdomain(name))
    {
        return Err(PodIdentityError::ServiceAccount { index, name: name.clone() });
    }
    let mut statement = Statement::allow([ASSUME_ROLE, TAG_SESSION])
        .principal(PrincipalKind::Service, [SERVICE])
        .when("StringEquals", NAMESPACE_KEY, [namespace])
        .when("StringEquals", SERVICE_ACCOUNT_KEY, service_accounts.iter())
        .when("StringEquals", "aws:SourceAccount", [account.id.as_str()]);
    let mut clusters = Vec::with_capacity(cluster_arns.len());
    for (index, arn) in cluster_arns.iter().enumerate() {
        clusters.push(cluster(index, account.expand(arn), account)?);
    }
    if !clusters.is_empty() {
        statement = statement.when("ArnEquals", "aws:SourceArn", clusters);
    }
    Ok(statement)
}

fn cluster(index: usize, arn: String, account: &Account) -> Result<String, PodIdentityError> {
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
        None => Err(PodIdentityError::Cluster { index, arn }),
        Some(found) if account.id != *found.account || found.partition != account.partition => {
            Err(PodIdentityError::Elsewhere { index, arn, account: account.id.to_string() })
        }
        Some(_) => Ok(arn),
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
