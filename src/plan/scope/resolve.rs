//! The limits of one resource: the one place where they come together. Everything here is what the
//! operator wrote; of the resource only what is pinned chooses among it.

use std::collections::BTreeMap;

use iam::account::AccountId;

use crate::{
    api::resource::Resource,
    plan::scope::{limits::Limits, own::Own},
};

/// What limits are made of: the settings, as they hold in each account.
#[derive(Clone, Debug)]
pub struct Sources {
    default: Limits,
    others: BTreeMap<AccountId, Limits>,
}

impl Sources {
    /// Of resources that name no account these are the limits.
    #[must_use]
    pub fn new(default: Limits) -> Self {
        Self { default, others: BTreeMap::new() }
    }

    /// The controller's own role, which is in the default account.
    #[must_use]
    pub fn run_by(mut self, own: Own) -> Self {
        self.default.own = own;
        self
    }

    /// Another account, in which resources may be that are pinned to it.
    #[must_use]
    pub fn with(mut self, limits: Limits) -> Self {
        self.others.insert(limits.account.id, limits);
        self
    }

    /// The limits of resources that name no account.
    #[must_use]
    pub fn default_limits(&self) -> &Limits {
        &self.default
    }

    /// The limits in one account; those of the default one where it is not kept.
    #[must_use]
    pub fn of(&self, account: AccountId) -> &Limits {
        self.others.get(&account).unwrap_or(&self.default)
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Limits> {
        std::iter::once(&self.default).chain(self.others.values())
    }
}

/// The limits that hold for a resource. One that is pinned to an account which is not kept has
/// those of the default account, in which it is then refused.
#[must_use]
pub fn resolve<'a>(resource: &Resource, sources: &'a Sources) -> &'a Limits {
    let pinned = resource.status.account_id.as_deref().and_then(|id| id.parse().ok());
    pinned.map_or(&sources.default, |id: AccountId| sources.of(id))
}

#[cfg(test)]
mod tests {
    use iam::account::Account;

    use super::*;
    use crate::plan::tests::samples::{limits, resource};

    #[test]
    fn a_resource_has_the_limits_of_the_account_that_it_is_pinned_to() {
        let other = Account::new("210987654321", "aws-cn").unwrap();
        let sources = Sources::new(limits()).with(Limits { account: other, ..limits() });
        let of = |pinned: Option<&str>| {
            let mut resource = resource("{}");
            resource.status.account_id = pinned.map(str::to_owned);
            resolve(&resource, &sources).account.id.to_string()
        };
        assert_eq!(of(None), "123456789012");
        assert_eq!(of(Some("123456789012")), "123456789012");
        assert_eq!(of(Some("210987654321")), "210987654321");
        assert_eq!(of(Some("999999999999")), "123456789012", "refused there");
        assert_eq!(of(Some("nonsense")), "123456789012");
    }
}
