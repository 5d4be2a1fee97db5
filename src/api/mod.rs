//! The custom resources as types: what people write and read. No client, no AWS, no time.
//!
//! [`kinds`] are the source; [`crd`] makes the CRDs of them, [`schema`] checks a spec against its
//! own, [`raw`] reads objects whose spec may be hostile, [`reference`] prints the pages in
//! `docs/reference/`.

mod arn;
pub mod condition;
pub mod crd;
pub mod kinds;
pub mod raw;
pub mod reason;
pub mod reference;
pub mod resource;
pub mod schema;
#[cfg(test)]
mod tests;

pub use kinds::iam_role::{IAMRole, RoleSpec, RoleStatus};
pub use raw::RawRole;

/// API group of all kinds.
pub const GROUP: &str = "iam.rolewright.dev";
/// Served and stored version.
pub const VERSION: &str = "v1alpha1";
/// Field manager of everything that the controller writes.
pub const FIELD_MANAGER: &str = "rolewright";
/// Finalizer that holds a resource until its role is gone or kept on purpose.
pub const FINALIZER: &str = "iam.rolewright.dev/role";
/// Annotation of a service account: the role that its pods get (IRSA).
pub const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";
/// Annotation: `"true"` stops every write for the resource.
pub const PAUSED: &str = "rolewright.dev/paused";
/// Annotation: any new value asks for a reconcile at once.
pub const RECONCILE_REQUESTED_AT: &str = "rolewright.dev/reconcile-requested-at";

/// Namespace and name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Namespace.
    pub namespace: String,
    /// Name within the namespace.
    pub name: String,
}

impl std::fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
