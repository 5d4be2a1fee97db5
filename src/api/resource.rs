//! The objects that a role is made of: its resource, and the service accounts that it annotates.

use super::{ResourceKey, kinds::iam_role::IamRole, object::Object};

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

/// What the watch of service accounts tells. A place is one namespace; `None` is all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountEvent {
    /// A new list of a place begins.
    Restarted(Option<String>),
    /// It is there.
    Found(ServiceAccount),
    /// It is gone.
    Gone(ResourceKey),
    /// The list of a place is complete: what it did not bring is gone.
    Synced(Option<String>),
    /// The watch failed and will be tried again.
    Failed(String),
}
