//! The table of metrics, and the registry that is made of it. Values of labels that are known
//! beforehand begin at zero.

use prometheus_client::registry::Registry;

use super::{
    Asked,
    family::{Counter, Gauge, Histogram, MetricKind, Row},
};
use crate::plan::{form::observed::RolePart, say::verdict};

/// Declares a field for each metric, the table of all of them in the same order, and the registry.
macro_rules! metrics {
    (@unit) => { None };
    (@unit $unit:literal) => { Some($unit) };
    (@row $name:ident: $kind:ident ($($unit:literal)?), [$($label:literal),*], $help:literal) => {
        Row {
            stem: stringify!($name),
            kind: MetricKind::$kind,
            unit: metrics!(@unit $($unit)?),
            labels: &[$($label),*],
            help: $help,
        }
    };
    ($($name:ident: $kind:ident $(in $unit:literal)?, [$($label:literal),*], $help:literal;)+) => {
        /// All metrics of the process.
        pub struct Metrics {
            $(
                #[doc = $help]
                pub $name: $kind<{ <[&str]>::len(&[$($label),*]) }>,
            )+
            pub(super) registry: Registry,
            pub(super) asked: Asked,
        }

        /// Every metric, in the order of the page.
        pub const TABLE: &[Row] = &[$(metrics!(@row $name: $kind ($($unit)?), [$($label),*],
            $help)),+];

        impl Metrics {
            fn registered() -> Self {
                let mut registry = Registry::with_prefix("rolewright");
                Self {
                    $(
                        $name: $kind::register(
                            &mut registry,
                            &metrics!(@row $name: $kind ($($unit)?), [$($label),*], $help),
                        ),
                    )+
                    registry,
                    asked: Asked::default(),
                }
            }
        }
    };
}

metrics! {
    aws_calls: Counter, ["account", "action", "outcome"],
        "Calls to AWS, by how they ended.";
    aws_throttles: Counter, ["account", "action"],
        "Calls that AWS throttled.";
    aws_call_duration: Histogram in "seconds", ["account", "action"],
        "Time from sending a call to AWS to its answer, without waiting for the controller's own \
         rate limit.";
    reconcile_duration: Histogram in "seconds", ["result"],
        "Duration of the passes over one resource; its count is the number of passes.";
    retries: Counter, ["reason"],
        "Passes after which the resource is retried, by the cause.";
    queue_depth: Gauge, [],
        "Resources that are due and wait for their turn.";
    queue_oldest: Gauge in "seconds", [],
        "Longest time that a due resource has waited for its turn; 0 when none waits.";
    deletions_pending: Gauge, [],
        "Resources in deletion that still have a finalizer.";
    resource_ready: Gauge, ["resource_namespace", "resource"],
        "1 for a resource that is ready, 0 for one that is not; only with --resource-metrics.";
    resource_expiry_timestamp: Gauge in "seconds", ["resource_namespace", "resource"],
        "When the lifetime of a resource ends, in seconds since 1970; only with \
         --resource-metrics.";
    resources: Gauge, ["condition", "status", "reason"],
        "Resources by condition in their status; one without status counts as Ready Unknown.";
    roles_expiring: Gauge, ["within_seconds"],
        "Roles whose lifetime ends within this number of seconds; each bucket includes the \
         shorter ones, and 0 is overdue, for whatever cause.";
    drift: Counter, ["part"],
        "Parts of roles that others changed, as a read of the role confirmed.";
    corrections: Counter, ["part"],
        "Parts of roles whose drift was reverted.";
    refusals: Counter, ["reason"],
        "Resources that the controller or AWS rejected; a repeated rejection counts once.";
    removals: Counter, ["cause"],
        "Roles that were deleted from AWS.";
    relists: Counter, ["cause"],
        "Times that all resources were listed again because the watch had missed changes, by how \
         that was noticed.";
    sweeps: Counter, ["account", "result"],
        "Sweeps of an account, by how they ended.";
    sweep_last_success_timestamp: Gauge in "seconds", ["account"],
        "When the last complete sweep ended, in seconds since 1970; 0 before the first.";
    drift_unseen: Gauge, ["account"],
        "1 while drift goes unnoticed, because sweeps of the account have failed for longer than \
         three intervals.";
    sweep_duration: Histogram in "seconds", ["account"],
        "Duration of complete sweeps of an account.";
    sweep_roles: Gauge, ["account"],
        "Roles in the account at the last complete sweep, whoever owns them.";
    unclaimed_roles: Gauge, ["account"],
        "Roles of this installation without a resource in two consecutive sweeps; they are not \
         changed.";
    clock_offset: Gauge in "seconds", ["account"],
        "How far the controller's clock is ahead of AWS's, by the Date of AWS's last answer; \
         beyond 300 either way no lifetime ends.";
    other_account: Gauge, ["account"],
        "1 while the credentials belong to another account than the managed roles; nothing is \
         written then.";
    role_quota: Gauge, ["account"],
        "Number of roles that the account may have, from --role-quota.";
    kubernetes_requests: Counter, ["method", "code"],
        "Requests to the API server, by HTTP method, WATCH among them, and by status code, or none \
         without an answer.";
    panics: Counter, ["place"],
        "Bugs of rolewright that ended a pass or a sweep; each is in the log.";
    leader: Gauge, [],
        "1 when this process leads and writes, 0 when it waits.";
    build_info: Gauge, ["version"],
        "Always 1; the label is the version of rolewright.";
}

/// Why a role was removed.
pub(super) const CAUSES: [&str; 2] = ["deleted", "expired"];
/// What showed that the watch had missed something.
pub const MISSED: [&str; 3] = ["revision", "lease", "comparison"];
/// How a sweep ended.
pub(super) const SWEEPS: [&str; 3] = ["complete", "failed", "panicked"];

/// What can panic and be survived.
pub(super) const PLACES: [&str; 2] = ["pass", "sweep"];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// An account is kept: from here on its sweeps are counted.
    pub fn keeps(&self, account: &str) {
        for result in SWEEPS {
            self.sweeps.begin([account, result]);
        }
        self.sweep_last_success_timestamp.set([account], 0);
        self.sweep_roles.set([account], 0);
        self.unclaimed_roles.set([account], 0);
        self.drift_unseen.set([account], 0);
        self.clock_offset.set([account], 0);
        self.other_account.set([account], 0);
    }

    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self::registered();
        for part in RolePart::CLASSES {
            metrics.drift.begin([part]);
            metrics.corrections.begin([part]);
        }
        for reason in verdict::REFUSALS {
            metrics.refusals.begin([reason]);
        }
        for place in PLACES {
            metrics.panics.begin([place]);
        }
        for cause in CAUSES {
            metrics.removals.begin([cause]);
        }
        for cause in MISSED {
            metrics.relists.begin([cause]);
        }
        metrics.build_info.set([env!("CARGO_PKG_VERSION")], 1);
        metrics
    }
}
