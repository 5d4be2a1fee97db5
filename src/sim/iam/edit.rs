//! The hand of the test behind the controller's back: other people's changes to the account, and a
//! look at its truth.
//!
//! Nothing here is logged, meets a fault or is held to quotas. The principals of a trust policy
//! become ids as they would in AWS; those that don't exist are kept as written.

#![allow(
    clippy::must_use_candidate,
    reason = "a test that knows its own set-up need not look at the answer"
)]

use jiff::Timestamp;
use serde_json::Value;

use crate::ports::Clock;
use crate::sim::{
    FakeIam,
    iam::{
        State,
        account::Account,
        account::everything,
        role::{History, RoleState},
    },
};

impl FakeIam {
    /// With `true` a write to a role to which another one is in flight is answered with
    /// `ConcurrentModification`.
    pub fn one_at_a_time(&self, one: bool) {
        self.lock().flight.one_at_a_time = one;
    }

    /// With `true` each write takes up to 20 ms to arrive, at random: those in flight at the same
    /// time land in any order.
    pub fn any_order(&self, any: bool) {
        self.lock().flight.any_order = any;
    }

    /// Account id.
    #[must_use]
    pub fn account_id(&self) -> String {
        self.lock().account.id.clone()
    }

    /// ARN that a role of this path and name has.
    #[must_use]
    pub fn role_arn(&self, path: &str, name: &str) -> String {
        self.lock().account.role_arn(path, name)
    }

    /// Puts a role into the account, in place of one of that name, and returns its id. An empty id
    /// means a new one, the Unix epoch as creation time means now.
    pub fn put_role(&self, role: RoleState) -> String {
        let now = self.clock.now();
        let account = &mut self.lock().account;
        let mut role = RoleState { trust: stored(account, &role.trust), ..role };
        if role.role_id.is_empty() {
            role.role_id = account.principals.new_id("AROA");
        }
        if role.created == Timestamp::UNIX_EPOCH {
            role.created = now;
        }
        let id = role.role_id.clone();
        account.put(role, now);
        id
    }

