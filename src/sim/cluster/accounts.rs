//! Service accounts of the fake API server: made by tests, annotated by the driver.

use super::state::State;
use crate::sim::FakeCluster;
use crate::{
    api::{ResourceKey, resource::ServiceAccount},
    plan::failure::ClusterError,
};

impl State {
    /// Server-side apply without force: another's value is a conflict.
    pub(super) fn annotate_account(
        &mut self,
        key: &ResourceKey,
        uid: &str,
        role_arn: Option<&str>,
    ) -> Result<(), ClusterError> {
        let found = self
            .accounts
            .get_mut(key)
            .filter(|account| account.uid == uid)
            .ok_or(ClusterError::Gone)?;
        match (found.role_arn.as_deref(), role_arn) {
            (Some(there), Some(arn)) if there != arn => {
                return Err(ClusterError::Conflict(
                    "another manager has the annotation".to_owned(),
                ));
            }
            _ => found.role_arn = role_arn.map(str::to_owned),
        }
        Ok(())
    }
}

impl FakeCluster {
    /// Makes a service account, with the annotation that somebody else wrote.
    pub fn put_service_account(&self, key: &ResourceKey, role_arn: Option<&str>) {
        let uid = format!("uid-of-{}", key.name);
        let (namespace, name) = (key.namespace.clone(), key.name.clone());
        let account =
            ServiceAccount { namespace, name, uid, role_arn: role_arn.map(str::to_owned) };
        self.lock().accounts.insert(key.clone(), account);
    }

    /// The role that a service account names.
    #[must_use]
    pub fn role_of(&self, key: &ResourceKey) -> Option<String> {
        self.lock().accounts.get(key).and_then(|account| account.role_arn.clone())
    }
}
