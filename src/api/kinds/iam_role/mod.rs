//! `IAMRole`: one IAM role in AWS. The types here are the source of the CRD: bounds are `schemars`
//! attributes, rules across fields are CEL, and `crate::api::crd` adds what holds for every object
//! of the spec.
//!
//! The whole spec is replaced at once by an applier (it is `atomic`, and so are its lists): else a
//! grant that somebody added by hand would survive a forced re-apply from Git.
//!
//! Patterns name ASCII classes in full: `\w` is ASCII for the API server (RE2) and Unicode for the
//! controller's own check.

mod kind;
pub mod permissions;
pub mod status;
pub mod trust;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::api::arn::policy_arn;

pub use self::{
    kind::IamRole,
    permissions::{Conditions, Effect, InlinePolicy, Permissions, PolicyStatement},
    status::{Applied, Drift, RoleStatus},
    trust::{
        Claims, GithubActionsGrant, GitlabGrant, Grant, OidcGrant, PodIdentityGrant,
        PrincipalsGrant, SamlGrant, ServiceAccountGrant, ServiceGrant, SourceAccount,
        StatementGrant, StatementPrincipals, SubjectFormat,
    },
};
use permissions::undescribed;

/// The wanted role. Absent fields mean empty or AWS's own default, never "not managed". Effective
/// values are shown in `status`.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, Deserialize, Serialize)]
#[kube(
    group = "iam.rolewright.dev",
    version = "v1alpha1",
    kind = "IAMRole",
    namespaced,
    status = "RoleStatus",
    shortname = "iamr",
    category = "rolewright",
    selectable = ".spec.roleName",
    // Which resource is it? The only way from a role in AWS to its resource.
    selectable = ".status.roleName",
    doc = "An AWS IAM role, kept as written here: the controller creates it, corrects drift and \
        removes it with this resource.",
    printcolumn(name = "READY", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "REASON", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "ROLE", type_ = "string", json_path = ".status.roleName"),
    // Not a date: a date column prints `<invalid>` for a time to come.
    printcolumn(name = "EXPIRES", type_ = "string", json_path = ".status.expiresAt"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ACCOUNT", type_ = "string", json_path = ".status.accountId", priority = 1),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(
        name = "MESSAGE",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    // The name is part of tags and of the default role name, with the namespace (63) and two
    // separators within 256.
    validation = Rule::new("self.metadata.name.size() <= 190")
        .message("metadata.name may have at most 190 characters: choose a shorter one"),
    // Identity is pinned twice: once set it stays (transition), and it can't contradict what the
    // role already is.
    validation = Rule::new("!has(oldSelf.spec.roleName) || (has(self.spec.roleName) && \
        self.spec.roleName == oldSelf.spec.roleName)")
        .message("spec.roleName can't be changed or removed once set: create a new IAMRole and \
            delete this one")
        .field_path(".spec.roleName"),
    validation = Rule::new("!has(self.spec.roleName) || !has(self.status) || \
        !has(self.status.roleName) || self.spec.roleName == self.status.roleName")
        .message(Message::Expression("'spec.roleName must be ' + self.status.roleName + ', which \
            this resource already has: an IAM role can\\'t be renamed or moved'".into()))
        .field_path(".spec.roleName"),
    validation = Rule::new("!has(oldSelf.spec.path) || (has(self.spec.path) && self.spec.path == \
        oldSelf.spec.path)")
        .message("spec.path can't be changed or removed once set: create a new IAMRole and delete \
            this one")
        .field_path(".spec.path"),
    validation = Rule::new("!has(self.spec.path) || !has(self.status) || !has(self.status.path) || \
        self.spec.path == self.status.path")
        .message(Message::Expression("'spec.path must be ' + self.status.path + ', which this \
            resource already has: an IAM role can\\'t be renamed or moved'".into()))
        .field_path(".spec.path"),
)]
#[serde(rename_all = "camelCase")]
pub struct RoleSpec {
    /// Name of the role in AWS: 1 to 64 characters, unique in the account without regard to letter
    /// case. Default `<prefix><namespace>_<name>`, where the prefix is a setting of the controller;
    /// over 64 characters its first 47, `_` and 16 digits of a hash. A name given here begins with
    /// `<prefix><namespace>_`. Can't be changed once set. Example: `prod-team-a_billing`.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_+=,.@-]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// Path of the role in AWS: `/`, or parts between slashes, none of dots only, up to 512
    /// characters. Default: the controller's `--path-prefix` (itself `/` by default); a path given
    /// here begins with that. Can't be changed once set. Example: `/team-a/`.
    #[schemars(
        length(min = 1, max = 512),
        regex(pattern = "^/([.]*[A-Za-z0-9,+@=_-][A-Za-z0-9.,+@=_-]*/)*$")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the role is for, up to 1,000 characters of Latin-1. Default: none. Example: `Reads
    /// billing exports`.
    #[schemars(length(max = 1000), regex(pattern = r"^[\t\n\r\x20-\x7e\xa1-\xff]*$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Longest session that a caller may ask for, `1h` to `12h`, in hours, minutes and seconds.
    /// Default `1h`, AWS's own. Example: `1h30m`.
    #[schemars(
        length(min = 2, max = 16),
        regex(pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$")
    )]
    // What is no length of time at all is told by its form alone; days are too long in any case.
    #[x_kube(validation = Rule::new("!self.matches('^([0-9]+h)?([0-9]+m)?([0-9]+s)?$') ? \
        !self.matches('^[0-9]+d') : duration(self) >= duration('1h') && duration(self) <= \
        duration('12h')")
        .message("maxSessionDuration is 1h to 12h"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_session_duration: Option<String>,
    /// ARN of the managed policy that is the role's permissions boundary. Default: the controller's
    /// `--permissions-boundary`; where that names a policy, this field is absent or equal to it.
    /// `{partition}` and `{accountId}` are replaced. Example:
    /// `arn:{partition}:iam::{accountId}:policy/team-boundary`.
    #[schemars(schema_with = "policy_arn")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// Who may assume the role: 1 to 30 named grants, each of which becomes one statement of the
    /// trust policy (`serviceAccount`: one for each issuer); those that differ in subjects alone
    /// share one. Always exclusive: what is not here is removed from the role.
    #[schemars(length(min = 1, max = 30), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(
        validation = Rule::new("self.all(a, self.exists_one(b, b.name == a.name))")
            .message("the name of each grant in trust must be unique")
    )]
    pub trust: Vec<Grant>,
    /// What the role may do. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// Tags of the role, up to 40: keys of 1 to 128 characters that differ in more than letter
    /// case, values up to 256; letters, digits, spaces and `_.:/=+-@`. Those of the controller's
    /// `--default-tags` are added where no key here is the same. Default: none. Example:
    /// `cost-centre: "1234"`.
    #[schemars(schema_with = "tags")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// What is kept alone, and what others may add to. Default `managedPolicies: Exclusive`,
    /// `inlinePolicies: Exclusive`, `tags: Additive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management: Option<Management>,
    /// When the role ends: one of `expiresAt` and `ttl`. Default: never. After the end the role is
    /// removed and this resource stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Lifetime>,
    /// What happens to the role when this resource is deleted: `Delete` removes it, `Retain` leaves
    /// it in AWS with its tags, so that a resource of the same name takes it up again. Default: the
    /// controller's `--default-deletion-policy` (itself `Delete` by default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// What happens when the role differs from this resource: `Correct` writes, `Observe` never
    /// writes anything to AWS and shows in `status.plan` what it would change. Default `Correct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
}

