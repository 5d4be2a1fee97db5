//! Who may assume a role: the grants of `spec.trust`. Those of federated issuers are in
//! [`federation`].

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::kinds::iam_role::permissions::{Conditions, Effect, conditions, undescribed};
pub use federation::{
    Claims, GithubActionsGrant, GitlabGrant, OidcGrant, SamlGrant, SubjectFormat,
};

mod federation;

/// One named grant; becomes one statement of the trust policy (`serviceAccount`: one for each
/// issuer), together with the grants that differ from it in subjects alone. Exactly one of
/// `serviceAccount`, `podIdentity`, `githubActions`, `gitlab`, `oidc`, `saml`, `service`,
/// `principals`, `statement` is set.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.serviceAccount), has(self.podIdentity), \
    has(self.githubActions), has(self.gitlab), has(self.oidc), has(self.saml), has(self.service), \
    has(self.principals), has(self.statement)].exists_one(g, g)")
    .message("exactly one grant per entry: serviceAccount, podIdentity, githubActions, gitlab, \
        oidc, saml, service, principals, statement"))]
pub struct Grant {
    /// Name of the grant within this resource: lower-case letters, digits and `-`, up to 63
    /// characters. Used in messages only. Example: `pods`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Pods that run as a service account of this resource's namespace (IAM roles for service
    /// accounts, IRSA). The issuers are a setting of the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountGrant>,
    /// Pods of EKS clusters that run as service accounts of this resource's namespace, through EKS
    /// Pod Identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_identity: Option<PodIdentityGrant>,
    /// Jobs of GitHub Actions of repositories on github.com.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_actions: Option<GithubActionsGrant>,
    /// Jobs of GitLab CI/CD of one project, on gitlab.com or a server of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<GitlabGrant>,
    /// Tokens of any OIDC issuer that the account has an identity provider for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcGrant>,
    /// People who sign in through a SAML provider of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlGrant>,
    /// An AWS service, as Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceGrant>,
    /// Roles, users and accounts of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principals: Option<PrincipalsGrant>,
    /// A statement of a trust policy as it is, for what the other grants can't say. The same limits
    /// hold: no `*`, and no federated principal without exact `aud` and `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementGrant>,
}

/// A Kubernetes service account of the resource's own namespace.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.name.endsWith('*') || !has(self.annotate) || !self.annotate")
    .message("annotate needs one service account: write its whole name, or leave annotate out"))]
pub struct ServiceAccountGrant {
    /// Name of the service account; a `*` at the end stands for what is generated. It need not
    /// exist yet. Example: `billing`.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9*])?$"))]
    pub name: String,
    /// Whether the controller writes the role's ARN on the service account, as the annotation
    /// `eks.amazonaws.com/role-arn`, and takes it off again with the role or the grant. The service
    /// account must exist then, and the operator must have allowed it. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotate: Option<bool>,
}

/// Service accounts of the resource's own namespace, on EKS clusters of the role's account.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodIdentityGrant {
    /// Names of service accounts, 1 to 50; a `*` at the end stands for what is generated. They
    /// need not exist yet. The Pod Identity association itself is made in EKS, and must leave the
    /// session tags on. Example: `billing`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9*])?$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub service_accounts: Vec<String>,
    /// ARNs of EKS clusters of the role's account, up to 20, without wildcards; `{partition}` and
    /// `{accountId}` are replaced. Default: any cluster of the account. Example:
    /// `arn:{partition}:eks:eu-west-2:{accountId}:cluster/prod`.
    #[schemars(
        length(min = 1, max = 20),
        inner(length(min = 1, max = 2048), regex(pattern = r"^arn:[^*?]+:cluster/[A-Za-z0-9_-]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_arns: Option<Vec<String>>,
}

/// An AWS service principal.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.name != 'pods.eks.amazonaws.com'")
    .message("pods.eks.amazonaws.com would let in any pod of the account: write podIdentity with \
        the service accounts"))]
pub struct ServiceGrant {
    /// Service principal. Services that tag their sessions, or set a source identity or a context,
    /// are let do it. Example: `lambda.amazonaws.com`.
    #[schemars(
        length(min = 1, max = 128),
        regex(pattern = r"^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$")
    )]
    pub name: String,
    /// Whether the service must act for this account: `Own` adds the condition `aws:SourceAccount`
    /// with the role's own account, so that nobody else's resource can use the role through the
    /// service; `None` adds nothing, for services that do not send the key (EC2, for one); `Auto`
    /// is `Own` for the services that are known to send it, and `None` with a warning for others.
    /// Default `Auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_account: Option<SourceAccount>,
    /// ARNs for which the service may act (condition `aws:SourceArn`, `ArnLike`): up to 50, `*` and
    /// `?` are wildcards, `{partition}` and `{accountId}` are replaced. Default: any. Example:
    /// `arn:{partition}:lambda:eu-west-2:{accountId}:function:billing-*`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 2048), regex(pattern = "^arn:")),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_arns: Option<Vec<String>>,
}

