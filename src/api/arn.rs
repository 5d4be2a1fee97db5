//! ARNs in the schema.

use schemars::{Schema, SchemaGenerator, json_schema};

/// ARN of a managed policy, with the two placeholders.
pub(in crate::api) fn policy_arn(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 2048,
        "pattern": r"^arn:(\{partition\}|aws[a-z-]*):iam::(\{accountId\}|[0-9]{12}|aws):policy/([.]*[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,.@-]*/)*[A-Za-z0-9_+=,.@-]+$"
    })
}
