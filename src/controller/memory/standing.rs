//! The conditions of one resource, small enough to be kept for each.

use crate::api::{RoleStatus, condition, reason};

/// The conditions of one resource, as its status has them. Small: the index keeps one for each
/// resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All conditions are said for one reason; empty before the first report.
    pub reason: &'static str,
    ready: State,
    synced: State,
    reconciling: bool,
    stalled: bool,
    expired: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unknown,
    True,
    False,
}

impl State {
    fn of(status: &RoleStatus, type_: &str) -> Self {
        match status
            .conditions
            .iter()
            .find(|condition| condition.type_ == type_)
            .map(|found| found.status.as_str())
        {
            Some("True") => Self::True,
            Some("False") => Self::False,
            _ => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::True => "True",
            Self::False => "False",
        }
    }
}

impl Standing {
    /// As the status says.
    #[must_use]
    pub fn of(status: &RoleStatus) -> Self {
        let is_true = |type_| State::of(status, type_) == State::True;
        Self {
            reason: status
                .conditions
                .first()
                .map(|ready| reason::constant(&ready.reason))
                .unwrap_or_default(),
            ready: State::of(status, condition::READY),
            synced: State::of(status, condition::SYNCED),
            reconciling: is_true(condition::RECONCILING),
            stalled: is_true(condition::STALLED),
            expired: is_true(condition::EXPIRED),
        }
    }

    /// Type and status of the conditions that are there.
    pub fn conditions(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let present = |type_, there: bool| there.then_some((type_, State::True.name()));
        [
            Some((condition::READY, self.ready.name())),
            Some((condition::SYNCED, self.synced.name())),
            present(condition::RECONCILING, self.reconciling),
            present(condition::STALLED, self.stalled),
            present(condition::EXPIRED, self.expired),
        ]
        .into_iter()
        .flatten()
    }
}
