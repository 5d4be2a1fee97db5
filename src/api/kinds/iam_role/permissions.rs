//! What a role may do: managed and inline policies of `spec.permissions`.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Operator → key → values.
pub type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Whether a statement gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Effect {
    /// Gives.
    Allow,
    /// Takes, whatever another statement gives.
    Deny,
}

/// What the role may do.
#[derive(KubeSchema, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// ARNs of managed policies to attach, up to 25; `{partition}` and `{accountId}` are replaced.
    /// AWS attaches 10 to a role unless the account's quota was raised. Example:
    /// `arn:{partition}:iam::aws:policy/ReadOnlyAccess`.
    #[schemars(schema_with = "managed_policies")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_policies: Option<Vec<String>>,
    /// Policies that are part of the role itself, up to 20. All of them together have at most
    /// 10,240 characters, not counting white space.
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(
        validation = Rule::new("self.all(a, self.exists_one(b, b.name == a.name))")
            .message("the name of each inline policy must be unique")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_policies: Option<Vec<InlinePolicy>>,
}

/// A policy that is part of the role itself, with exactly one of `statements` and `document`.
#[derive(KubeSchema, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.statements) != has(self.document)").message("set exactly \
    one of statements and document in an inline policy"))]
#[x_kube(validation = Rule::new("!self.name.lowerAscii().startsWith('rolewright-')")
    .message("names that begin with rolewright- are reserved: choose another name for the inline \
        policy"))]
#[x_kube(validation = Rule::new("!has(self.statements) || self.statements.all(a, !has(a.sid) || \
    self.statements.exists_one(b, has(b.sid) && b.sid == a.sid))")
    .message("the sid of each statement must be unique in its policy"))]
pub struct InlinePolicy {
    /// Name of the policy in AWS: up to 128 characters, not beginning with `rolewright-`. Example:
    /// `read-exports`.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9_+=,.@-]+$"))]
    pub name: String,
    /// Statements, 1 to 50.
    #[schemars(length(min = 1, max = 50), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<PolicyStatement>>,
    /// A whole policy document as AWS prints it, in JSON or YAML: `Version`, `Statement`, and
    /// perhaps `Id`. Up to 64 KiB and 64 levels. Quote numbers, above all account ids: the API
    /// server rounds large ones. `{partition}` and `{accountId}` are replaced in resources and
    /// values of conditions; `{{` and `}}` stand for braces there.
    // Stays text here: only the bounded parser of the core reads it.
    #[schemars(schema_with = "document")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Box<RawValue>>,
}

/// A statement of an inline policy.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.actions) != has(self.notActions)").message("set exactly \
    one of actions and notActions"))]
#[x_kube(
    validation = Rule::new("has(self.resources) != has(self.notResources)")
        .message("set exactly one of resources and notResources")
)]
pub struct PolicyStatement {
    /// Statement id: letters and digits, up to 128, unique in the policy. Default: none. Example:
    /// `ReadExports`.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9]+$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: Effect,
    /// Actions, up to 200; `*` and `?` are wildcards. Example: `s3:GetObject`.
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
    /// ARNs of resources, up to 200; `*` and `?` are wildcards, `{partition}` and `{accountId}` are
    /// replaced, `{{` and `}}` stand for braces. Example:
    /// `arn:{partition}:s3:::myorg-billing-*/*`.
    #[schemars(
        length(min = 1, max = 200),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// All resources but these, up to 200.
    #[schemars(
        length(min = 1, max = 200),
        inner(length(min = 1, max = 2048)),
        extend("x-kubernetes-list-type" = "set")
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_resources: Option<Vec<String>>,
    /// Conditions: up to 10 operators, each with up to 10 keys, each with up to 50 values; the
    /// values are always a list of strings, in which `{partition}` and `{accountId}` are replaced.
    /// Example: `{StringEquals: {"aws:ResourceAccount": ["{accountId}"]}}`.
    #[schemars(schema_with = "conditions")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
}

/// Takes the description off an enumeration: kube-core would put it in the place of the field's own
/// one.
pub(super) fn undescribed(schema: &mut Schema) {
    schema.remove("description");
}

/// Operator → key → values. `schemars` can't bound maps by attribute. An empty map is what a
/// template leaves that had nothing to fill in, and would be no condition at all.
pub(super) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 10,
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 10,
            "additionalProperties": {
                "type": "array",
                "maxItems": 50,
                "items": {"type": "string", "maxLength": 1024},
                "x-kubernetes-list-type": "atomic"
            }
        }
    })
}

/// Not a `set`: a policy attached to the resource by hand would survive a forced re-apply from Git.
fn managed_policies(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 25,
        "items": crate::api::arn::policy_arn(generator),
        "x-kubernetes-list-type": "atomic",
        "x-kubernetes-validations": [
            {"rule": "self.all(a, self.exists_one(b, b == a))", "message": "each managed policy \
                must be unique"}
        ]
    })
}

/// Anything below the top; three keys are all that IAM knows there.
fn document(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 3,
        "x-kubernetes-map-type": "atomic",
        "x-kubernetes-preserve-unknown-fields": true
    })
}
