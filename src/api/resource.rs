//! The objects that a role is made of: its resource, and the service accounts that it annotates.

use super::{kinds::iam_role::IamRole, object::Object};

/// An `IAMRole` in the core's terms.
pub type Resource = Object<IamRole>;

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
