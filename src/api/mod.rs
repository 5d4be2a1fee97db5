//! The custom resources as types: what people write and read. No client, no AWS, no time.
//!
//! [`kinds`] are the source, and a table; [`crd`] makes the CRDs of them, [`schema`] checks a spec
//! against its own, [`raw`] reads objects whose spec may be hostile, [`object`] is what the core
//! sees of them, [`reference`] prints the pages in `docs/reference/`.

mod arn;
pub mod condition;
pub mod crd;
mod forms;
pub mod key;
pub mod kind;
pub mod kinds;
pub mod moment;
pub mod object;
pub mod raw;
pub mod reason;
pub mod reference;
pub mod resource;
pub mod schema;
#[cfg(test)]
pub(crate) mod tests;

pub use key::{ClusterKey, ResourceKey};
pub use kinds::iam_role::{IAMRole, RoleSpec, RoleStatus};

/// API group of all kinds.
pub const GROUP: &str = "iam.rolewright.dev";
/// Served and stored version.
pub const VERSION: &str = "v1alpha1";
/// Field manager of everything that the controller writes.
pub const FIELD_MANAGER: &str = "rolewright";
/// Annotation of a service account: the role that its pods get (IRSA).
pub const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";
/// Annotation: `"true"` stops every write for the resource.
pub const PAUSED: &str = "rolewright.dev/paused";
/// Annotation of kubectl: the manifest as `kubectl apply` was given it.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Annotation: any new value asks for a reconcile at once.
pub const RECONCILE_REQUESTED_AT: &str = "rolewright.dev/reconcile-requested-at";
/// Annotation of the Lease: what an operator confirms of all that is held.
pub const CONFIRM: &str = "rolewright.dev/confirm";
/// Annotation of the Lease: the sets that were confirmed, as the controller found them.
pub const CONFIRMED: &str = "rolewright.dev/confirmed";
/// Annotation of the Lease: what was removed and changed lately.
pub const DONE: &str = "rolewright.dev/done";