    /// A role as it is now, whatever reads show; its trust as AWS would show it, not encoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<RoleState> {
        let state = self.lock();
        let role = state.account.current(name)?;
        Some(shown(&state, role))
    }

    /// All roles as they are now, by name in lower case.
    #[must_use]
    pub fn roles(&self) -> Vec<RoleState> {
        let state = self.lock();
        state
            .account
            .roles
            .values()
            .filter_map(History::current)
            .map(|role| shown(&state, role))
            .collect()
    }

    /// Removes a role with everything on it; false when there is none.
    pub fn remove(&self, name: &str) -> bool {
        let now = self.clock.now();
        let account = &mut self.lock().account;
        let there = account.current(name).is_some();
        account.forget(name, now);
        there
    }

    /// Changes a role in any way, reserved ones too; false when there is none. Name and id stay;
    /// what `edit` answers is dropped.
    pub fn edit<T>(&self, name: &str, edit: impl FnOnce(&mut RoleState) -> T) -> bool {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(before) = state.account.current(name).cloned() else { return false };
        let view = shown(&state, &before);
        let mut after = view.clone();
        edit(&mut after);
        let trust = if after.trust == view.trust {
            before.trust
        } else {
            stored(&mut state.account, &after.trust)
        };
        let after = RoleState { trust, name: before.name, role_id: before.role_id, ..after };
        state.account.put(after, now);
        true
    }

    /// Replaces the trust policy; any text.
    pub fn set_trust(&self, name: &str, trust: &str) -> bool {
        self.edit(name, |role| trust.clone_into(&mut role.trust))
    }

    /// Sets or removes the boundary.
    pub fn set_boundary(&self, name: &str, arn: Option<&str>) -> bool {
        self.edit(name, |role| role.boundary = arn.map(ToOwned::to_owned))
    }

    /// Sets or removes the description.
    pub fn set_description(&self, name: &str, description: Option<&str>) -> bool {
        self.edit(name, |role| role.description = description.map(ToOwned::to_owned))
    }

    /// Sets the session duration in seconds.
    pub fn set_max_session(&self, name: &str, seconds: i32) -> bool {
        self.edit(name, |role| role.max_session = seconds)
    }

    /// Puts an inline policy; any text.
    pub fn put_inline(&self, name: &str, policy: &str, document: &str) -> bool {
        self.edit(name, |role| role.inline.insert(policy.to_owned(), document.to_owned()))
    }

    /// Deletes an inline policy.
    pub fn delete_inline(&self, name: &str, policy: &str) -> bool {
        self.edit(name, |role| role.inline.remove(policy))
    }

    /// Attaches a managed policy.
    pub fn attach(&self, name: &str, arn: &str) -> bool {
        self.edit(name, |role| role.attached.insert(arn.to_owned()))
    }

    /// Detaches a managed policy.
    pub fn detach(&self, name: &str, arn: &str) -> bool {
        self.edit(name, |role| role.attached.remove(arn))
    }

    /// Sets a tag; a key that differs only in letter case is replaced.
    pub fn tag(&self, name: &str, key: &str, value: &str) -> bool {
        self.edit(name, |role| role.set_tag(key, value))
    }

    /// Removes a tag, by key without letter case.
    pub fn untag(&self, name: &str, key: &str) -> bool {
        self.edit(name, |role| role.remove_tag(key))
    }

    /// Puts the role into an instance profile.
    pub fn add_instance_profile(&self, profile: &str, role: &str) -> bool {
        self.edit(role, |role| role.instance_profiles.insert(profile.to_owned()))
    }

    /// Takes the role out of an instance profile.
    pub fn remove_instance_profile(&self, profile: &str, role: &str) -> bool {
        self.edit(role, |role| role.instance_profiles.remove(profile))
    }

    /// Creates a customer-managed policy (name with an optional path) and returns its ARN.
    pub fn add_policy(&self, name: &str) -> String {
        let account = &mut self.lock().account;
        let arn = format!("arn:{}:iam::{}:policy/{name}", account.partition, account.id);
        account.policies.insert(arn.clone(), vec![everything("Allow")]);
        arn
    }

    /// Creates an OIDC provider, by host and path, or gives it these client ids.
    pub fn add_oidc_provider(&self, name: &str, clients: &[&str]) {
        let account = &mut self.lock().account;
        let arn = format!("arn:{}:iam::{}:oidc-provider/{name}", account.partition, account.id);
        account.oidc_providers.insert(arn, clients.iter().map(|id| (*id).to_owned()).collect());
    }

    /// Deletes an OIDC provider.
    pub fn remove_oidc_provider(&self, name: &str) {
        let account = &mut self.lock().account;
        let arn = format!("arn:{}:iam::{}:oidc-provider/{name}", account.partition, account.id);
        account.oidc_providers.remove(&arn);
    }

    /// Creates a SAML provider.
    pub fn add_saml_provider(&self, name: &str) {
        let account = &mut self.lock().account;
        let arn = format!("arn:{}:iam::{}:saml-provider/{name}", account.partition, account.id);
        account.saml_providers.insert(arn);
    }

    /// Gives a managed policy another version, which counts from now on.
    pub fn policy_holds(&self, arn: &str, document: &str) {
        let account = &mut self.lock().account;
        account.policies.entry(arn.to_owned()).or_default().push(document.to_owned());
    }

    /// Deletes a managed policy; false when there is none, or a role has it attached or as its
    /// boundary.
    pub fn remove_policy(&self, arn: &str) -> bool {
        let account = &mut self.lock().account;
        let mut roles = account.roles.values().filter_map(History::current);
        let used =
            roles.any(|role| role.attached.contains(arn) || role.boundary.as_deref() == Some(arn));
        !used && account.policies.remove(arn).is_some()
    }

    /// Creates an IAM user (name with an optional path) and returns its ARN.
    pub fn add_user(&self, name: &str) -> String {
        let account = &mut self.lock().account;
        let arn = format!("arn:{}:iam::{}:user/{name}", account.partition, account.id);
        let id = account.principals.new_id("AIDA");
        account.principals.insert(&id, &arn);
        arn
    }

    /// Deletes a user, or a role or user of another account: trust policies that name it show its
    /// bare id from now on, and naming it anew is refused. Roles and users of other accounts exist
    /// until they are removed so.
    pub fn remove_principal(&self, arn: &str) {
        self.lock().account.principals.remove(arn);
    }

    /// Brings a user, or a role or user of another account, back under a new id.
    pub fn recreate_principal(&self, arn: &str) {
        let account = &mut self.lock().account;
        account.principals.remove(arn);
        let id = account.principals.new_id(if arn.contains(":user/") { "AIDA" } else { "AROA" });
        account.principals.insert(&id, arn);
    }

    /// Makes all that has happened visible to lagging reads.
    pub fn settle(&self) {
        self.lock().account.roles.values_mut().for_each(History::settle);
    }
}

fn shown(state: &State, role: &RoleState) -> RoleState {
    RoleState { trust: state.account.principals.show_trust(&role.trust, None), ..role.clone() }
}

fn stored(account: &mut Account, trust: &str) -> String {
    let parsed = serde_json::from_str::<Value>(trust).ok();
    parsed
        .and_then(|policy| account.principals.store_trust(policy, true).ok())
        .unwrap_or_else(|| trust.to_owned())
}
