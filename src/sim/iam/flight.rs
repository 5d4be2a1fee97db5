//! Writes that are in flight at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How writes meet that are in flight at the same time.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// AWS turns down a write to a role to which another one is in flight.
    pub(super) one_at_a_time: bool,
    /// Each takes some time of its own to arrive.
    pub(super) any_order: bool,
    /// How many are, by role.
    roles: Arc<Mutex<HashMap<String, usize>>>,
}

/// A write that is in flight.
pub(super) struct InFlight {
    roles: Arc<Mutex<HashMap<String, usize>>>,
    role: String,
    /// AWS turns it down: another one to the same role was in flight before it.
    pub(super) in_the_way: bool,
    /// How long it takes to arrive.
    pub(super) takes: Duration,
}

impl Flight {
    /// A write begins.
    pub(super) fn take_off(&self, role: &str, rng: &mut fastrand::Rng) -> InFlight {
        let role = role.to_lowercase();
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let count = roles.entry(role.clone()).or_default();
        *count += 1;
        let in_the_way = *count > 1 && self.one_at_a_time;
        let takes = Duration::from_millis(if self.any_order { rng.u64(0..20) } else { 0 });
        drop(roles);
        InFlight { roles: Arc::clone(&self.roles), role, in_the_way, takes }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = roles.get_mut(&self.role) {
            *count -= 1;
        }
    }
}
