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
        "Calls that AWS refused because the account's call budget was spent.";
    aws_call_duration: Histogram in "seconds", ["account", "action"],
        "Time from sending a call to AWS to its answer; waiting for the own pace is not in it.";
    reconcile_duration: Histogram in "seconds", ["result"],
        "Time that passes over one resource took; the count by result is that of the passes.";
    retries: Counter, ["reason"],
        "Passes after which the resource is tried again, by what kept them from their end.";
    queue_depth: Gauge, [],
        "Resources that are due and wait for their turn.";
    queue_oldest: Gauge in "seconds", [],
        "How long the resource has waited for its turn that has waited longest; 0 when none waits.";
    deletions_pending: Gauge, [],
        "Resources that are being deleted and held by the controller or somebody else.";
    resource_ready: Gauge, ["resource_namespace", "resource"],
        "1 for a resource that is ready, 0 for one that is not; only with --resource-metrics.";
    resource_expiry_timestamp: Gauge in "seconds", ["resource_namespace", "resource"],
        "When the lifetime of a resource ends, in seconds since 1970; only with \
         --resource-metrics.";
    resources: Gauge, ["condition", "status", "reason"],
        "Resources by condition, as their status has it; one without status is Ready Unknown.";
    roles_expiring: Gauge, ["within_seconds"],
        "Roles whose lifetime ends within so many seconds; each bucket includes the shorter ones, \
         and 0 is overdue, whatever keeps the role.";
    drift: Counter, ["part"],
        "Parts of roles that were changed behind the controller's back, as a point read confirmed.";
    corrections: Counter, ["part"],
        "Parts of roles that were made equal to the resource again.";
    refusals: Counter, ["reason"],
        "Resources that the controller or AWS refused; the same refusal again is not counted \
         again.";
    removals: Counter, ["cause"],
        "Roles that were removed from AWS.";
    relists: Counter, ["cause"],
        "Lists of the resources that were read anew because the watch had missed something, by \
         what showed it.";
    sweeps: Counter, ["account", "result"],
        "Sweeps of an account, by how they ended.";
    sweep_last_success_timestamp: Gauge in "seconds", ["account"],
        "When the last complete sweep ended, in seconds since 1970; 0 before the first.";
    drift_unseen: Gauge, ["account"],
        "1 while drift is not seen, because sweeps of the account have failed for longer than \
         three intervals.";
    sweep_duration: Histogram in "seconds", ["account"],
        "Time that complete sweeps of an account took.";
    sweep_roles: Gauge, ["account"],
        "Roles in an account, as the last complete sweep saw it, whoever owns them.";
    unclaimed_roles: Gauge, ["account"],
        "Roles of this installation whose resource is not there, as two sweeps in a row saw them; \
         they are left as they are.";
    clock_offset: Gauge in "seconds", ["account"],
        "How far the controller's clock is ahead of AWS's, by the Date of AWS's last answer; \
         beyond 300 either way no lifetime ends.";
    other_account: Gauge, ["account"],
        "1 while the credentials are of another account than the one whose roles are kept: nothing \
         is written then.";
    role_quota: Gauge, ["account"],
        "How many roles the account may have, as --role-quota says.";
    kubernetes_requests: Counter, ["method", "code"],
        "Requests to the API server, by HTTP method, WATCH among them, and by status code, or none \
         without an answer.";
    panics: Counter, ["place"],
        "Mistakes of rolewright that ended a pass or a sweep; each is in the log.";
    leader: Gauge, [],
        "1 when this process writes, 0 when it stands by.";
    build_info: Gauge, ["version"],
        "Always 1; the label tells which rolewright this is.";
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
