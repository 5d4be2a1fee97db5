//! A role as the account keeps it, and what it was before: reads show the past when a lag is set.

use iam::tag::Tags;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

/// A role with everything on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleState {
    /// Name in the letter case in which it was created.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// Unique id (`AROA…`); empty in a role that has not been put into an account.
    pub role_id: String,
    /// Time of creation; the Unix epoch in a role that has not been put into an account.
    pub created: Timestamp,
    /// Trust policy, plain JSON. [`FakeIam`](crate::sim::FakeIam) shows principals as ARNs; the
    /// account itself keeps ids.
    pub trust: String,
    /// Absent when unset.
    pub description: Option<String>,
    /// Seconds.
    pub max_session: i32,
    /// Policy ARN.
    pub boundary: Option<String>,
    /// Tags with their keys as stored; no two keys differ only in letter case.
    pub tags: BTreeMap<String, String>,
    /// Inline policies by name; plain text.
    pub inline: BTreeMap<String, String>,
    /// ARNs of the attached managed policies.
    pub attached: BTreeSet<String>,
    /// Names of the instance profiles that hold the role.
    pub instance_profiles: BTreeSet<String>,
}

impl RoleState {
    /// A bare role that EC2 may assume, with AWS's own defaults, for
    /// [`FakeIam::put_role`](crate::sim::FakeIam::put_role).
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            role_id: String::new(),
            created: Timestamp::UNIX_EPOCH,
            trust: concat!(
                r#"{"Statement":{"Action":"sts:AssumeRole","Effect":"Allow","#,
                r#""Principal":{"Service":"ec2.amazonaws.com"}},"Version":"2012-10-17"}"#
            )
            .to_owned(),
            description: None,
            max_session: 3600,
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            instance_profiles: BTreeSet::new(),
        }
    }

    /// Value of a tag, by key without letter case.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(stored, _)| stored.to_lowercase() == key.to_lowercase())
            .map(|(_, value)| value.as_str())
    }

    /// Its tags as a read shows them.
    pub(super) fn shown_tags(&self) -> Tags {
        self.tags.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect()
    }

    /// Sets a tag; it takes the place of one whose key differs only in letter case.
    pub(super) fn set_tag(&mut self, key: &str, value: &str) {
        self.remove_tag(key);
        self.tags.insert(key.to_owned(), value.to_owned());
    }

    /// Removes a tag, by key without letter case.
    pub(super) fn remove_tag(&mut self, key: &str) {
        self.tags.retain(|stored, _| stored.to_lowercase() != key.to_lowercase());
    }
}

/// All states that one role name has had, oldest first; `None` where there was no such role.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Vec<(Timestamp, Option<Arc<RoleState>>)>);

impl History {
    /// The newest state: what writes see.
    pub(super) fn current(&self) -> Option<&Arc<RoleState>> {
        self.0.last().and_then(|(_, state)| state.as_ref())
    }

    /// The state that held at `time`.
    pub(super) fn at(&self, time: Timestamp) -> Option<&Arc<RoleState>> {
        self.0.iter().rev().find(|(since, _)| *since <= time).and_then(|(_, state)| state.as_ref())
    }

    /// A new state from `now` on.
    pub(super) fn set(&mut self, now: Timestamp, state: Option<RoleState>) {
        self.0.retain(|(since, _)| *since < now);
        self.0.push((now, state.map(Arc::new)));
    }

    /// Forgets the past: the newest state is as if it had always been.
    pub(super) fn settle(&mut self) {
        if let Some((_, state)) = self.0.pop() {
            self.0 = vec![(Timestamp::MIN, state)];
        }
    }
}