/// Whether a service must act for the role's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum SourceAccount {
    /// `Own` where the service is known to send the key, else `None`.
    Auto,
    /// Condition `aws:SourceAccount` with the role's own account.
    Own,
    /// No condition.
    None,
}

/// Principals of AWS: at least one of `arns`, `accounts`, `organizationId`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.arns) || has(self.accounts) || has(self.organizationId)")
    .message("name at least one of arns, accounts, organizationId in principals"))]
pub struct PrincipalsGrant {
    /// ARNs of roles and users, up to 50, without wildcards; `{partition}` and `{accountId}` are
    /// replaced. Of a role of IAM Identity Center the random end may be open, in a grant of its
    /// own: `…:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*`. Example:
    /// `arn:{partition}:iam::{accountId}:role/audit`.
    #[schemars(
        length(min = 1, max = 50),
        inner(
            length(min = 1, max = 2048),
            regex(pattern = "^arn:[^*?]+(SSO_[^*?/]+_[*])?$")
        ),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arns: Option<Vec<String>>,
    /// Account ids of 12 digits, up to 50, quoted (YAML takes a bare one for a number). Everybody
    /// to whom the account itself gives the right may then assume the role. Others than the role's
    /// own are for the operator to allow (`--trusted-accounts`). Example: `"123456789012"`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 12, max = 12), regex(pattern = "^[0-9]{12}$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<String>>,
    /// Organization to which the caller must belong. Alone it stands for every principal of the
    /// organization, which the operator allows by `--trusted-accounts`. Example: `o-a1b2c3d4e5`.
    #[schemars(length(min = 12, max = 34), regex(pattern = "^o-[a-z0-9]{10,32}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// External id that the caller must send, 2 to 1,224 characters. Not a secret. Example: `7f3c`.
    #[schemars(length(min = 2, max = 1224), regex(pattern = "^[A-Za-z0-9_+=,.@:/-]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// `true`: only sessions with multi-factor authentication. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// `true`: the caller may pass session tags (`sts:TagSession`). Without it a call with tags is
    /// denied. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_session: Option<bool>,
}

/// A statement of a trust policy, typed, taken as it is.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.actions) != has(self.notActions)").message("set exactly \
    one of actions and notActions"))]
pub struct StatementGrant {
    /// Statement id: letters and digits, up to 128. Default: none.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: Effect,
    /// Whom the statement is about.
    pub principals: StatementPrincipals,
    /// Actions, up to 200. An Allow names them one by one: `sts:AssumeRole`,
    /// `sts:AssumeRoleWithWebIdentity`, `sts:AssumeRoleWithSAML`, `sts:TagSession`,
    /// `sts:SetSourceIdentity`, `sts:SetContext`. Example: `sts:AssumeRole`.
    #[schemars(
        length(min = 1, max = 200),
        inner(length(min = 1, max = 128)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// All actions but these, up to 200.
    #[schemars(
        length(min = 1, max = 200),
        inner(length(min = 1, max = 128)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_actions: Option<Vec<String>>,
    /// Conditions: operator, then key, then values, in which `{partition}` and `{accountId}` are
    /// replaced. Example: `{StringEquals: {"sts:ExternalId": ["7f3c"]}}`.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
}

/// Principals of a typed statement, by kind, spelled as IAM spells them: at least one.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[x_kube(validation = Rule::new("has(self.AWS) || has(self.Service) || has(self.Federated)")
    .message("name at least one of AWS, Service, Federated in principals"))]
pub struct StatementPrincipals {
    /// ARNs or account ids, up to 50; `{partition}` and `{accountId}` are replaced.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(rename = "AWS", skip_serializing_if = "Option::is_none")]
    pub aws: Option<Vec<String>>,
    /// Service principals, up to 50. Example: `ec2.amazonaws.com`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(rename = "Service", skip_serializing_if = "Option::is_none")]
    pub service: Option<Vec<String>>,
    /// ARNs of identity providers, or the names of those that are built into IAM, up to 50;
    /// `{partition}` and `{accountId}` are replaced. Example: `accounts.google.com`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(rename = "Federated", skip_serializing_if = "Option::is_none")]
    pub federated: Option<Vec<String>>,
}
