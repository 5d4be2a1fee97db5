//! Service accounts of the fake API server: made by tests, annotated by the driver.

use tokio::sync::mpsc;

use super::state::State;
use crate::sim::FakeCluster;
use crate::{
    api::{
        ResourceKey,
        resource::{AccountEvent, ServiceAccount},
    },
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
        let event = AccountEvent::Found(found.clone());
        self.tell_of_account(&event);
        Ok(())
    }

    /// A new watch of all of them: what it tells begins with a list.
    pub(super) fn watch_accounts(&mut self) -> mpsc::UnboundedReceiver<AccountEvent> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for event in self.account_listing() {
            // The receiver is in this function.
            let _ = sender.send(event);
        }
        self.account_watchers.push(sender);
        receiver
    }

    /// All there are.
    pub(super) fn account_listing(&self) -> Vec<AccountEvent> {
        if self.unavailable {
            return vec![AccountEvent::Failed("the API server does not answer".to_owned())];
        }
        let found = self.accounts.values().cloned().map(AccountEvent::Found);
        let begin = [AccountEvent::Restarted(None)].into_iter();
        begin.chain(found).chain([AccountEvent::Synced(None)]).collect()
    }

    pub(super) fn tell_of_account(&mut self, event: &AccountEvent) {
        if self.unavailable {
            return; // what they miss comes with the next list
        }
        self.account_watchers.retain(|watcher| watcher.send(event.clone()).is_ok());
    }
}

impl FakeCluster {
    /// Makes a service account, with the annotation that somebody else wrote.
    pub fn put_service_account(&self, key: &ResourceKey, role_arn: Option<&str>) {
        let uid = format!("uid-of-{}", key.name);
        let (namespace, name) = (key.namespace.clone(), key.name.clone());
        let account =
            ServiceAccount { namespace, name, uid, role_arn: role_arn.map(str::to_owned) };
        let mut state = self.lock();
        state.accounts.insert(key.clone(), account.clone());
        state.tell_of_account(&AccountEvent::Found(account));
    }

    /// Takes a service account away.
    pub fn delete_service_account(&self, key: &ResourceKey) {
        let mut state = self.lock();
        state.accounts.remove(key);
        state.tell_of_account(&AccountEvent::Gone(key.clone()));
    }

    /// The role that a service account names.
    #[must_use]
    pub fn role_of(&self, key: &ResourceKey) -> Option<String> {
        self.lock().accounts.get(key).and_then(|account| account.role_arn.clone())
    }
}