/// What is kept alone (`Exclusive`: the controller removes what others add), and what others may
/// add to (`Additive`: the controller touches only what it wrote).
#[derive(KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Management {
    /// Attached managed policies: `Exclusive` or `Additive`. Default `Exclusive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_policies: Option<Mode>,
    /// Inline policies: `Exclusive` or `Additive`. Default `Exclusive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_policies: Option<Mode>,
    /// Tags: `Exclusive` or `Additive`. Default `Additive`, since tools for cost and inventory set
    /// tags of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Mode>,
}

/// Whether others may add to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Mode {
    /// What others add is removed.
    Exclusive,
    /// What others add stays.
    Additive,
}

/// When the role ends: one of the two.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.expiresAt) != has(self.ttl)").message("set exactly one \
    of expiresAt and ttl in lifetime"))]
pub struct Lifetime {
    /// Point in time, RFC 3339. Example: `2027-03-31T00:00:00Z`.
    #[schemars(
        length(max = 40),
        regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}\
                T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"),
        extend("format" = "date-time")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Length in days of 24 hours, hours, minutes and seconds, counted from the earlier of this
    /// resource's and the role's creation. Example: `30d`.
    #[schemars(
        length(min = 2, max = 16),
        regex(pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// What happens to the role when its resource is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum DeletionPolicy {
    /// The role is removed.
    Delete,
    /// The role stays, with its tags.
    Retain,
}

/// What happens when the role differs from its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum DriftPolicy {
    /// The role is made equal again.
    Correct,
    /// No AWS write of any kind.
    Observe,
}

/// Tags; bounds of keys can only be said in CEL. Keys of roles ignore letter case in IAM.
fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 40,
        "additionalProperties": {"type": "string", "maxLength": 256, "pattern": r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"},
        "x-kubernetes-validations": [
            {"rule": "self.all(k, k.size() >= 1 && k.size() <= 128)", "message": "tag keys have 1 \
                to 128 characters"},
            {
                "rule": "self.all(k, !k.lowerAscii().startsWith('rolewright.dev/') && \
                 !k.lowerAscii().startsWith('aws:'))",
                "message": "tag keys that begin with rolewright.dev/ or aws: are reserved: choose \
                 another key"
            },
            {
                "rule": "self.all(k, self.exists_one(j, j.lowerAscii() == k.lowerAscii()))",
                "message": "tag keys must differ in more than letter case"
            }
        ]
    })
}
