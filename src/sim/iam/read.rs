//! How IAM shows what it has. Source: the IAM API reference on `GetRole`, `ListRoles` and
//! `GetAccountAuthorizationDetails`.

use std::{fmt::Write, ops::Bound, sync::Arc};

use jiff::Timestamp;

use crate::plan::form::observed::{Page, RoleDetail, RoleRecord, RoleSummary};
use crate::sim::iam::{
    State,
    role::RoleState,
    rules::{Refusal, percent_encode},
};

impl State {
    /// The role as it was at `at`.
    pub(super) fn seen(&self, name: &str, at: Timestamp) -> Option<Arc<RoleState>> {
        self.account.roles.get(&name.to_lowercase()).and_then(|history| history.at(at)).cloned()
    }

    /// The answer of `GetRole`.
    pub(super) fn record(&mut self, role: &RoleState) -> RoleRecord {
        let rng = if self.reading.shuffle_trust { Some(&mut self.rng) } else { None };
        RoleRecord {
            name: role.name.as_str().into(),
            path: role.path.clone(),
            arn: self.account.role_arn(&role.path, &role.name),
            role_id: role.role_id.as_str().into(),
            created: role.created,
            trust: percent_encode(&self.account.principals.show_trust(&role.trust, rng)),
            description: role.description.clone(),
            max_session: Some(role.max_session),
            boundary: role.boundary.clone(),
            tags: role.shown_tags(),
        }
    }

    /// An item of `GetAccountAuthorizationDetails`.
    pub(super) fn detail(&mut self, role: &RoleState) -> RoleDetail {
        let mut record = RoleRecord { description: None, max_session: None, ..self.record(role) };
        record.boundary = record.boundary.filter(|_| !self.reading.hide_boundaries);
        RoleDetail {
            role: record,
            attached: role.attached.clone(),
            inline: role
                .inline
                .iter()
                .map(|(name, text)| (name.clone(), percent_encode(text)))
                .collect(),
            profiles: role.instance_profiles.iter().cloned().collect(),
        }
    }

    /// An item of `ListRoles`.
    pub(super) fn summary(_: &mut Self, role: &RoleState) -> RoleSummary {
        RoleSummary {
            name: role.name.as_str().into(),
            role_id: role.role_id.as_str().into(),
            description: role.description.clone(),
            max_session: Some(role.max_session),
        }
    }

    /// One page of all roles, each page as of its own moment: pages are not a snapshot.
    pub(super) fn page<T>(
        &mut self,
        marker: Option<&str>,
        now: Timestamp,
        show: impl Fn(&mut Self, &RoleState) -> T,
    ) -> Result<Page<T>, Refusal> {
        let after = marker.map(read_marker).transpose()?;
        let at = self.horizon(self.reading.bulk_lag, now);
        let size = if self.reading.short_pages {
            self.rng.usize(1..=self.reading.page_size)
        } else {
            self.reading.page_size
        };
        let visible = |(key, history): (&String, &crate::sim::iam::role::History)| {
            history.at(at).map(|role| (key.clone(), Arc::clone(role)))
        };
        let rest = self
            .account
            .roles
            .range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        let mut roles: Vec<_> = rest.filter_map(visible).take(size + 1).collect();
        let more = roles.len() > size;
        roles.truncate(size);
        let again = marker.filter(|_| self.reading.circle).map(str::to_owned);
        let next = roles.last().filter(|_| more).map(|(key, _)| again.unwrap_or(write_marker(key)));
        Ok(Page { items: roles.iter().map(|(_, role)| show(self, role)).collect(), next })
    }
}

/// Opaque to the caller; it stays good when the role that it stands for is removed.
fn write_marker(key: &str) -> String {
    key.bytes().fold("M".to_owned(), |mut marker, byte| {
        // Writing to a string can't fail.
        let _ = write!(marker, "{byte:02x}");
        marker
    })
}

fn read_marker(marker: &str) -> Result<String, Refusal> {
    let digits = marker.strip_prefix('M').filter(|digits| digits.len() % 2 == 0).map(str::as_bytes);
    let bytes = digits.and_then(|digits| {
        let pairs = digits.chunks(2).map(|pair| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        });
        pairs.collect::<Option<Vec<u8>>>()
    });
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::invalid(format!("Invalid Marker: {marker}")))
}
