//! Which resources need a pass when they are seen.

use crate::{
    api::{reason, resource::Resource},
    controller::memory::conditions::ConditionStates,
    plan::say::{conditions, words},
};

/// Whether a resource that is seen for the first time, or has changed, needs a pass.
pub(super) fn needs_pass(resource: &Resource, paused: bool, hash_is_current: bool) -> bool {
    let status = &resource.status;
    if resource.deleting {
        return true;
    }
    if paused {
        return !words::tell_the_pause(resource);
    }
    // After a pause it is not ready either.
    !hash_is_current
        || !conditions::is_ready(status, resource.generation)
        || (resource.reconcile_requested_at.is_some()
            && resource.reconcile_requested_at != status.last_handled_reconcile_at)
        || (!resource.finalizer && status.role_id.is_some())
        // Ready without an id: a sweep would never compare it.
        || status.role_id.is_none()
        || ConditionStates::of(&status.conditions).are_for(reason::DRIFT_UNSEEN)
}
