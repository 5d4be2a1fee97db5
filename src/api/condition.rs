//! Types of conditions, and how one stands. Their reasons are in [`super::reason`].

/// Always present: the summary.
pub const READY: &str = "Ready";
/// AWS equals the resource.
pub const SYNCED: &str = "Synced";
/// Abnormal-true: work is going on or will be tried again by itself.
pub const RECONCILING: &str = "Reconciling";
/// Abnormal-true: nothing will change until somebody changes something. Some of it is tried again
/// all the same, now and then.
pub const STALLED: &str = "Stalled";
/// The lifetime is over.
pub const EXPIRED: &str = "Expired";

/// Each type that is ours, with what it says; in the order in which they stand in status. All
/// others belong to other managers.
pub const ALL: [(&str, &str); 5] = [
    (READY, "Always present, the summary: `True` when the role is as the resource says."),
    (SYNCED, "`True` when AWS equals the resource."),
    (RECONCILING, "`True` while work goes on or will be tried again by itself; absent otherwise."),
    (
        STALLED,
        "`True` when nothing will change until somebody changes something; absent otherwise.",
    ),
    (EXPIRED, "`True` when the lifetime is over; absent otherwise."),
];

/// Types that each resource has: where one is absent, nothing was reported yet.
pub const ALWAYS: [&str; 2] = [READY, SYNCED];

/// Whether a type is ours.
#[must_use]
pub fn is_ours(type_: &str) -> bool {
    ALL.iter().any(|(ours, _)| *ours == type_)
}

/// How a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// The word in `status`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    /// What a word in `status` means.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}
