//! Objects of the API server in the core's terms.

use jiff::Timestamp;
use kube::ResourceExt;

use crate::{
    api::{
        self,
        key::Key,
        kind::{KeyOf, Kind},
        object::{Object, Pause},
        raw::RawObject,
    },
    plan::say::words::cut,
};

/// `status.lastHandledReconcileAt` holds 256 characters.
const ANNOTATION_BYTES: usize = 256;

/// What tells the object from others of its kind.
pub fn key<K: Kind>(raw: &RawObject<K>) -> KeyOf<K> {
    Key::new(raw.namespace(), raw.name_any())
}

/// A resource version, which is a decimal number in all that is called Kubernetes; 0 when it is
/// none.
pub fn number(version: Option<&str>) -> u64 {
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// The object in the core's terms.
pub fn object<K: Kind>(raw: &RawObject<K>) -> Object<K> {
    // Cut to what status holds: a longer value could never be noted there, and would keep all of
    // the status from being written.
    let annotation =
        |key: &str| raw.annotations().get(key).map(|value| cut(value, ANNOTATION_BYTES));
    let ours = |finalizer: &String| K::ACCESS.finalizer == Some(finalizer);
    Object {
        key: key(raw),
        uid: raw.uid().unwrap_or_default(),
        generation: raw.metadata.generation.unwrap_or_default(),
        version: number(raw.metadata.resource_version.as_deref()),
        created: raw.creation_timestamp().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        deleting: raw.metadata.deletion_timestamp.is_some(),
        finalizer: raw.finalizers().iter().any(ours),
        pause: Pause::of(annotation(api::PAUSED).as_deref()),
        reconcile_requested_at: annotation(api::RECONCILE_REQUESTED_AT),
        last_applied: raw.annotations().get(api::LAST_APPLIED).cloned(),
        spec: raw.spec.get().to_owned(),
        status: raw.status.clone().unwrap_or_default(),
    }
}
