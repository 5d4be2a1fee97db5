//! Grants for those who come with a token or an assertion of an identity provider: GitHub, GitLab,
//! any OIDC issuer, SAML.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::api::kinds::iam_role::permissions::undescribed;

/// Claim or attribute → values.
pub type Claims = BTreeMap<String, Vec<String>>;

/// Jobs of one repository or several: exactly one of `repository`, `repositories`, and at least one
/// of `refs`, `environments`, `pullRequests`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.refs) || has(self.environments) || \
    (has(self.pullRequests) && self.pullRequests)")
    .message("name at least one of refs, environments, pullRequests in githubActions"))]
#[x_kube(validation = Rule::new("has(self.repository) != has(self.repositories)")
    .message("set exactly one of repository and repositories in githubActions"))]
#[x_kube(validation = Rule::new("!has(self.repositoryId) || has(self.repository)")
    .message("repositoryId is the id of repository: in repositories write NAME@ID"))]
#[x_kube(validation = Rule::new("!has(self.subjectFormat) || self.subjectFormat == 'Classic' || \
    (has(self.ownerId) && (has(self.repositoryId) || (has(self.repositories) && \
    self.repositories.all(r, r.contains('@')))))")
    .message("subjectFormat Immutable and Both need ownerId and repositoryId: add both, in \
        repositories as NAME@ID, or write Classic"))]
pub struct GithubActionsGrant {
    /// User or organization, one name, in the letter case that GitHub shows. Example: `myorg`.
    #[schemars(length(min = 1, max = 39), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub owner: String,
    /// Its id, digits in quotes. Shown by `gh api users/OWNER --jq .id`. Example: `"123456"`.
    #[schemars(length(min = 1, max = 20), regex(pattern = "^[0-9]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// Repository, one name without the owner, in the letter case that GitHub shows. Example:
    /// `billing`.
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[A-Za-z0-9._-]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its id, digits in quotes: who takes over a name that was given up gets nothing. Shown by
    /// `gh api repos/OWNER/REPOSITORY --jq .id`. Example: `"456789"`.
    #[schemars(length(min = 1, max = 20), regex(pattern = "^[0-9]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// In place of `repository`: up to 50 repositories, each with its id behind an `@`, or none of
    /// them. All the rest of the grant holds for each. Example: `billing@456789`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 121), regex(pattern = "^[A-Za-z0-9._-]+(@[0-9]+)?$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
    /// Branches and tags by their full names, up to 50; `*` is any text, slashes too. A job with an
    /// environment is not matched by its ref. Example: `refs/heads/main`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 255), regex(pattern = "^refs/(heads|tags)/.+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refs: Option<Vec<String>>,
    /// Deployment environments, up to 50; `*` is any text. Example: `production`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 255)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// `true`: jobs of pull requests too, whatever their branch. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_requests: Option<bool>,
    /// Only jobs that this reusable workflow defines (claim `job_workflow_ref`); `*` within the
    /// ref. Default: any. Example: `myorg/workflows/.github/workflows/deploy.yml@refs/heads/main`.
    #[schemars(
        length(min = 1, max = 512),
        regex(pattern = "^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/[.]github/workflows/[^/@*]+[.]ya?ml@.+$")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reusable_workflow: Option<String>,
    /// Which form of the token's subject is accepted: `Classic` has names, `Immutable` names and
    /// ids, as repositories made, renamed or moved since the summer of 2026 send it. Default:
    /// `Both` when the ids of owner and repositories are given, else `Classic` with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_format: Option<SubjectFormat>,
    /// Further claims that must match, up to 10, each with 1 to 50 values; `*` is any text. IAM
    /// knows `actor`, `actor_id`, `enterprise_id`, `ref`, `workflow` beside those that have a field
    /// here. Example: `{workflow: [deploy]}`.
    #[schemars(schema_with = "claims")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
}

/// Forms of the subject of GitHub's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum SubjectFormat {
    /// Names.
    Classic,
    /// Names and ids.
    Immutable,
    /// Either.
    Both,
}

/// Jobs of one project: at least one of `branches`, `tags`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.branches) || has(self.tags)")
    .message("name at least one of branches, tags in gitlab"))]
#[x_kube(validation = Rule::new("(!has(self.branches) || self.branches.all(b, \
    !b.startsWith('refs/'))) && (!has(self.tags) || self.tags.all(t, !t.startsWith('refs/')))")
    .message("GitLab sends short names: write main in branches and v1.0 in tags, without \
        refs/heads/ and refs/tags/"))]
