//! What is told of a resource as a Kubernetes Event.

/// A Kubernetes Event on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// True for type `Warning`.
    pub warning: bool,
    /// CamelCase, one of [`crate::api::reason`].
    pub reason: &'static str,
    /// CamelCase verb: what was being done.
    pub action: &'static str,
    /// For people; cut to 1,000 bytes on a character boundary by the adapter.
    pub note: String,
}
