//! What the controller reports in `status`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What the controller reports. No time in it moves while nothing changes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleStatus {
    /// `metadata.generation` that this status speaks of; -1 until the controller has seen the
    /// resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `metadata.generation` that the role was last made, or found, equal to; absent from a
    /// requested reconcile until its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,
    /// AWS account of the role, 12 digits.
    #[schemars(length(max = 12))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Name of the role in AWS; pinned from here on.
    #[schemars(length(max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// Path of the role in AWS; pinned from here on.
    #[schemars(length(max = 512))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// ARN of the role; absent while the role does not exist.
    #[schemars(length(max = 2048))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Unique id of the role (`AROA…`), another one when it is deleted and made again; absent while
    /// the role does not exist.
    #[schemars(length(max = 128))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,
    /// Uid in the role's tag `rolewright.dev/uid`, once it was this resource's own: that, or the
    /// uid of another one that has taken the role up since.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_uid: Option<String>,
    /// `true` from before the role is made until its id is known, or AWS has refused for good:
    /// `CreateRole` may have been carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creating: Option<bool>,
    /// When the role ends, UTC; absent when never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Names that the controller wrote, saved before the write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// The last correction of drift; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// Principals of `spec.trust` that were deleted in AWS after the role had trusted them. Whoever
    /// has their names now is not trusted until the resource changes or a reconcile is requested.
    #[schemars(
        length(max = 100),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["arn"])
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_principals: Vec<ReplacedPrincipal>,
    /// What would change, one line for each AWS call, when it may not be written (`driftPolicy:
    /// Observe`).
    #[schemars(
        length(max = 100),
        inner(length(max = 1024)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<String>>,
    /// Hash of the effective role, hexadecimal SHA-256.
    #[schemars(length(max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_hash: Option<String>,
    /// Hash of the role that was last made, or found, equal, while that is another one than
    /// `desiredHash` and the resource has not changed.
    #[schemars(length(max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_hash: Option<String>,
    /// What the role was last written as, in one line of JSON: trust, inline policies, attachments
    /// and boundary; over 32 KiB only names and hashes. While the spec is refused, whatever allows
    /// more is taken back to it.
    #[schemars(length(max = 32768))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Value of the annotation `rolewright.dev/reconcile-requested-at` that was served last.
    #[schemars(length(max = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// `Ready` (the summary, always present), `Synced`, `Reconciling`, `Stalled`, `Expired`.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl RoleStatus {
    /// Hash of the role that was last made, or found, equal.
    #[must_use]
    pub fn applied_hash(&self) -> Option<&String> {
        self.applied_hash.as_ref().or(self.desired_hash.as_ref())
    }

    /// The role was carried out as the resource is in this generation, and what is desired is
    /// another one than then: a version, a setting, or something else that the resource's people do
    /// not write has changed it.
    #[must_use]
    pub fn is_rerendered(&self, generation: i64, desired_hash: &String) -> bool {
        self.applied_generation == Some(generation)
            && self.applied_hash().is_some_and(|applied| applied != desired_hash)
    }
}

// `Condition` holds strings, an integer and a time: equality is total, k8s-openapi merely does not
// derive it.
impl Eq for RoleStatus {}

/// Names that the controller wrote, saved before the write: what `Additive` may take back when it
/// is no longer wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Names of inline policies.
    #[schemars(
        length(max = 100),
        inner(length(max = 128)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inline_policies: Vec<String>,
    /// ARNs of attached managed policies.
    #[schemars(
        length(max = 100),
        inner(length(max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_policies: Vec<String>,
    /// Keys of tags.
    #[schemars(
        length(max = 100),
        inner(length(max = 128)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Names of annotated service accounts.
    #[schemars(
        length(max = 100),
        inner(length(max = 253)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<String>,
}

/// A principal that was deleted in AWS after the role had trusted it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedPrincipal {
    /// ARN of the role or user.
    #[schemars(length(max = 2048))]
    pub arn: String,
    /// Unique id that it had (`AROA…`, `AIDA…`), where AWS shows which one.
    #[schemars(length(max = 128))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The last correction of drift.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// When, UTC.
    pub last_corrected_at: Time,
    /// Which parts of the role, as `trust` or `inline policy read-exports`.
    #[schemars(
        length(max = 100),
        inner(length(max = 2100)),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    pub parts: Vec<String>,
    /// Who had changed the role, where AWS told it.
    #[schemars(length(max = 2048))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How many corrections there were in all.
    pub count: i64,
}

/// The six fields of a standard condition, with bounds, as a map by `type`: several writers do not
/// fight.
fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "items": {
            "type": "object",
            "description": "One condition.",
            "required": ["type", "status", "lastTransitionTime", "reason", "message"],
            "properties": {
                "type": {"description": "Type of the condition, \
                 CamelCase.", "type": "string", "minLength": 1, "maxLength": 316},
                "status": {"description": "`True`, `False` or \
                 `Unknown`.", "type": "string", "enum": ["True", "False", "Unknown"]},
                "observedGeneration": {
                    "description": "`metadata.generation` that the condition speaks of.",
                    "type": "integer", "format": "int64", "minimum": 0
                },
                "lastTransitionTime": {
                    "description": "When `status` last changed, UTC.",
                    "type": "string", "format": "date-time"
                },
                "reason": {
                    "description": "Why, as a CamelCase word; see the reference of reasons.",
                    "type": "string", "minLength": 1, "maxLength": 1024
                },
                "message": {"description": "For people: what happened and what to \
                 do.", "type": "string", "maxLength": 32768}
            }
        },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"]
    })
}
