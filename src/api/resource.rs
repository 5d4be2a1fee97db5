//! Objects in the core's terms, as the API server delivers them.

use jiff::Timestamp;

use super::{ResourceKey, RoleStatus};

/// An `IAMRole` as the API server delivers it; `spec` is undecoded text until the core parses it
/// with bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Namespace and name.
    pub key: ResourceKey,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// True when `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// True when our finalizer is set.
    pub finalizer: bool,
    /// Annotation `rolewright.dev/paused: "true"`.
    pub paused: bool,
    /// Annotation `rolewright.dev/reconcile-requested-at`.
    pub reconcile_requested_at: Option<String>,
    /// JSON text of `spec`.
    pub spec: String,
    /// Status as last written.
    pub status: RoleStatus,
}

/// A service account, as far as annotating it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Namespace: the resource's own.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Annotation [`crate::api::ROLE_ARN`].
    pub role_arn: Option<String>,
}

/// What the watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// A new list begins: what it does not bring is gone.
    Restarted,
    /// The object is new or has changed.
    Applied(Box<Resource>),
    /// The object is gone.
    Deleted(ResourceKey),
    /// The list is complete.
    Synced,
    /// The watch failed and will be tried again.
    Failed(String),
}
