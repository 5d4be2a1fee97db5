//! Types of conditions. Their reasons are in [`super::reason`].

/// Always present: the summary.
pub const READY: &str = "Ready";
/// AWS equals the resource.
pub const SYNCED: &str = "Synced";
/// Abnormal-true: work is going on or will be tried again by itself.
pub const RECONCILING: &str = "Reconciling";
/// Abnormal-true: nothing will change until somebody changes something. Some of it is tried again
/// all the same, now and then.
pub const STALLED: &str = "Stalled";
/// The lifetime is over.
pub const EXPIRED: &str = "Expired";
