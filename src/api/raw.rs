//! An object of any kind for list and watch, whose `spec` stays text.
//!
//! One hostile object must not blind the controller to the rest: a value nested some thousand
//! levels deep is stored by the API server, and decoding it with serde's recursion limit would fail
//! the whole list. So nothing that a tenant shapes is decoded here. That holds for
//! `metadata.managedFields` too, which mirror the fields of the spec level by level.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
use kube::{
    Resource,
    core::{DynamicResourceScope, ObjectMeta},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::kind::Kind;

/// An object with undecoded `spec`. Its `metadata` has no `managedFields`.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Wire", bound = "")]
pub struct RawObject<K: Kind> {
    /// Metadata without `managedFields`.
    pub metadata: ObjectMeta,
    /// JSON text of `spec`; `{}` when absent.
    pub spec: Box<RawValue>,
    /// Status as last written; `None` when absent, and when it can't be decoded: then AWS's tags
    /// decide, as for a resource that is new.
    pub status: Option<K::Status>,
}

/// As delivered.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Option<Box<RawValue>>,
    #[serde(default)]
    status: Option<Box<RawValue>>,
}

/// The parts of `ObjectMeta` whose shape no tenant can choose. What is not named here is skipped
/// without recursion.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    deletion_grace_period_seconds: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    finalizers: Option<Vec<String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

impl<K: Kind> From<Wire> for RawObject<K> {
    fn from(wire: Wire) -> Self {
        let Metadata {
            name,
            namespace,
            uid,
            resource_version,
            generation,
            creation_timestamp,
            deletion_timestamp,
            deletion_grace_period_seconds,
            labels,
            annotations,
            finalizers,
            owner_references,
        } = wire.metadata;
        Self {
            metadata: ObjectMeta {
                name,
                namespace,
                uid,
                resource_version,
                generation,
                creation_timestamp,
                deletion_timestamp,
                deletion_grace_period_seconds,
                labels,
                annotations,
                finalizers,
                owner_references,
                ..ObjectMeta::default()
            },
            spec: wire.spec.unwrap_or_else(empty_object),
            status: wire.status.and_then(|status| serde_json::from_str(status.get()).ok()),
        }
    }
}

fn empty_object() -> Box<RawValue> {
    // `RawValue::NULL` is the only constant that serde_json has; the text here is valid, the
    // fallback never taken.
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl<K: Kind> Resource for RawObject<K> {
    type DynamicType = ();
    /// Whether there is a namespace is known where the object's key is.
    type Scope = DynamicResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::Typed::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::Typed::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::Typed::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::Typed::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use kube::api::{ObjectList, WatchEvent};

    use super::*;
    use crate::api::kinds::iam_role::{IAMRole, IamRole, RoleStatus};

    type RawRole = RawObject<IamRole>;

    fn nested(depth: usize) -> String {
        format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
    }

    fn object(spec: &str, status: &str) -> String {
        let fields = nested(5000);
        format!(
            r#"{{"apiVersion":"iam.rolewright.dev/v1alpha1","kind":"IAMRole","metadata":{{"name":"a","namespace":"team-a","uid":"u","resourceVersion":"7","generation":3,"creationTimestamp":"2026-11-01T00:00:00Z","annotations":{{"k":"v"}},"finalizers":["iam.rolewright.dev/role"],"managedFields":[{{"manager":"kubectl","fieldsV1":{fields}}}]}},"spec":{spec},"status":{status}}}"#
        )
    }

    #[test]
    fn a_deep_document_and_its_managed_fields_do_not_break_a_list() -> Result<(), serde_json::Error>
    {
        let hostile = object(&nested(5000), "{}");
        let plain = object("{\"trust\":[]}", r#"{"roleName":"r"}"#);
        let list = format!(
            r#"{{"apiVersion":"iam.rolewright.dev/v1alpha1","kind":"IAMRoleList","metadata":{{"resourceVersion":"9"}},"items":[{hostile},{plain}]}}"#
        );
        let list: ObjectList<RawRole> = serde_json::from_str(&list)?;
        assert_eq!(list.items.len(), 2);
        assert_eq!(list.items[1].spec.get(), "{\"trust\":[]}");
        assert_eq!(list.items[1].metadata.generation, Some(3));
        assert_eq!(
            list.items[1].status.as_ref().and_then(|status| status.role_name.as_deref()),
            Some("r")
        );
        Ok(())
    }

    #[test]
    fn a_deep_document_does_not_break_a_watch_event() -> Result<(), serde_json::Error> {
        let event: WatchEvent<RawRole> = serde_json::from_str(&format!(
            r#"{{"type":"MODIFIED","object":{}}}"#,
            object(&nested(5000), "{}")
        ))?;
        assert!(
            matches!(event, WatchEvent::Modified(role) if role.metadata.name.as_deref() == Some(
                "a"))
        );
        Ok(())
    }

    #[test]
    fn a_status_that_cannot_be_decoded_counts_as_empty() -> Result<(), serde_json::Error> {
        for status in ["5", r#"{"roleName":7}"#, r#"{"conditions":[{}]}"#, "null", &nested(5000)] {
            let role: RawRole = serde_json::from_str(&object("{}", status))?;
            assert!(
                role.status.is_none() || role.status == Some(RoleStatus::default()),
                "{status:.40}"
            );
        }
        Ok(())
    }

    #[test]
    fn an_absent_spec_is_an_empty_object() -> Result<(), serde_json::Error> {
        for text in ["{}", r#"{"spec":null}"#, r#"{"metadata":{},"status":{}}"#] {
            assert_eq!(serde_json::from_str::<RawRole>(text)?.spec.get(), "{}");
        }
        Ok(())
    }

    #[test]
    fn the_resource_is_the_one_of_the_typed_kind() {
        assert_eq!(RawRole::url_path(&(), Some("team-a")), IAMRole::url_path(&(), Some("team-a")));
        assert_eq!(RawRole::kind(&()), "IAMRole");
    }
}