#[x_kube(validation = Rule::new("!has(self.host) || self.host == 'gitlab.com' || \
    !(has(self.projectId) || (has(self.protectedOnly) && self.protectedOnly))")
    .message("IAM reads projectId and protectedOnly from tokens of gitlab.com only: remove them \
        for another host"))]
pub struct GitlabGrant {
    /// Host of the server, without `https://` and port. Default `gitlab.com`. Example:
    /// `gitlab.example.com`.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Path of one project with all its groups, in the letter case that GitLab shows. Example:
    /// `myorg/tools/billing`.
    #[schemars(
        length(min = 3, max = 1024),
        regex(pattern = "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")
    )]
    pub project: String,
    /// Its id, digits in quotes: who takes over a path that was given up gets nothing. On
    /// gitlab.com only. Example: `"456789"`.
    #[schemars(length(min = 1, max = 20), regex(pattern = "^[0-9]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Branches by their short names, up to 50; `*` is any text, slashes too. Example: `main`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 255)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branches: Option<Vec<String>>,
    /// Tags by their short names, up to 50; `*` is any text. Example: `v*`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 255)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// `true`: only branches and tags that GitLab protects. On gitlab.com only. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_only: Option<bool>,
    /// Audience (`aud`) of the jobs' ID tokens, exact. Default: `https://` and the host. Example:
    /// `https://gitlab.com`.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[^*?$]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// Tokens of one issuer.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.subjects.all(s, s.matches('[^*]'))")
    .message("a subject of wildcards alone would let in everybody known to the issuer: write more \
        than * in subjects"))]
pub struct OidcGrant {
    /// Issuer as `https://HOST/PATH`, or the ARN of an identity provider of the role's account;
    /// `{partition}` and `{accountId}` are replaced. Google, Cognito, Amazon and Facebook are built
    /// into IAM and need no provider. Example: `https://app.terraform.io`.
    #[schemars(length(min = 1, max = 512), regex(pattern = "^(https://|arn:).+$"))]
    pub issuer: String,
    /// Audiences (`aud`, of Amazon and Facebook `app_id`), exact, 1 to 50. Example:
    /// `aws.workload.identity`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 255), regex(pattern = "^[^*?$]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub audiences: Vec<String>,
    /// Subjects (`sub`, of Amazon `user_id`, of Facebook `id`), 1 to 50; exact unless they contain
    /// `*`, which stands after a `:` or `/` and never in the name of the organization. Example:
    /// `organization:myorg:project:main:workspace:billing:run_phase:*`.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 1, max = 1024)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub subjects: Vec<String>,
    /// Further claims that must match, up to 10, each with 1 to 50 values; `*` is any text. Of most
    /// issuers IAM knows `amr`, `email` and `oaud` only. Example: `{email: [ci@example.com]}`.
    #[schemars(schema_with = "claims")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// `true`: the tokens may hold session tags (`sts:TagSession`). Without it a token with tags is
    /// refused. Default `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_session: Option<bool>,
}

/// Assertions of one SAML provider.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SamlGrant {
    /// ARN of a SAML provider of the role's account; `{partition}` and `{accountId}` are replaced.
    /// Example: `arn:{partition}:iam::{accountId}:saml-provider/Corp`.
    #[schemars(
        length(min = 1, max = 2048),
        regex(
            pattern = r"^arn:(\{partition\}|aws[a-z-]*):iam::(\{accountId\}|[0-9]{12}):saml-provider/[A-Za-z0-9._-]+$"
        )
    )]
    pub provider_arn: String,
    /// Audience (`SAML:aud`), exact. Default: the sign-in address of the partition, such as
    /// `https://signin.aws.amazon.com/saml`.
    #[schemars(length(min = 1, max = 2048), regex(pattern = "^[^*?$]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Attributes that must match, up to 10, with or without `SAML:`, each with 1 to 50 values; `*`
    /// is any text. The built-in class needs `sub` with exact values. Example: `{sub:
    /// [alice@example.com]}`.
    #[schemars(schema_with = "claims")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Claims>,
}

/// Claim → values. `schemars` can't bound maps by attribute. An empty map would ask for no claim.
fn claims(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 10,
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {"type": "string", "minLength": 1, "maxLength": 1024},
            "x-kubernetes-list-type": "set"
        }
    })
}
