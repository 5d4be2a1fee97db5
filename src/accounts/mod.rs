//! The accounts that are kept, and for each of them what belongs to it alone: the way in with its
//! pace, our recent writes, and how its sweeps go. Whoever works on a resource asks here for the
//! account of that resource; nothing in here knows resources.

pub mod boundaries;
pub mod policies;
pub mod sweeping;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use iam::account::{Account, AccountId};

use crate::{
    accounts::{boundaries::Boundaries, policies::ReadPolicies, sweeping::Sweeping},
    plan::{failure::IamError, form::settle::Recent},
    ports::{Behalf, IamRead},
};

/// All accounts, by id.
#[derive(Debug)]
pub struct Accounts<I>(BTreeMap<AccountId, Arc<Access<I>>>);

/// One account, and what belongs to it alone.
#[derive(Debug)]
pub struct Access<I> {
    /// Which one.
    pub account: Account,
    /// IAM in it.
    pub iam: I,
    recent: Arc<Mutex<Recent>>,
    sweeping: Arc<Mutex<Sweeping>>,
    boundaries: Arc<Mutex<Boundaries>>,
    policies: Arc<Mutex<ReadPolicies>>,
}

impl<I> Access<I> {
    /// The same account, with a way in for calls on somebody's behalf.
    #[must_use]
    pub fn on_behalf_of(&self, behalf: &Behalf) -> Self
    where
        I: IamRead,
    {
        Self {
            account: self.account.clone(),
            iam: self.iam.on_behalf_of(behalf),
            recent: Arc::clone(&self.recent),
            sweeping: Arc::clone(&self.sweeping),
            boundaries: Arc::clone(&self.boundaries),
            policies: Arc::clone(&self.policies),
        }
    }

    /// Its id.
    pub fn id(&self) -> AccountId {
        self.account.id
    }

    /// Our recent writes in this account; held for moments only, never across an `await`. Whoever
    /// holds the index too took that first.
    pub fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Boundaries that its pages do not show; held for moments only.
    pub fn boundaries(&self) -> MutexGuard<'_, Boundaries> {
        self.boundaries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How its sweeps go; held for moments only.
    pub fn sweeping(&self) -> MutexGuard<'_, Sweeping> {
        self.sweeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What managed policies hold; held for moments only.
    pub fn policies(&self) -> MutexGuard<'_, ReadPolicies> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Accounts<I> {
    /// The registry of these.
    pub fn new(accounts: impl IntoIterator<Item = (Account, I)>) -> Self {
        let access = |(account, iam): (Account, I)| {
            let (recent, sweeping, boundaries, policies) = Default::default();
            (account.id, Arc::new(Access { account, iam, recent, sweeping, boundaries, policies }))
        };
        Self(accounts.into_iter().map(access).collect())
    }

    /// One account.
    #[must_use]
    pub fn get(&self, id: AccountId) -> Option<&Arc<Access<I>>> {
        self.0.get(&id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Access<I>>> {
        self.0.values()
    }

    /// What is wrong with them, in words; empty when nothing is. Where there are several, each says
    /// its id.
    #[must_use]
    pub fn trouble(&self) -> String {
        let several = self.0.len() > 1;
        let troubles = self.iter().filter_map(|account| {
            let trouble = account.sweeping().trouble().to_owned();
            let words = if several {
                format!("account {}: {trouble}", account.id())
            } else {
                trouble.clone()
            };
            (!trouble.is_empty()).then_some(words)
        });
        troubles.collect::<Vec<_>>().join("; ")
    }

    /// From when on the drift of any of them is unseen.
    #[must_use]
    pub fn blind_from(&self, interval: Duration) -> Option<Timestamp> {
        self.iter().filter_map(|account| account.sweeping().blind_from(interval)).min()
    }

    /// The first denial, when no account can be swept for want of rights: a mistake in the set-up,
    /// which waiting does not cure. Where others work, a denied account is its own trouble.
    #[must_use]
    pub fn all_denied(&self) -> Option<IamError> {
        let denials: Option<Vec<IamError>> =
            self.iter().map(|account| account.sweeping().denied().cloned()).collect();
        denials?.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::failure::IamErrorClass;

    fn error(class: IamErrorClass) -> IamError {
        let message = "no".into();
        IamError { action: "ListRoles", class, message, request_id: None }
    }

    fn accounts() -> Accounts<()> {
        let ids = ["123456789012", "210987654321"];
        Accounts::new(ids.map(|id| (Account::new(id, "aws").unwrap(), ())))
    }

    fn ended(account: &Access<()>, result: &Result<usize, IamError>) {
        let interval = Duration::from_mins(1);
        account.sweeping().ended(result, Timestamp::UNIX_EPOCH, interval, 0.0);
    }

    #[test]
    fn a_denied_account_is_its_own_trouble_where_others_work() {
        let accounts = accounts();
        let both: Vec<_> = accounts.iter().collect();
        ended(both[0], &Err(error(IamErrorClass::AccessDenied)));
        assert_eq!(accounts.all_denied(), None, "nothing is known of the other yet");
        assert_eq!(accounts.trouble(), "account 123456789012: ListRoles: no");
        ended(both[1], &Ok(3));
        assert_eq!(accounts.all_denied(), None);
        ended(both[1], &Err(error(IamErrorClass::AccessDenied)));
        assert_eq!(accounts.all_denied(), None, "it worked once");
    }

    #[test]
    fn when_every_account_is_denied_from_the_beginning_waiting_does_not_help() {
        let accounts = accounts();
        for account in accounts.iter() {
            ended(account, &Err(error(IamErrorClass::AccessDenied)));
        }
        assert!(accounts.all_denied().is_some());
    }
}
