//! The kind `IAMRole` for all that is generic over kinds.

use super::{IAMRole, RoleStatus};
use crate::api::{
    PAUSED, RECONCILE_REQUESTED_AT, condition,
    kind::{Kind, Rights},
};

/// The kind [`IAMRole`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IamRole;

impl Kind for IamRole {
    type Typed = IAMRole;
    type Status = RoleStatus;

    const ACCESS: Rights = Rights {
        // Holds a resource until its role is gone or kept on purpose.
        finalizer: Some("iam.rolewright.dev/role"),
        status: true,
        more: &[],
    };
    const CONDITIONS: &'static [(&'static str, &'static str)] = &condition::ALL;
    const ANNOTATIONS: &'static [(&'static str, &'static str, &'static str)] = &[
        (PAUSED, "true", "Nothing is written to AWS; a deletion and the end of a lifetime wait."),
        (
            RECONCILE_REQUESTED_AT,
            "",
            "Any new value asks for a reconcile at once; `status.lastHandledReconcileAt` repeats \
             it when done.",
        ),
    ];
}
